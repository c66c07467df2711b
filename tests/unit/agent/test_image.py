"""Which image a version names, and how a release pins it."""

import subprocess
from pathlib import Path

import pytest

from kubectl_stress import __version__
from kubectl_stress.agent.image import DEFAULT_IMAGE, REPOSITORY, reference

ROOT = Path(__file__).parents[3]
DIGEST = f"sha256:{'0123456789abcdef' * 4}"


def test_the_default_image_is_that_of_the_version() -> None:
    assert DEFAULT_IMAGE.startswith(f"{REPOSITORY}:{__version__}")


def test_a_known_digest_stands_behind_the_tag() -> None:
    assert reference("r/agent", "1.0", "") == "r/agent:1.0"
    assert reference("r/agent", "1.0", DIGEST) == f"r/agent:1.0@{DIGEST}"


def pin(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "scripts" / "pin-image"), *words], capture_output=True, text=True
    )


def test_a_release_writes_its_digest_into_the_source(tmp_path: Path) -> None:
    source = tmp_path / "image.py"
    source.write_text((ROOT / "kubectl_stress" / "agent/image.py").read_text())

    assert pin(DIGEST, str(source)).returncode == 0

    values: dict[str, str] = {}
    exec(source.read_text(), values)
    assert values["DEFAULT_IMAGE"] == f"{REPOSITORY}:{__version__}@{DIGEST}"


@pytest.mark.parametrize("words", [(), ("latest",), ("sha256:12",)])
def test_what_is_no_digest_is_not_written(words: tuple[str, ...]) -> None:
    done = pin(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert "digest" in done.stderr.lower()
