"""The targets of one run: all prepared, agreed to at once, and loaded together."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from kubectl_stress.agent.commands import sample_interval_arguments
from kubectl_stress.errors import NotLoaded, Refused, StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.node_budget import node_shares, refuse_beyond_budget
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.together import FULL_RATE_INTERVAL_MS, Together, sample_interval_ms
from kubectl_stress.results.report import Report
from kubectl_stress.session.announcer import Announcer
from kubectl_stress.session.barrier import Barrier
from kubectl_stress.session.barrier_place import BarrierPlace
from kubectl_stress.session.event_loop import EventLoop, Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.load_procedure import LoadProcedure, Ready
from kubectl_stress.session.pod_watcher import watching
from kubectl_stress.session.preparation import Counter, Preparation
from kubectl_stress.session.progress import Progress
from kubectl_stress.targets.target import Target
from kubectl_stress.text import few_of
from kubectl_stress.verdict.outcome import Expectation


@dataclass(frozen=True)
class Surroundings:
    """Where loads run, who hears of each step, and who answers what they must ask, for all once.

    `say` hears of all of them.
    """

    cluster: Cluster
    loop: EventLoop
    announcer: Announcer
    tell: Callable[[Progress], None]
    confirm: Callable[[tuple[str, ...]], None]
    say: Callable[[str], None] = lambda _: None


class Fleet:
    """One run over some plans."""

    def __init__(
        self,
        around: Surroundings,
        plans: Sequence[Plan],
        holder_spec: HolderSpec,
        expectation: Expectation | None,
        together: Together,
    ) -> None:
        self._around, self._loop, self._plans = around, around.loop, plans
        self._holder_spec, self._expectation = holder_spec, expectation
        self._together = together
        self._interval_ms = sample_interval_ms(len(plans))
        self._preparation = Preparation(around.loop, parallel=together.parallel)
        self._intakes = [self._intake(plan.target, number) for number, plan in enumerate(plans)]

    def run(self) -> list[Report | StressError]:
        """What came of each; raises Refused where no load may begin."""
        procedures = [self._procedure(intake) for intake in self._intakes]
        prepared = self._prepare(procedures)
        ready, found = _ready_and_not(prepared)
        if found and not self._together.keep_going:
            found |= _left_alone(ready, prepared, self._plans)
        elif ready:
            self._agree(ready)
            places = self._places(ready)
            loads = {
                n: self._shown(
                    self._intakes[n],
                    one.plan,
                    procedures[n].load(one, self._expectation, places[n]),
                )
                for n, one in ready.items()
            }
            targets = [plan.target for plan in self._plans]
            with watching(self._around.cluster, targets, self._loop.put):
                found |= self._loop.run(loads)
        return [found[number] for number in range(len(self._plans))]

    def _intake(self, target: Target, number: int) -> Intake:
        return Intake.of(target, self._around.cluster, self._loop, number, self._around.tell)

    def _procedure(self, intake: Intake) -> LoadProcedure:
        is_slower = self._interval_ms > FULL_RATE_INTERVAL_MS
        words = sample_interval_arguments(self._interval_ms) if is_slower else ()
        identity = self._around.announcer.identity
        return LoadProcedure(self._around.cluster, self._holder_spec, intake, identity, words)

    def _prepare(self, procedures: Sequence[LoadProcedure]) -> dict[int, Ready | StressError]:
        counter = Counter(len(self._plans), self._loop.now_ms, self._around.say)
        through, plans = self._preparation.through, self._plans
        return self._loop.run(
            {
                n: counter.counted(through(intake, procedures[n].prepare(plans[n])))
                for n, intake in enumerate(self._intakes)
            }
        )

    def _shown(self, intake: Intake, plan: Plan, load: Procedure[Report]) -> Procedure[Report]:
        return _finishing(intake, self._around.announcer.announced(plan, load))

    def _agree(self, ready: Mapping[int, Ready]) -> None:
        """Say who shares a node, and ask what the readings raise; raises Refused."""
        shares = node_shares(
            (one.plan, one.joined.reading.hello, one.joined.reading.sample)
            for one in ready.values()
        )
        for share in shares:
            if len(share.pods) > 1:
                self._around.say(str(share))
        questions = (question for one in ready.values() for question in one.plan.questions)
        try:
            if not self._together.force:
                refuse_beyond_budget(shares)
            self._around.confirm(tuple(dict.fromkeys(questions)))
        except Refused as error:
            raise Refused(f"{error}{_left(ready.values())}") from None

    def _places(self, ready: Mapping[int, Ready]) -> Mapping[int, BarrierPlace | None]:
        """One that is alone waits for nobody."""
        if len(ready) == 1:
            return dict.fromkeys(ready)
        barrier = Barrier(
            ready,
            now_ms=self._loop.now_ms,
            stagger_ms=self._together.stagger_ms,
            keep_going=self._together.keep_going,
            settle_ms=self._interval_ms * 5 // 4,
        )
        return {n: BarrierPlace(barrier, self._intakes[n]) for n in ready}


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
