"""Ctrl-C and signals while a loop carries several targets: between two steps, and so for all.

Python raises wherever the main thread happens to be: within the step of one target only that one
would hear of it, and the others would be loaded to their end.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Keeps a signal for `check`, which does what the signal's own handler does.

    Another one before that does it at once, so that a step that hangs can be left.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._came: int | None = None
        self.is_heard = False

    def check(self) -> None:
        """Raise KeyboardInterrupt where a signal has come since the last time."""
        number, self._came = self._came, None
        if number is not None:
            self.is_heard = True
            self._before[number](number, None)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep what comes in the length of a block; outside the main thread nothing does."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {number: signal.getsignal(number) for number in _NUMBERS}
        self._before = {number: known for number, known in handlers.items() if callable(known)}
        for number in self._before:
            signal.signal(number, self._keep)
        try:
            yield
        finally:
            for number, known in self._before.items():
                signal.signal(number, known)

    def _keep(self, number: int, frame: FrameType | None) -> None:
        is_another, self._came = self._came is not None, number
        if is_another:
            self.is_heard = True
            self._before[number](number, frame)
