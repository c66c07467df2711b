"""Measure the level loop: an app that moves, one that reads files, and a level near the limit.

Everything is read from the cgroup's own files, never from what the agent says. Needs root and a
writable memory cgroup.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cgroup import KIB, MIB, Cgroup

LIMIT = 512 * MIB
RATE = LIMIT // 20  # the app's, a second
SETTLED = (os.cpu_count() or 1) * 256 * KIB + 64 * KIB  # the kernel's stock of each CPU, and a step
MOVING = int(RATE * 0.15) + 512 * KIB
START = MIB
_READ_EVERY_SECONDS = 0.01
_APP = [sys.executable, str(Path(__file__).with_name("app.py"))]


@dataclass
class Reading:
    """The level at one moment."""

    at: float
    usage: int
    working_set: int


class Watch:
    """Reads the cgroup's files on and on, in a thread of its own."""

    def __init__(self, cgroup: Cgroup) -> None:
        self.readings: list[Reading] = []
        self._cgroup = cgroup
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _read(self) -> None:
        while not self._over.wait(_READ_EVERY_SECONDS):
            usage = self._cgroup.usage_bytes()
            cache = self._cgroup.inactive_file_bytes()
            self.readings.append(Reading(time.monotonic(), usage, max(usage - cache, 0)))

    def off(self, metric: str, level: int, begin: float, end: float) -> tuple[int, int]:
        """How far below and above the level it came in this time."""
        off = [getattr(r, metric) - level for r in self.readings if begin <= r.at <= end]
        return (min(off), max(off)) if off else (0, 0)


class App:
    """The app, inside of the cgroup."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def order(self, text: str) -> tuple[float, float]:
        """Have it do something, and wait until it stands still: from when to when."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        begin = time.monotonic()
        self._process.stdin.write(f"{text}\n".encode())
        self._process.stdin.flush()
        if self._process.stdout.readline() != b"done\n":
            raise SystemExit("the app is gone")
        return begin, time.monotonic()


def main() -> None:
    """Measure all cases, and say which bounds were kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--agent", required=True, type=Path)
    arguments = parser.parse_args()
    agent = arguments.agent.resolve()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        for metric in ("working_set", "usage"):
            _moving(agent, metric)
            _near_the_limit(agent, metric)
        _churn(agent, Path(folder))


@contextmanager
def _loaded(agent: Path, percent: float, metric: str) -> Iterator[tuple[Cgroup, App, Watch, int]]:
    """An app with a fifth of the limit, and the agent beside it, at its level for a second."""
    level = int(LIMIT * percent / 100)
    with Cgroup(LIMIT) as cgroup, cgroup.running(_APP, reads=True) as process:
        app = App(process)
        app.order(f"memory {LIMIT // 5} {LIMIT}")
        argv = [str(agent), "run", "mem", "--level", f"{percent}%"]
        argv += ["--level-metric", metric.replace("_", "-")]
        argv += ["--duration-ms", "600000", "--heartbeat-timeout-ms", "600000"]
        with Watch(cgroup) as watch, cgroup.running(argv):
            begin = time.monotonic()
            time.sleep(3)
            _, above = watch.off(metric, level, begin, begin + 2)
            print(
                f"start of {percent} % {metric}: at most {above / KIB:+.0f} KiB above the level,"
                f" bound {START // KIB} KiB: {_met(above <= START)}",
            )
            _judge("  settled", watch.off(metric, level, begin + 2, begin + 3), SETTLED)
            yield cgroup, app, watch, level
            print(f"  OOM kills: {cgroup.oom_kills()}: {_met(cgroup.oom_kills() == 0)}")


def _moving(agent: Path, metric: str) -> None:
    """The app grows and shrinks by a fifth of the limit, twice, by a twentieth a second."""
    with _loaded(agent, 75, metric) as (_, app, watch, level):
        for size in (LIMIT * 2 // 5, LIMIT // 5) * 2:
            begin, end = app.order(f"memory {size} {RATE}")
            time.sleep(2.5)
            _judge("  moving", watch.off(metric, level, begin, end), MOVING)
            _judge("  settled", watch.off(metric, level, end + 0.5, end + 2.5), SETTLED)


def _near_the_limit(agent: Path, metric: str) -> None:
    with _loaded(agent, 97, metric) as (_, app, watch, level):
        begin, end = app.order(f"memory {LIMIT // 5 + 16 * MIB} {RATE // 4}")
        time.sleep(2.5)
        moving = RATE // 4 * 0.15 + 512 * KIB
        _judge("  moving, a quarter as fast", watch.off(metric, level, begin, end), int(moving))
        _judge("  settled", watch.off(metric, level, end + 0.5, end + 2.5), SETTLED)


def _churn(agent: Path, folder: Path) -> None:
    """150 MiB of files, read over and over: pages move between the kernel's lists."""
    path = folder / "files"
    with path.open("wb") as file:
        for _ in range(150):
            file.write(os.urandom(MIB))
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # who reads it pays for it
    with _loaded(agent, 80, "working_set") as (_, app, watch, level):
        begin, end = app.order(f"files {path} 10")
        time.sleep(4)
        below, above = watch.off("working_set", level, begin, end)
        print(
            f"  while files are read: {below / MIB:+.1f} to {above / MIB:+.1f} MiB (told as it is)"
        )
        _judge("  settled, 2 s later", watch.off("working_set", level, end + 2, end + 4), SETTLED)


def _judge(what: str, off: tuple[int, int], bound: int) -> None:
    below, above = off
    kept = -bound <= below and above <= bound
    print(
        f"{what}: {below / KIB:+.0f} to {above / KIB:+.0f} KiB, bound {bound // KIB} KiB:"
        f" {_met(kept)}",
        flush=True,
    )


def _met(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


if __name__ == "__main__":
    main()
