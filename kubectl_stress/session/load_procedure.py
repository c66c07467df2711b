"""What is done with one target that is loaded: prepare → load → conclude, as steps of a loop."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kubectl_stress.agent.identity import RunIdentity
from kubectl_stress.agent.protocol import Message
from kubectl_stress.errors import InjectionError, Interrupted, StressError
from kubectl_stress.injection.agent_stream import StreamEnded
from kubectl_stress.injection.first_look import FirstLook
from kubectl_stress.injection.join import JOINING, JoinedHolder, Joiner, start_load
from kubectl_stress.injection.probe import Reading
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.decide import later_commands, node_notes, resolve, sizes_read, with_load
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.prediction import prediction
from kubectl_stress.plan.slow_start import slow_start, start_patience_ms
from kubectl_stress.preflight.node_pressure import refuse_known_without_pressure
from kubectl_stress.preflight.sibling_usage import with_sibling_usage
from kubectl_stress.results.report import Report
from kubectl_stress.session.agent_stream import SteeredAgent
from kubectl_stress.session.barrier_place import BarrierPlace
from kubectl_stress.session.cause_search import CauseSearch, refuse_if_not_restarted
from kubectl_stress.session.collector import Collector
from kubectl_stress.session.event_loop import Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.next_load import NextLoad, Recovery, RepeatAfterOom
from kubectl_stress.session.progress import LogLine, Started
from kubectl_stress.session.recovery import RecoveryWait
from kubectl_stress.session.release import release
from kubectl_stress.session.steering import Heartbeat, Steering, StopAtSign, Timetable
from kubectl_stress.targets.changes import ChangeKind
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.verdict.evidence import kept_by_restart
from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.other_loads import already_running
from kubectl_stress.verdict.outcome import Expectation

_SILENCE_MS = 20_000
_FROZEN_MS = 5_000
# The kubelet waits at most 5 minutes before it starts a container again (CrashLoopBackOff).
_BACKOFF_MS = 330_000
_READY_MS = 60_000


@dataclass(frozen=True)
class Ready:
    """A target that only waits for its load."""

    plan: Plan
    joined: JoinedHolder
    before: ContainerStatus


class LoadProcedure:
    """One target's: `prepare`, and once all are agreed to, `load`.

    `words` are added to the arguments of each of its agents.
    """

    def __init__(
        self,
        cluster: Cluster,
        holder_spec: HolderSpec,
        intake: Intake,
        identity: RunIdentity,
        words: Sequence[str] = (),
    ) -> None:
        self._cluster, self._holder_spec, self._intake = cluster, holder_spec, intake
        self._identity, self._words = identity, words
        # Heard in the thread that joins, and so by way of the inbox.
        self._joiner = Joiner(
            cluster, clock=intake.clock, tell=lambda text: intake.put(LogLine(text))
        )
        self._search = CauseSearch(cluster, holder_spec, intake, self._joiner)
        self._recovery = RecoveryWait(intake, self._joiner)
        self._next_load: NextLoad | None = None
        self._is_silent = False

    @property
    def _collector(self) -> Collector:
        return self._intake.collector

    def prepare(
        self, plan: Plan, look: FirstLook | None = None, *, when: str = ""
    ) -> Procedure[Ready]:
        """A holder and a reading, and the plan settled by it; what it asks is yet to be asked.

        What a fresh `look` has seen is not asked for again. `when` opens what is predicted.
        """
        if plan.spec.pressure_percent is not None:
            yield from self._intake.call(
                lambda: refuse_known_without_pressure(self._cluster, plan.target.node)
            )
        joined, before = self._seen(look) or (yield from self._entered(plan))
        target = yield from self._intake.call(
            lambda: with_sibling_usage(self._cluster, joined.target)
        )
        plan = self._settled(replace(plan, target=target), joined.reading, when)
        return Ready(plan, joined, before)

    def load(
        self,
        ready: Ready,
        expectation: Expectation | None,
        place: BarrierPlace | None = None,
        next_load: NextLoad | None = None,
    ) -> Procedure[Report]:
        """Load it, find out what became of it, and conclude; with the others at a barrier.

        `next_load` says what follows, by default what --after-oom asks for.
        """
        plan, joined = ready.plan, ready.joined
        self._next_load = next_load or RepeatAfterOom(plan, self._intake.say)
        self._intake.begin(Started(plan, joined.reading, ready.before, joined.holder, expectation))
        if place is None:
            yield from self._load(plan, joined)
        else:
            yield from self._load_with_others(plan, joined, place)
        try:
            yield from self._search.find(joined, is_silent=self._is_silent)
            yield from self._go_on(plan, self._next_load)
            yield from self._search.last_look(plan)
        except KeyboardInterrupt:
            raise Interrupted(self._search.known_so_far(plan)) from None
        return self._collector.report(plan, ready.before, joined.holder, expectation)

    def load_to_the_end(
        self, ready: Ready, expectation: Expectation | None, place: BarrierPlace | None = None
    ) -> Procedure[Report]:
        """The same; where it is interrupted under its load, the report of what was seen."""
        try:
            return (yield from self.load(ready, expectation, place))
        except Interrupted as error:
            if not self._collector.series.count:
                raise
            plan, holder = ready.plan, ready.joined.holder
            seen, text = self._collector, str(error)
            return seen.report(plan, ready.before, holder, expectation, interrupted=text)

    def _enter(self, plan: Plan) -> Procedure[JoinedHolder]:
        return self._intake.call(lambda: self._joiner.enter(plan.target, self._holder_spec))

    def _entered(self, plan: Plan) -> Procedure[tuple[JoinedHolder, ContainerStatus]]:
        joined = yield from self._enter(plan)
        target = joined.target
        pod = yield from self._intake.call(
            lambda: self._cluster.get_pod(target.namespace, target.pod)
        )
        return joined, ContainerStatus.from_pod(pod, target.container)

    def _seen(self, look: FirstLook | None) -> tuple[JoinedHolder, ContainerStatus] | None:
        if look is None or look.joined is None or not look.is_fresh(self._intake.clock.now_ms()):
            return None
        for text in look.lines:
            self._intake.say(text)
        return look.joined, look.status

    def _settled(self, plan: Plan, reading: Reading, when: str) -> Plan:
        """The plan with its size, told."""
        asked = plan
        plan = resolve(plan, reading.hello, reading.sample)
        running = already_running(reading.processes, plan.target.container)
        predicted = prediction(plan, reading.hello, reading.sample, reading.processes)
        known = (*node_notes(asked, reading.hello), *sizes_read(asked, plan))
        for note in (*known, f"{when}{predicted}"):
            self._intake.say(note)
        return replace(plan, questions=(*running, *plan.questions))

    def _load_with_others(
        self, plan: Plan, joined: JoinedHolder, place: BarrierPlace
    ) -> Procedure[None]:
        """The load, which begins when all are ready; whatever prevents it, they need not wait."""
        try:
            yield from self._load(plan, joined, place)
            if not place.has_gone:
                yield from self._search.find(joined, is_silent=False)
            place.refuse_if_ended()
        except StressError as error:
            place.leave(error)
            raise
        except KeyboardInterrupt:
            raise Interrupted from None
        finally:
            place.end_turn()

    def _load(
        self, plan: Plan, joined: JoinedHolder, place: BarrierPlace | None = None
    ) -> Procedure[None]:
        if place is not None:
            yield from place.take_turn()
        self._intake.say(JOINING[joined.join])
        if (slow := slow_start(plan.target)) is not None:
            self._intake.say(slow)
        words = [*self._words, *(place.words if place else ())]
        stream = yield from self._intake.call(
            lambda: start_load(self._cluster, plan, joined, self._identity, words)
        )
        with SteeredAgent(stream, self._intake.put) as agent:
            try:
                if place is not None:
                    yield from place.wait(agent, plan)
                yield from self._steer(plan, agent)
            except KeyboardInterrupt:
                yield from release(self._intake, agent)

    def _steer(self, plan: Plan, agent: SteeredAgent) -> Procedure[None]:
        """Steer and listen until the stream ends, or has plainly died without an end."""
        spec, started_ms = plan.spec, self._intake.now_ms()
        patience_ms = start_patience_ms(plan.target)
        heard_ms = started_ms
        steerings: list[Steering] = [
            Heartbeat(started_ms),
            StopAtSign(spec.stop_on, self._intake.say),
            *(self._next_load.steerings() if self._next_load else ()),
            Timetable(later_commands(plan), self._intake.say),
        ]
        while self._collector.ending is None:
            arrival = yield from self._intake.take_next()
            if isinstance(arrival, Message):
                heard_ms = self._intake.now_ms()
            if self._collector.hello is None:  # its start has a patience of its own
                started_ms = self._intake.now_ms()
            self._send(agent, steerings)
            deadline_ms = started_ms + spec.total_ms + patience_ms
            lost = self._why_dead(plan, heard_ms=heard_ms, deadline_ms=deadline_ms)
            if lost is not None:
                self._intake.end_stream(StreamEnded(None, lost))

    def _send(self, agent: SteeredAgent, steerings: Sequence[Steering]) -> None:
        now_ms, last = self._intake.now_ms(), self._collector.series.last
        for steering in steerings:
            command = steering.next(now_ms, last, self._collector.changes_of_this_load)
            if command is not None:
                agent.send(command)

    def _why_dead(self, plan: Plan, *, heard_ms: int, deadline_ms: int) -> str | None:
        now_ms, silence_ms = self._intake.now_ms(), self._intake.now_ms() - heard_ms
        if self._collector.has_changed(ChangeKind.TERMINATED) and silence_ms > _FROZEN_MS:
            return "the stream froze when the container ended"
        is_starting = self._collector.hello is None
        if silence_ms > (start_patience_ms(plan.target) if is_starting else _SILENCE_MS):
            self._is_silent = True
            slow = slow_start(plan.target) if is_starting else None
            why = f" ({slow})" if slow else ""
            return f"no message from the agent for {silence_ms // 1000} s{why}"
        return "the load exceeded its deadline" if now_ms > deadline_ms else None

    def _go_on(self, plan: Plan, next_load: NextLoad) -> Procedure[None]:
        """The loads after the first; what prevents one costs the run no verdict."""
        while True:
            seen = self._collector.of_this_load()
            spec = next_load(judge(plan, seen), seen)
            if spec is None:
                return
            kept = kept_by_restart(plan, seen)
            if kept:
                next_load.not_begun(InjectionError(kept[0].text))
                return
            if spec != plan.spec:
                plan = with_load(plan, spec)
            try:
                yield from self._begin_again(plan, next_load.recovery)
            except Interrupted:
                raise
            except StressError as error:
                next_load.not_begun(error)
                return

    def _begin_again(self, plan: Plan, recovery: Recovery | None) -> Procedure[None]:
        """Once more, in the container as it is now: with a new holder where the old one died."""
        is_fresh = self._collector.has_changed(ChangeKind.TERMINATED)
        yield from self._await_container(plan)
        container_id = self._collector.status.container_id
        plan = replace(plan, target=replace(plan.target, container_id=container_id))
        joined = yield from self._enter(plan)
        if recovery is not None:
            reading = yield from self._recovery.until(recovery, joined, is_fresh=is_fresh)
            joined = replace(joined, reading=reading)
        hello, sample = joined.reading.hello, joined.reading.sample
        plan = resolve(replace(plan, target=joined.target), hello, sample)
        self._collector.begin_again()
        yield from self._load(plan, joined)
        yield from self._search.find(joined, is_silent=self._is_silent)

    def _await_container(self, plan: Plan) -> Procedure[None]:
        """Wait until a container that was killed runs again, and is ready where it was before."""
        if not self._collector.has_changed(ChangeKind.TERMINATED):
            return
        refuse_if_not_restarted(plan.target, self._collector.status)
        self._intake.say("waiting for the container to restart")
        if not (yield from self._intake.wait_for(_BACKOFF_MS, ChangeKind.STARTED)):
            raise InjectionError("its container did not restart")
        if not self._collector.status.ready:
            yield from self._intake.wait_for(_READY_MS, ChangeKind.READY)
