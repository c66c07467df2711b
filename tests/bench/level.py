"""How a memory level is held by the whole client: `python -m tests.bench.level`.

An app in the cgroup grows and shrinks by a fifth of its limit, twice, at a twentieth of the limit
a second, and then reads 150 MiB of files over and over. What is measured stands in the cgroup's
own files, never in what the agent says. The client speaks with a scripted API server; agent,
cgroup and limit are real (root).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.one_pod import MIB, OnePod, one_pod

KIB = 1024
LIMIT = 512 * MIB
RATE = LIMIT // 20
# The bounds of image/bench/level.py: the kernel's stock of each CPU and a step; 150 ms of the app.
SETTLED = (os.cpu_count() or 1) * 256 * KIB + 64 * KIB
MOVING = int(RATE * 0.15) + 512 * KIB
LEVELS = (70, 97)
_APP = Path(__file__).parents[2] / "image" / "bench" / "app.py"
_MILLICORES = 2000


class App:
    """The app inside of the cgroup, which does one order after another."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def order(self, text: str) -> tuple[float, float]:
        """Have it do something, and wait until it stands still: from when to when."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        began = time.monotonic()
        self._process.stdin.write(f"{text}\n".encode())
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer == b"done\n", "the app is gone"
        return began, time.monotonic()


class Watch:
    """Reads the working set a hundred times a second while the block goes on."""

    def __init__(self, pod: OnePod) -> None:
        self._pod, self._over = pod, threading.Event()
        self._seen: list[tuple[float, int]] = []
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _read(self) -> None:
        cgroup = self._pod.cgroup
        key = "inactive_file" if cgroup.version == 2 else "total_inactive_file"
        while not self._over.wait(0.01):
            size = max(0, cgroup.usage_bytes() - cgroup.stat(key))
            self._seen.append((time.monotonic(), size))

    def off(self, level: int, began: float, ended: float) -> tuple[int, int]:
        """How far below and above the level it came in this time."""
        found = [size - level for at, size in self._seen if began <= at <= ended]
        return min(found), max(found)


def main() -> int:
    """Print a row for each case; 1 where a bound was missed."""
    print(f"limit {LIMIT // MIB} MiB; KiB below and above the level")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        kept = [found for percent in LEVELS for found in _level(percent, Path(folder))]
    return 0 if all(kept) else 1


def _level(percent: int, folder: Path) -> Iterator[bool]:
    level = LIMIT * percent // 100
    with one_pod(LIMIT, _MILLICORES) as pod, _app(pod) as app, Watch(pod) as watch:
        app.order(f"memory {LIMIT // 5} {LIMIT}")
        words = ("mem", "web", f"--to={percent}%", "--duration=10m")
        with pod.client(*words) as running:
            running.wait_for("holding ")
            time.sleep(1)
            for size in (LIMIT * 2 // 5, LIMIT // 5) * 2:
                began, ended = app.order(f"memory {size} {RATE}")
                time.sleep(2.5)
                yield _judge(f"{percent}%, moving", watch.off(level, began, ended), MOVING)
                settled = watch.off(level, ended + 0.5, ended + 2.5)
                yield _judge(f"{percent}%, settled", settled, SETTLED)
            yield _churn(percent, level, app, watch, _files(folder))
        kills = pod.oom_kills()
        print(f"{percent}%, OOM kills: {kills}", flush=True)
        yield kills == 0


def _churn(percent: int, level: int, app: App, watch: Watch, files: Path) -> bool:
    began, ended = app.order(f"files {files} 10")
    time.sleep(4)
    below, above = watch.off(level, began, ended)
    what = f"{percent}%, while files are read"
    print(f"{what:28} {below / KIB:>+8.0f} to {above / KIB:>+7.0f}  (no bound: pages change lists)")
    settled = watch.off(level, ended + 2, ended + 4)
    return _judge(f"{percent}%, settled 2 s later", settled, SETTLED)


def _files(folder: Path) -> Path:
    """150 MiB that are not in the page cache: who reads them pays for them."""
    path = folder / "files"
    with path.open("wb") as file:
        for _ in range(150):
            file.write(os.urandom(MIB))
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return path


@contextmanager
def _app(pod: OnePod) -> Iterator[App]:
    pipe = subprocess.PIPE
    with pod.cgroup.start(sys.executable, str(_APP), stdin=pipe, stdout=pipe) as process:
        try:
            yield App(process)
        finally:
            process.kill()


def _judge(what: str, off: tuple[int, int], bound: int) -> bool:
    below, above = off
    is_met = -bound <= below and above <= bound
    print(
        f"{what:28} {below / KIB:>+8.0f} to {above / KIB:>+7.0f}  bound {bound // KIB}: "
        f"{'met' if is_met else 'MISSED'}",
        flush=True,
    )
    return is_met


if __name__ == "__main__":
    sys.exit(main())
