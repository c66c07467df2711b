"""What the fuzzer once found still harms no parser, under the sanitizers; nor do changed copies."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.agent.conftest import IMAGE
from tests.selection.sample import HOW_TO_REPEAT, SEED, size

COPIES = size(whole=10_000, sample=200)
CORPUS = sorted((Path(__file__).parent / "fuzz" / "corpus").iterdir())


def test_the_corpus_and_changed_copies_harm_no_parser() -> None:
    replay = IMAGE / "build" / "fuzz" / "replay"
    subprocess.run(["make", "--quiet", "-C", str(IMAGE), "build/fuzz/replay"], check=True)

    progress = subprocess.run(
        [str(replay), str(SEED), str(COPIES), *map(str, CORPUS)],
        capture_output=True,
        text=True,
        check=False,
    )

    print(f"{progress.stdout.strip()} ({HOW_TO_REPEAT}); the fuzzer itself: make fuzz")
    assert progress.returncode == 0, progress.stderr
    assert progress.stdout == f"{len(CORPUS) * (COPIES + 1)} inputs\n"


def test_the_replay_finds_a_parser_that_writes_too_far(tmp_path: Path) -> None:
    image = shutil.copytree(IMAGE, tmp_path / "image", ignore=shutil.ignore_patterns("build"))
    shutil.copytree(Path(__file__).parent / "fuzz", tmp_path / "tests" / "agent" / "fuzz")
    source = image / "src" / "steer" / "commands.c"
    bound = "commands->length + 1 < sizeof(line)"
    assert bound in source.read_text()
    source.write_text(source.read_text().replace(bound, "commands->length < 100000"))
    subprocess.run(["make", "--quiet", "-C", str(image), "build/fuzz/replay"], check=True)

    ended = subprocess.run(
        [str(image / "build" / "fuzz" / "replay"), "1", "0", *map(str, CORPUS)],
        capture_output=True,
        check=False,
    )

    assert ended.returncode != 0
