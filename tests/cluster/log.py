"""What the driver is doing, told on stderr: a line for each step with the time it took."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

STILL_AT_IT_SECONDS = 10.0

_lock = threading.Lock()
_active: dict[str, float] = {}


@contextmanager
def step(title: str) -> Iterator[None]:
    """Tell that a step begins, that it still runs, and how it ended. Steps may overlap."""
    started = time.monotonic()
    done = threading.Event()
    ticker = threading.Thread(target=_tick, args=(title, started, done), daemon=True)
    ticker.start()
    outcome = "failed after"
    try:
        yield
        outcome = "done in"
    finally:
        done.set()
        ticker.join()
        _end(title, f"{title}: {outcome} {time.monotonic() - started:.1f} s")


def say(text: str) -> None:
    """Tell one line, above the steps that are shown in place."""
    with _lock:
        _clear_line()
        print(text, file=sys.stderr, flush=True)
        _show_active()


def _tick(title: str, started: float, done: threading.Event) -> None:
    with _lock:
        _active[title] = started
    if not sys.stderr.isatty():
        while not done.wait(STILL_AT_IT_SECONDS):
            say(f"{title} … {time.monotonic() - started:.0f} s")
        return
    while not done.wait(0.2):
        with _lock:
            _clear_line()
            _show_active()


def _end(title: str, line: str) -> None:
    with _lock:
        _active.pop(title, None)
    say(line)


def _clear_line() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)


def _show_active() -> None:
    if not sys.stderr.isatty() or not _active:
        return
    now = time.monotonic()
    shown = ", ".join(f"{title} … {now - began:.0f} s" for title, began in list(_active.items()))
    print(shown[:100], end="", file=sys.stderr, flush=True)
