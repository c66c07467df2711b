"""The targets of one run: all prepared, agreed to at once, and loaded together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kubectl_stress.agent.commands import sample_interval_arguments
from kubectl_stress.errors import Interrupted, Refused, StressError
from kubectl_stress.injection.first_look import FirstLook
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.node_budget import node_shares, refuse_beyond_budget
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.together import FEW, FULL_RATE_INTERVAL_MS, Together, sample_interval_ms
from kubectl_stress.preflight.find_replacement import Replacements
from kubectl_stress.results.fleet_report import Followed
from kubectl_stress.results.report import Report
from kubectl_stress.session.announcer import Announcer
from kubectl_stress.session.barrier import Barrier
from kubectl_stress.session.barrier_place import BarrierPlace
from kubectl_stress.session.event_loop import EventLoop, Procedure
from kubectl_stress.session.follow import Follow, Lost
from kubectl_stress.session.intake import Intake, finishing
from kubectl_stress.session.load_procedure import LoadProcedure, Ready
from kubectl_stress.session.newcomer import Newcomer
from kubectl_stress.session.pod_watcher import watching
from kubectl_stress.session.preparation import Counter, Preparation
from kubectl_stress.session.progress import Progress
from kubectl_stress.targets.target import Target
from kubectl_stress.text import few_of
from kubectl_stress.verdict.outcome import Expectation

_COUNTER = -1  # the number of the procedure that counts the targets


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


class Loaded(NamedTuple):
    """What came of the plans, in their order, and of the pods that replaced some of theirs."""

    found: list[Report | StressError]
    followed: list[Followed]


class Fleet:
    """One run over some plans; `looks` are those that were taken of their targets just before."""

    def __init__(
        self,
        around: Surroundings,
        plans: Sequence[Plan],
        holder_spec: HolderSpec,
        expectation: Expectation | None,
        together: Together,
        looks: Mapping[int, FirstLook],
    ) -> None:
        self._around, self._loop, self._plans = around, around.loop, plans
        self._looks = looks
        self._holder_spec, self._expectation = holder_spec, expectation
        self._together = together
        self._interval_ms = sample_interval_ms(len(plans))
        self._preparation = Preparation(
            around.loop, parallel=together.parallel, keep_going=together.keep_going
        )
        # The others are loaded already: one that comes and cannot be prepared keeps none away.
        self._preparation_of_newcomers = Preparation(
            around.loop, parallel=together.parallel, keep_going=True
        )
        self._intakes = [self._intake(plan.target, number) for number, plan in enumerate(plans)]
        self._asked = {question for plan in plans for question in plan.questions}

    def run(self, *, reserved: int = 0) -> Loaded:
        """What came of each; raises Refused where no load may begin.

        `reserved` numbers after those of the plans are of targets that are not loaded.
        """
        procedures = [self._procedure(intake) for intake in self._intakes]
        follow = self._follow(len(self._plans) + reserved) if self._together.follow else None
        prepared = self._prepare(procedures)
        ready, found = _ready_and_not(prepared)
        if self._preparation.problem is not None:
            found |= dict.fromkeys(ready, self._preparation.problem)
            if ready:
                self._around.say(_left(ready.values()))
        elif ready:
            self._agree(ready)
            found |= self._load(ready, procedures, follow)
        followed = [
            Followed(place, replaced, found[number])
            for number, (place, replaced) in sorted(follow.places.items() if follow else ())
        ]
        return Loaded([found[number] for number in range(len(self._plans))], followed)

    def _load(
        self,
        ready: Mapping[int, Ready],
        procedures: Sequence[LoadProcedure],
        follow: Follow | None,
    ) -> dict[int, Report | StressError]:
        places, loads = self._places(ready), dict[int, Procedure[Report]]()
        for number, one in ready.items():
            intake = self._intakes[number]
            load = procedures[number].load_to_the_end(one, self._expectation, places[number])
            loads[number] = finishing(intake, self._around.announcer.announced(one.plan, load))
            if follow is not None:
                loads[number] = follow.after(intake, loads[number])
        targets = [plan.target for plan in self._plans]
        with watching(self._around.cluster, targets, self._loop.put):
            return self._loop.run(loads)

    def _follow(self, first_number: int) -> Follow:
        known = Replacements(self._around.cluster, [plan.target for plan in self._plans])
        return Follow(self._loop, known, self._intake, self._newcomer, first_number=first_number)

    def _newcomer(self, intake: Intake, lost: Lost) -> Procedure[Report]:
        self._intakes.append(intake)
        newcomer = Newcomer(intake, lost, self._together, self._asked, self._holder_spec.join)
        return finishing(intake, self._loaded_anew(newcomer, intake))

    def _loaded_anew(self, newcomer: Newcomer, intake: Intake) -> Procedure[Report]:
        """Prepared as the others were, and loaded without a barrier."""
        procedure = self._procedure(intake)
        prepare = procedure.prepare(newcomer.plan())
        ready = newcomer.agreed(
            (yield from self._preparation_of_newcomers.through(intake, prepare)),
            [one.state for one in self._intakes if one is not intake],
        )
        load = procedure.load_to_the_end(ready, self._expectation)
        cluster, target = self._around.cluster, ready.plan.target
        with watching(cluster, [target], lambda _place, seen: intake.put(seen)):
            return (yield from self._around.announcer.announced(ready.plan, load))

    def _intake(self, target: Target, number: int) -> Intake:
        # Preparing looks at it, no more of a node at once than it takes; one that is gone by then
        # ends by itself, and not the run of the others.
        return Intake.unseen(target, self._loop, number, self._around.tell)

    def _procedure(self, intake: Intake) -> LoadProcedure:
        is_slower = self._interval_ms > FULL_RATE_INTERVAL_MS
        words = sample_interval_arguments(self._interval_ms) if is_slower else ()
        identity = self._around.announcer.identity
        return LoadProcedure(self._around.cluster, self._holder_spec, intake, identity, words)

    def _prepare(self, procedures: Sequence[LoadProcedure]) -> dict[int, Ready | StressError]:
        loop, say = self._loop, self._around.say
        counter = Counter(len(self._plans), loop.now_ms, say, lambda: loop.wake(_COUNTER))
        through, prepares = self._preparation.through, dict[int, Procedure[Ready]]()
        for n, (plan, intake) in enumerate(zip(self._plans, self._intakes, strict=True)):
            prepare = through(intake, procedures[n].prepare(plan, self._looks.get(n)))
            prepares[n] = counter.counted(plan.target.pod, prepare)
        if len(prepares) <= FEW:
            return self._loop.run(prepares)
        beside: dict[int, Procedure[Any]] = {**prepares, _COUNTER: counter.still()}
        found = self._loop.run(beside)
        del found[_COUNTER]
        return found

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
        asked = tuple(dict.fromkeys(questions))
        self._asked.update(asked)
        try:
            if not self._together.force:
                refuse_beyond_budget(shares)
            self._around.confirm(asked)
        except (Refused, Interrupted) as error:
            if len(ready) == 1:
                raise
            raise type(error)(f"{error}; {_left(ready.values())}") from None
        for number, one in ready.items():
            for agreed in one.plan.questions:  # with --yes nothing else has told it
                self._intakes[number].say(agreed)

    def _places(self, ready: Mapping[int, Ready]) -> Mapping[int, BarrierPlace | None]:
        """One that is alone waits for nobody."""
        if len(ready) == 1:
            return dict.fromkeys(ready)
        barrier = Barrier(
            ready,
            now_ms=self._loop.now_ms,
            stagger_ms=self._together.stagger_ms,
            keep_going=self._together.keep_going,
        )
        gate = self._preparation.gate
        return {n: BarrierPlace(barrier, self._intakes[n], gate) for n in ready}


def _ready_and_not(
    prepared: Mapping[int, Ready | StressError],
) -> tuple[dict[int, Ready], dict[int, Report | StressError]]:
    """In their order, however soon each was prepared."""
    ready = {n: found for n, found in sorted(prepared.items()) if isinstance(found, Ready)}
    return ready, {n: found for n, found in prepared.items() if isinstance(found, StressError)}


def _left(ready: Iterable[Ready]) -> str:
    """What stays in the pods of those that were prepared for nothing: of many nobody was told."""
    names = [f"{one.joined.holder} in {one.plan.target.pod}" for one in ready]
    return f"these ephemeral containers stay in the pods: {few_of(names, 20)}"
