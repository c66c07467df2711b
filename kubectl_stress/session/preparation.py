"""Prepares the targets of a run, no more of a node at once than it takes."""

from collections.abc import Callable
from contextlib import suppress

from kubectl_stress.errors import Interrupted, NotLoaded, StressError
from kubectl_stress.session.event_loop import EventLoop, Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.load_procedure import Ready
from kubectl_stress.session.node_gate import NodeGate
from kubectl_stress.session.turn import Turn
from kubectl_stress.text import few_of

_SAY_EVERY_MS, _SAY_STILL_EVERY_MS = 5_000, 10_000


class Preparation:
    """`parallel` at once of each node; None adapts to the node.

    `problem` is why none is loaded: Ctrl-C, or without `keep_going` one that could not be prepared.
    `gate` knows afterwards how many starts at once each node takes.
    """

    def __init__(self, loop: EventLoop, *, parallel: int | None, keep_going: bool) -> None:
        self.gate = NodeGate(loop.wake, parallel=parallel)
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
        turn = Turn(self.gate, intake)
        yield from turn.take()
        try:
            if self.problem is not None:
                raise self.problem
            return (yield from self._while_of_use(prepare))
        except StressError as error:
            if self.problem is None and not self._keep_going:
                who = intake.state.target.pod
                self.problem = NotLoaded(f"not loaded, since {who} could not be: {error}", error)
            raise
        finally:
            turn.end()

    def _while_of_use(self, prepare: Procedure[Ready]) -> Procedure[Ready]:
        """The same until another one's problem makes it useless: nobody waits for it then."""
        try:
            next(prepare)
            while self.problem is None:
                try:
                    arrival = yield
                except KeyboardInterrupt as interrupt:
                    prepare.throw(interrupt)
                else:
                    prepare.send(arrival)
        except StopIteration as ready:
            return ready.value  # type: ignore[no-any-return]
        prepare.close()
        raise self.problem


class Counter:
    """Says how many targets are prepared, at most each few seconds; nothing of one alone.

    And at once why one could not be, a reason for many once; and while none is, which are awaited.
    """

    def __init__(
        self,
        total: int,
        now_ms: Callable[[], int],
        say: Callable[[str], None],
        wake: Callable[[], None],
    ) -> None:
        self._total, self._now_ms, self._say, self._wake = total, now_ms, say, wake
        self._done, self._said_ms = 0, now_ms()
        self._reasons, self._awaited = set[str](), list[str]()
        self._over = 0

    def still(self) -> Procedure[None]:
        """Say every ten seconds without news how far it is; woken when all are over."""
        with suppress(KeyboardInterrupt):  # which ends what is waited for
            while self._over < self._total:
                yield
                is_due = self._now_ms() - self._said_ms >= _SAY_STILL_EVERY_MS
                if self._awaited and is_due:
                    self._said_ms = self._now_ms()
                    names = few_of(self._awaited, 4)
                    self._say(
                        f"{self._done} of {self._total} targets prepared; waiting for {names}"
                    )

    def counted(self, pod: str, prepare: Procedure[Ready]) -> Procedure[Ready]:
        """The same, counted when it is done."""
        self._awaited.append(pod)
        try:
            ready = yield from prepare
        except StressError as error:
            self._tell(pod, error)
            raise
        finally:
            self._awaited.remove(pod)
            self._over += 1
            if self._over == self._total:
                self._wake()
        self._done, now_ms = self._done + 1, self._now_ms()
        is_due = self._done == self._total or now_ms - self._said_ms >= _SAY_EVERY_MS
        if self._total > 1 and is_due:
            self._said_ms = now_ms
            self._say(f"{self._done} of {self._total} targets prepared")
        return ready

    def _tell(self, pod: str, error: StressError) -> None:
        reason = str(error)
        is_news = not isinstance(error, NotLoaded | Interrupted) and reason not in self._reasons
        if self._total > 1 and is_news:
            self._reasons.add(reason)
            self._say(f"{pod} could not be prepared: {reason}")
