"""Prepares the targets of a run, no more of a node at once than it takes."""

from collections.abc import Callable

from kubectl_stress.errors import Interrupted, NotLoaded, StressError
from kubectl_stress.session.event_loop import EventLoop, Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.load_procedure import Ready
from kubectl_stress.session.node_gate import NodeGate

_SAY_EVERY_MS = 5_000


class Preparation:
    """`parallel` at once of each node; None adapts to the node.

    `problem` is why none is loaded: Ctrl-C, or without `keep_going` one that could not be prepared.
    """

    def __init__(self, loop: EventLoop, *, parallel: int | None, keep_going: bool) -> None:
        self._gate = NodeGate(loop.wake, parallel=parallel)
        self._keep_going = keep_going
        self.problem: StressError | None = None

    def through(self, intake: Intake, prepare: Procedure[Ready]) -> Procedure[Ready]:
        """Prepare it once its node has room for it.

        Raises NotLoaded where another one failed, Interrupted on Ctrl-C.
        """
        try:
            return (yield from self._in_turn(intake, prepare))
        except KeyboardInterrupt:
            self.problem = Interrupted()
            raise self.problem from None

    def _in_turn(self, intake: Intake, prepare: Procedure[Ready]) -> Procedure[Ready]:
        node = intake.state.target.node
        while not self._gate.enter(node, intake.number):
            yield from intake.take_next()
        began_ms = intake.now_ms()
        try:
            if self.problem is not None:
                raise self.problem
            return (yield from prepare)
        except StressError as error:
            if self.problem is None and not self._keep_going:
                who = intake.state.target.pod
                self.problem = NotLoaded(f"not loaded, since {who} could not be: {error}", error)
            raise
        finally:
            self._gate.leave(node, intake.now_ms() - began_ms)


class Counter:
    """Says how many targets are prepared, at most each few seconds; nothing of one alone.

    And at once why one could not be, a reason for many once.
    """

    def __init__(self, total: int, now_ms: Callable[[], int], say: Callable[[str], None]) -> None:
        self._total, self._now_ms, self._say = total, now_ms, say
        self._done, self._said_ms = 0, now_ms()
        self._reasons = set[str]()

    def counted(self, pod: str, prepare: Procedure[Ready]) -> Procedure[Ready]:
        """The same, counted when it is done."""
        try:
            ready = yield from prepare
        except StressError as error:
            self._tell(pod, error)
            raise
        self._done, now_ms = self._done + 1, self._now_ms()
        is_due = self._done == self._total or now_ms - self._said_ms >= _SAY_EVERY_MS
        if self._total > 1 and is_due:
            self._said_ms = now_ms
            self._say(f"{self._done} of {self._total} targets prepared")
        return ready

    def _tell(self, pod: str, error: StressError) -> None:
        reason = str(error)
        if self._total > 1 and not isinstance(error, NotLoaded) and reason not in self._reasons:
            self._reasons.add(reason)
            self._say(f"{pod} could not be prepared: {reason}")
