"""Checks the app's health as its user says, once a second, in a thread of its own."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from kubectl_stress.errors import StressError
from kubectl_stress.search.health import CHECKED_EVERY_MS, Check, Checked

_END_S = 2.0


@dataclass(frozen=True)
class Asked:
    """What came of one check: what is wrong, and how long the app took; None: the whole check."""

    problem: str | None = None
    latency_ms: int | None = None


Ask = Callable[[], Asked]


class HealthChecks:
    """Context manager; `ask` may block.

    `may_ask` is false while a check would cost too much.
    """

    def __init__(
        self,
        ask: Ask,
        now_ms: Callable[[], int],
        most_ms: int | None,
        may_ask: Callable[[], bool] = lambda: True,
    ) -> None:
        self._ask, self._now_ms, self._most_ms, self._may_ask = ask, now_ms, most_ms, may_ask
        self._checks: list[Check] = []
        self._defect: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join(timeout=_END_S)

    def between(self, since_ms: int, until_ms: int) -> Checked:
        """What was seen in this time."""
        found = [one for one in self._made() if since_ms <= one.at_ms <= until_ms]
        return Checked.of(found, self._most_ms)

    @property
    def is_well(self) -> bool:
        """Whether the last check passed in time; also before the first."""
        last = self._made()[-1:]
        is_slow = self._most_ms is not None and any(o.latency_ms > self._most_ms for o in last)
        return not is_slow and all(one.problem is None for one in last)

    def check(self) -> Check:
        """One check, kept."""
        started_ms = self._now_ms()
        try:
            asked = self._ask()
        except StressError as error:
            asked = Asked(str(error))
        ended_ms, took_ms = self._now_ms(), asked.latency_ms
        latency_ms = ended_ms - started_ms if took_ms is None else took_ms
        one = Check(ended_ms, latency_ms, asked.problem)
        self._checks.append(one)
        return one

    def _made(self) -> list[Check]:
        """All so far; raises what the thread died of, since no check is not one that passed."""
        if self._defect is not None:
            raise self._defect
        return list(self._checks)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                if self._may_ask():
                    self.check()
                self._stop.wait(CHECKED_EVERY_MS / 1000)
        except Exception as error:
            self._defect = error
