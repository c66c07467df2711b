"""An app for the measurement of levels: it grows, shrinks and reads files when it is told to.

Each line on stdin is an order: `memory BYTES RATE` goes to so much memory, at so many bytes a
second; `files PATH SECONDS` reads a file over and over. It answers `done` when it stands still.
"""

from __future__ import annotations

import mmap
import sys
import time
from pathlib import Path

_ROOM = 1 << 34
_TICK_SECONDS = 0.005
_PAGE = mmap.PAGESIZE


class _Memory:
    """Pages that are touched one after another, and given back from the end."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, _ROOM, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._map.madvise(mmap.MADV_NOHUGEPAGE)
        self._held = 0

    def go(self, size: int, rate: int) -> None:
        """Never faster than the rate: after a pause the way goes on from where it was."""
        size = size // _PAGE * _PAGE
        due, last = 0.0, time.monotonic()
        while self._held != size:
            time.sleep(_TICK_SECONDS)
            now = time.monotonic()
            due += rate * min(now - last, 4 * _TICK_SECONDS)
            last = now
            step = int(due) // _PAGE * _PAGE
            due -= step
            self._go_to(
                max(self._held - step, size) if size < self._held else min(self._held + step, size)
            )

    def _go_to(self, size: int) -> None:
        if size < self._held:
            self._map.madvise(mmap.MADV_DONTNEED, size, self._held - size)
        for at in range(self._held, size, _PAGE):
            self._map[at] = 1
        self._held = size


def _read_files(path: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with Path(path).open("rb", buffering=0) as file:
            while file.read(1 << 16):
                pass


def main() -> None:
    """Carry out one order after another."""
    memory = _Memory()
    for line in sys.stdin:
        what, first, second = line.split()
        if what == "memory":
            memory.go(int(first), int(second))
        else:
            _read_files(first, float(second))
        print("done", flush=True)


if __name__ == "__main__":
    main()
