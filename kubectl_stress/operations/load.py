"""Loads targets and judges what happens to them, all at once. Prints nothing.

Plans → holders and readings → one question → loads → verdicts. Whoever shows it is given every
step through `tell`, in the thread that called.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from kubectl_stress.errors import NotLoaded, Refused, StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.node_budget import node_shares, refuse_beyond_budget
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.together import Together, sample_interval_ms
from kubectl_stress.results.report import Report
from kubectl_stress.session.announcer import Announcer
from kubectl_stress.session.barrier import Barrier
from kubectl_stress.session.barrier_place import BarrierPlace
from kubectl_stress.session.event_loop import EventLoop, Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.load_procedure import LoadProcedure, Ready
from kubectl_stress.session.node_gate import NodeGate
from kubectl_stress.session.pod_watcher import watching
from kubectl_stress.session.progress import Progress
from kubectl_stress.targets.target import Target
from kubectl_stress.text import few_of
from kubectl_stress.verdict.outcome import Expectation

_ALONE = Together()
_SAY_EVERY_MS = 5_000


class Run:
    """Runs of plans; `confirm` answers, once for all, what they must ask, `say` hears of all."""

    def __init__(
        self,
        cluster: Cluster,
        loop: EventLoop,
        *,
        announcer: Announcer,
        tell: Callable[[Progress], None],
        confirm: Callable[[tuple[str, ...]], None],
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._cluster, self._loop, self._announcer = cluster, loop, announcer
        self._tell, self._confirm, self._say = tell, confirm, say

    def __call__(
        self, plan: Plan, holder_spec: HolderSpec, expectation: Expectation | None
    ) -> Report:
        """One; raises StressError where it could not be done, Interrupted after a release."""
        (found,) = self.all([plan], holder_spec, expectation)
        if isinstance(found, StressError):
            raise found
        return found

    def all(
        self,
        plans: Sequence[Plan],
        holder_spec: HolderSpec,
        expectation: Expectation | None,
        together: Together = _ALONE,
    ) -> list[Report | StressError]:
        """What came of each; raises Refused where no load may begin."""
        intakes = [self._intake(plan.target, number) for number, plan in enumerate(plans)]
        procedures = [
            LoadProcedure(self._cluster, holder_spec, intake, self._announcer.identity)
            for intake in intakes
        ]
        prepares = [procedure.prepare(plans[n]) for n, procedure in enumerate(procedures)]
        prepared = self._prepare(intakes, prepares, together)
        ready, found = _ready_and_not(prepared)
        if found and not together.keep_going:
            found |= _left_alone(ready, prepared, plans)
        elif ready:
            self._agree(ready, together)
            places = self._places(ready, intakes, together)
            loads = {n: procedures[n].load(r, expectation, places[n]) for n, r in ready.items()}
            with watching(self._cluster, [plan.target for plan in plans], self._loop.put):
                found |= self._loop.run(
                    {n: self._shown(intakes[n], ready[n].plan, loads[n]) for n in loads}
                )
        return [found[number] for number in range(len(plans))]

    def _prepare(
        self, intakes: Sequence[Intake], prepares: Sequence[Procedure[Ready]], together: Together
    ) -> dict[int, Ready | StressError]:
        gate = NodeGate(self._loop.wake, parallel=together.parallel)
        progress = _Counter(len(intakes), self._loop.now_ms, self._say)
        return self._loop.run(
            {n: _through(gate, intake, prepares[n], progress) for n, intake in enumerate(intakes)}
        )

    def _shown(self, intake: Intake, plan: Plan, load: Procedure[Report]) -> Procedure[Report]:
        return _finishing(intake, self._announcer.announced(plan, load))

    def _intake(self, target: Target, number: int) -> Intake:
        return Intake.of(target, self._cluster, self._loop, number, self._tell)

    def _agree(self, ready: Mapping[int, Ready], together: Together) -> None:
        """Say who shares a node, and ask what the readings raise; raises Refused."""
        shares = node_shares(
            (one.plan, one.joined.reading.hello, one.joined.reading.sample)
            for one in ready.values()
        )
        for share in shares:
            if len(share.pods) > 1:
                self._say(str(share))
        questions = (question for one in ready.values() for question in one.plan.questions)
        try:
            if not together.force:
                refuse_beyond_budget(shares)
            self._confirm(tuple(dict.fromkeys(questions)))
        except Refused as error:
            raise Refused(f"{error}{_left(ready.values())}") from None

    def _places(
        self, ready: Mapping[int, Ready], intakes: Sequence[Intake], together: Together
    ) -> Mapping[int, BarrierPlace | None]:
        """One that is alone waits for nobody."""
        if len(ready) == 1:
            return dict.fromkeys(ready)
        interval_ms = sample_interval_ms(len(ready))
        barrier = Barrier(
            ready,
            now_ms=self._loop.now_ms,
            stagger_ms=together.stagger_ms,
            keep_going=together.keep_going,
            settle_ms=interval_ms * 5 // 4,
        )
        return {n: BarrierPlace(barrier, intakes[n], sample_interval_ms=interval_ms) for n in ready}


class _Counter:
    """Says how many targets are prepared, at most each few seconds; nothing of one alone."""

    def __init__(self, total: int, now_ms: Callable[[], int], say: Callable[[str], None]) -> None:
        self._total, self._now_ms, self._say = total, now_ms, say
        self._done, self._said_ms = 0, now_ms()

    def count(self) -> None:
        """One more."""
        self._done, now_ms = self._done + 1, self._now_ms()
        is_due = self._done == self._total or now_ms - self._said_ms >= _SAY_EVERY_MS
        if self._total > 1 and is_due:
            self._said_ms = now_ms
            self._say(f"{self._done} of {self._total} targets prepared")


def _through(
    gate: NodeGate, intake: Intake, prepare: Procedure[Ready], progress: _Counter
) -> Procedure[Ready]:
    """Prepare it once its node has room for it."""
    node = intake.state.target.node
    while not gate.enter(node, intake.number):
        yield from intake.take_next()
    began_ms = intake.now_ms()
    try:
        found = yield from prepare
    finally:
        gate.leave(node, intake.now_ms() - began_ms)
    progress.count()
    return found


def _finishing(intake: Intake, load: Procedure[Report]) -> Procedure[Report]:
    """Tell what became of it."""
    try:
        report = yield from load
    except StressError as error:
        intake.finish(error)
        raise
    intake.finish(outcome=report.verdict.outcome.value)
    return report


def _ready_and_not(
    prepared: Mapping[int, Ready | StressError],
) -> tuple[dict[int, Ready], dict[int, Report | StressError]]:
    """In their order, however soon each was prepared."""
    ready = {n: found for n, found in sorted(prepared.items()) if isinstance(found, Ready)}
    return ready, {n: found for n, found in prepared.items() if isinstance(found, StressError)}


def _left_alone(
    ready: Mapping[int, Ready],
    prepared: Mapping[int, Ready | StressError],
    plans: Sequence[Plan],
) -> dict[int, NotLoaded]:
    """Those that were ready, where another one was not."""
    number, cause = next((n, e) for n, e in sorted(prepared.items()) if isinstance(e, StressError))
    words = f"not loaded, since {plans[number].target.pod} could not be: {cause}"
    return {n: NotLoaded(words, cause) for n in ready}


def _left(ready: Collection[Ready]) -> str:
    """What stays in the pods where several were prepared for nothing."""
    if len(ready) == 1:
        return ""
    names = [f"{one.joined.holder} in {one.plan.target.pod}" for one in ready]
    return f"; these ephemeral containers stay in the pods: {few_of(names, 20)}"
