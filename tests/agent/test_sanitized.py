"""One run of each kind under ASan and UBSan; `make sanitize` runs all tests of behaviour so."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.agent.conftest import IMAGE
from tests.agent.host import Agent

MIB = 1 << 20


@pytest.fixture(scope="module")
def sanitized() -> Path:
    subprocess.run(["make", "--quiet", "-C", str(IMAGE), "sanitized"], check=True)
    return IMAGE / "build" / "sanitized" / "agent"


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        (f"mem --size-bytes {32 * MIB} --dirty-bytes-per-s {MIB}", ("size 0", f"size {8 * MIB}")),
        (f"mem --size-bytes {8 * MIB} --workers 3 --kind shm --huge-pages", (f"size {MIB}",)),
        ("mem --size-bytes 8192 --steps-bytes 4096 --step-hold-ms 99", ("size 12288", "frob")),
        ("cpu --load-percent 3.5 --cpu-workers 2", ("load 0", "load 7")),
    ],
    ids=["anon", "shm", "steps", "cpu"],
)
def test_a_run_is_clean(sanitized: Path, arguments: str, commands: tuple[str, ...]) -> None:
    options = {"env": os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}}
    words = ("run", *arguments.split(), "--duration-ms", "600000")
    with Agent(sanitized, *words, target_pid=os.getpid(), **options) as run:
        run.until_phase("hold")
        run.until_type("processes")
        for command in commands:
            run.send(f"{command}\n".encode())
            run.until_type("sample")
        run.send(b"stop\n")
        bye = run.until_type("bye")
        assert run.process.stderr is not None

        assert (bye["reason"], run.exit_code()) == ("stopped", 0)
        assert run.process.stderr.read() == b""
