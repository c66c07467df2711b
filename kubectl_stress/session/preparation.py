"""Prepares the targets of a run, no more of a node at once than it takes."""

from collections.abc import Callable

from kubectl_stress.session.event_loop import EventLoop, Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.load_procedure import Ready
from kubectl_stress.session.node_gate import NodeGate

_SAY_EVERY_MS = 5_000


class Preparation:
    """`parallel` at once of each node; None adapts to the node."""

    def __init__(self, loop: EventLoop, *, parallel: int | None) -> None:
        self._gate = NodeGate(loop.wake, parallel=parallel)

    def through(self, intake: Intake, prepare: Procedure[Ready]) -> Procedure[Ready]:
        """Prepare it once its node has room for it."""
        node = intake.state.target.node
        while not self._gate.enter(node, intake.number):
            yield from intake.take_next()
        began_ms = intake.now_ms()
        try:
            return (yield from prepare)
        finally:
            self._gate.leave(node, intake.now_ms() - began_ms)


class Counter:
    """Says how many targets are prepared, at most each few seconds; nothing of one alone."""

    def __init__(self, total: int, now_ms: Callable[[], int], say: Callable[[str], None]) -> None:
        self._total, self._now_ms, self._say = total, now_ms, say
        self._done, self._said_ms = 0, now_ms()

    def counted(self, prepare: Procedure[Ready]) -> Procedure[Ready]:
        """The same, counted when it is done."""
        ready = yield from prepare
        self._done, now_ms = self._done + 1, self._now_ms()
        is_due = self._done == self._total or now_ms - self._said_ms >= _SAY_EVERY_MS
        if self._total > 1 and is_due:
            self._said_ms = now_ms
            self._say(f"{self._done} of {self._total} targets prepared")
        return ready
