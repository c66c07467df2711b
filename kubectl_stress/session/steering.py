"""What an agent is told while it runs, each reason on its own. Pure: no clock."""

from collections.abc import Callable, Sequence
from typing import Protocol

from kubectl_stress.agent.commands import HEARTBEAT, STOP
from kubectl_stress.agent.samples import Phase, Sample
from kubectl_stress.plan.later import LaterCommand
from kubectl_stress.plan.stop_on import StopOn, stop_sign
from kubectl_stress.targets.changes import Change

_BEAT_MS = 1_000


class Steering(Protocol):
    """One reason to tell the agent something; asked again and again while it runs."""

    def next(self, now_ms: int, sample: Sample | None, changes: Sequence[Change]) -> bytes | None:
        """What to send now, by the last sample and the changes since the load began."""


class Heartbeat:
    """A byte each second: an agent that gets none for ten ends by itself."""

    def __init__(self, now_ms: int) -> None:
        self._beaten_ms = now_ms

    def next(self, now_ms: int, _sample: Sample | None, _changes: Sequence[Change]) -> bytes | None:
        """The byte, where it is due."""
        if now_ms - self._beaten_ms < _BEAT_MS:
            return None
        self._beaten_ms = now_ms
        return HEARTBEAT


class Timetable:
    """Commands at their times: each so many milliseconds after the one before.

    The first waits from the beginning of the hold, by the agent's own clock.
    """

    def __init__(self, commands: Sequence[LaterCommand], say: Callable[[str], None]) -> None:
        self._left, self._since_ms, self._say = list(commands), -1, say

    def next(self, _now_ms: int, sample: Sample | None, _changes: Sequence[Change]) -> bytes | None:
        """The command that is due."""
        if not self._left or sample is None or sample.phase is not Phase.HOLD:
            return None
        if self._since_ms < 0:
            self._since_ms = sample.elapsed_ms
        first = self._left[0]
        if sample.elapsed_ms - self._since_ms < first.wait_ms:
            return None
        del self._left[0]
        self._since_ms += first.wait_ms
        self._say(first.text)
        return first.command


class StopAtSign:
    """`--stop-on`: the load is released once, at the first change that was named."""

    def __init__(self, asked: Sequence[StopOn], say: Callable[[str], None]) -> None:
        self._asked, self._say, self._is_sent = asked, say, False

    def next(self, _now_ms: int, _sample: Sample | None, changes: Sequence[Change]) -> bytes | None:
        """The command to stop, where the change was seen."""
        sign = None if self._is_sent else stop_sign(self._asked, changes)
        if sign is None:
            return None
        self._is_sent = True
        self._say(f"releasing the load: {sign.text}")
        return STOP
