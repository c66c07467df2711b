"""What is done with one target that is loaded: prepare → load → conclude, as steps of a loop."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kubectl_stress.agent.commands import STOP
from kubectl_stress.agent.protocol import Message
from kubectl_stress.agent.samples import Phase
from kubectl_stress.errors import InjectionError, Interrupted, NotFound, StressError
from kubectl_stress.injection.agent_stream import StreamEnded
from kubectl_stress.injection.join import JoinedHolder, Joiner, start_load
from kubectl_stress.injection.probe import Reading
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder_spec import HolderSpec, Join
from kubectl_stress.plan.memory import node_notes
from kubectl_stress.plan.plan import Plan, resolve, with_load
from kubectl_stress.plan.prediction import prediction
from kubectl_stress.preflight.admission import beyond_exec
from kubectl_stress.results.report import Report
from kubectl_stress.session.agent_stream import SteeredAgent
from kubectl_stress.session.collector import Collector
from kubectl_stress.session.event_loop import Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.next_load import NextLoad, RepeatAfterOom
from kubectl_stress.session.progress import Afterwards, LogLine, Started
from kubectl_stress.session.steering import Heartbeat, Steering, StopAtSign
from kubectl_stress.targets.changes import ChangeKind
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.verdict.findings import Ending, is_pods_limit, kill_counts
from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.outcome import Expectation

_SILENCE_MS = 20_000
# The runtime starts the process first: more than 20 s were seen on a node short of CPU.
_START_MS = 60_000
_GRACE_MS = 45_000
_RELEASE_MS = 5_000
_FROZEN_MS = 5_000
# The watch showed `terminated` 3.9 s after a group kill on the test node, and `running` at 7.2 s;
# a loaded node is several times slower.
_CAUSE_MS = 60_000
_RESTART_MS = 40_000
# The load's own death is told at once, but a container's only once the kubelet has seen it.
_NEIGHBOUR_MS = 15_000
# The kubelet waits at most 5 minutes before it starts a container again (CrashLoopBackOff).
_BACKOFF_MS = 330_000
_READY_MS = 60_000
_JOINING = {
    Join.EXEC: "joining the target's cgroup by exec",
    Join.CGROUP: "moving the load into the target's cgroup",
    Join.POD: "starting the load beside the target",
}


@dataclass(frozen=True)
class Ready:
    """A target that only waits for its load."""

    plan: Plan
    joined: JoinedHolder
    before: ContainerStatus


class LoadProcedure:
    """One target's: `prepare`, and once all are agreed to, `load`."""

    def __init__(self, cluster: Cluster, holder_spec: HolderSpec, intake: Intake) -> None:
        self._cluster, self._holder_spec, self._intake = cluster, holder_spec, intake
        # Heard in the thread that joins, and so by way of the inbox.
        self._joiner = Joiner(
            cluster, clock=intake.clock, tell=lambda text: intake.put(LogLine(text))
        )
        self._is_silent = False

    @property
    def _collector(self) -> Collector:
        return self._intake.collector

    def prepare(self, plan: Plan) -> Procedure[Ready]:
        """A holder and a reading, and the plan settled by it; what it asks is yet to be asked."""
        joined = yield from self._enter(plan)
        plan = self._settled(replace(plan, target=joined.target), joined.reading)
        target = joined.target
        pod = yield from self._intake.call(
            lambda: self._cluster.get_pod(target.namespace, target.pod)
        )
        return Ready(plan, joined, ContainerStatus.from_pod(pod, target.container))

    def load(self, ready: Ready, expectation: Expectation | None) -> Procedure[Report]:
        """Load it, find out what became of it, and conclude."""
        plan, joined = ready.plan, ready.joined
        self._intake.begin(Started(plan, joined.reading, ready.before, joined.holder, expectation))
        yield from self._load(plan, joined)
        yield from self._find_cause(joined)
        yield from self._go_on(plan, RepeatAfterOom(plan, self._intake.say))
        yield from self._last_look(plan)
        return self._conclude(ready, expectation)

    def _enter(self, plan: Plan) -> Procedure[JoinedHolder]:
        return self._intake.call(lambda: self._joiner.enter(plan.target, self._holder_spec))

    def _settled(self, plan: Plan, reading: Reading) -> Plan:
        """The plan with its size, told."""
        is_open = plan.size_bytes is None
        for note in node_notes(plan.spec, reading.hello):
            self._intake.say(note)
        plan = resolve(plan, reading.hello, reading.sample)
        if is_open:
            self._intake.say(f"size: {plan.size_note}")
        self._intake.say(prediction(plan, reading.hello, reading.sample, reading.processes))
        return plan

    def _load(self, plan: Plan, joined: JoinedHolder) -> Procedure[None]:
        self._intake.say(_JOINING[joined.join])
        stream = yield from self._intake.call(lambda: start_load(self._cluster, plan, joined))
        with SteeredAgent(stream, self._intake.put) as agent:
            try:
                yield from self._steer(plan, agent)
            except KeyboardInterrupt:
                yield from self._release(agent)

    def _steer(self, plan: Plan, agent: SteeredAgent) -> Procedure[None]:
        """Steer and listen until the stream ends, or has plainly died without an end."""
        spec, started_ms = plan.spec, self._intake.now_ms()
        heard_ms, deadline_ms = started_ms, started_ms + spec.total_ms + _GRACE_MS
        steerings = (Heartbeat(started_ms), StopAtSign(spec.stop_on, self._intake.say))
        while self._collector.ending is None:
            arrival = yield from self._intake.take_next()
            if isinstance(arrival, Message):
                heard_ms = self._intake.now_ms()
            self._send(agent, steerings)
            lost = self._why_dead(heard_ms=heard_ms, deadline_ms=deadline_ms)
            if lost is not None:
                self._intake.end_stream(StreamEnded(None, lost))

    def _send(self, agent: SteeredAgent, steerings: Sequence[Steering]) -> None:
        now_ms, last = self._intake.now_ms(), self._collector.series.last
        for steering in steerings:
            command = steering.next(now_ms, last, self._collector.changes_of_this_load)
            if command is not None:
                agent.send(command)

    def _why_dead(self, *, heard_ms: int, deadline_ms: int) -> str | None:
        now_ms, silence_ms = self._intake.now_ms(), self._intake.now_ms() - heard_ms
        if self._collector.has_changed(ChangeKind.TERMINATED) and silence_ms > _FROZEN_MS:
            return "the stream froze when the container ended"
        if silence_ms > (_START_MS if self._collector.hello is None else _SILENCE_MS):
            self._is_silent = True
            return f"no message from the agent for {silence_ms // 1000} s"
        return "the load exceeded its deadline" if now_ms > deadline_ms else None

    def _release(self, agent: SteeredAgent) -> Procedure[None]:
        """Ctrl-C: tell the agent to release, and wait until it has said so."""
        self._intake.say("releasing the load")
        agent.send(STOP)
        deadline_ms = self._intake.now_ms() + _RELEASE_MS
        while not (_has_released(self._collector) or self._collector.ending):
            if self._intake.now_ms() >= deadline_ms:
                break
            yield from self._intake.take_next()
        is_released = _has_released(self._collector)
        done = "been released" if is_released else "lost its connection, and releases itself"
        raise Interrupted(f"interrupted; the load has {done}")

    def _find_cause(self, joined: JoinedHolder) -> Procedure[None]:
        """After a stream without goodbye: a reading if the holder lives, else the status."""
        collector, ending = self._collector, self._collector.ending
        if ending is None or not collector.needs_cause:
            return
        if collector.hello is None:
            raise InjectionError((yield from self._did_not_start(joined, ending)))
        code = "no exit code" if ending.exit_code is None else f"exit code {ending.exit_code}"
        self._intake.say(f"load ended ({code}); looking for the cause")
        reading = yield from self._intake.call(lambda: self._joiner.read_again(joined))
        if reading is not None:
            collector.afterwards = reading.sample
            self._intake.tell(Afterwards(reading.sample))
        if reading is None or not _has_counted_kill(collector):
            kinds = (ChangeKind.TERMINATED, ChangeKind.EVICTED, ChangeKind.DELETED)
            yield from self._intake.wait_for(_CAUSE_MS, *kinds)

    def _did_not_start(self, joined: JoinedHolder, ending: Ending) -> Procedure[str]:
        words = ending.lost or "no message"
        if joined.join is not Join.EXEC or self._is_silent:
            return f"the agent did not start: {words}"
        hint = yield from self._intake.call(
            lambda: beyond_exec(self._cluster, joined.target, self._holder_spec)
        )
        return f"the agent did not start in the target: {words}. {hint}"

    def _go_on(self, plan: Plan, next_load: NextLoad) -> Procedure[None]:
        """The loads after the first; what prevents one costs the run no verdict."""
        while True:
            verdict = judge(plan, self._collector.of_this_load())
            spec = next_load(verdict, self._collector.changes_of_this_load)
            if spec is None:
                return
            if spec != plan.spec:
                plan = with_load(plan, spec)
            try:
                yield from self._begin_again(plan)
            except Interrupted:
                raise
            except StressError as error:
                self._intake.say(f"the load is not repeated: {error}")
                return

    def _begin_again(self, plan: Plan) -> Procedure[None]:
        """Once more, in the container as it is now: with a new holder where the old one died."""
        yield from self._await_container()
        container_id = self._collector.status.container_id
        plan = replace(plan, target=replace(plan.target, container_id=container_id))
        joined = yield from self._enter(plan)
        hello, sample = joined.reading.hello, joined.reading.sample
        plan = resolve(replace(plan, target=joined.target), hello, sample)
        self._collector.begin_again()
        yield from self._load(plan, joined)
        yield from self._find_cause(joined)

    def _await_container(self) -> Procedure[None]:
        """Wait until a container that was killed runs again, and is ready where it was before."""
        if not self._collector.has_changed(ChangeKind.TERMINATED):
            return
        self._intake.say("waiting for the container to restart")
        if not (yield from self._intake.wait_for(_BACKOFF_MS, ChangeKind.STARTED)):
            raise InjectionError("its container did not restart")
        if not self._collector.status.ready:
            yield from self._intake.wait_for(_READY_MS, ChangeKind.READY)

    def _last_look(self, plan: Plan) -> Procedure[None]:
        """What the API server says at the end; a container that ended is seen coming back."""
        target, findings = plan.target, self._collector.findings()
        if self._collector.has_changed(ChangeKind.TERMINATED):
            self._intake.say("cause confirmed by the container's status; waiting for its restart")
            kinds = (ChangeKind.STARTED, ChangeKind.WAITING, ChangeKind.DELETED)
            yield from self._intake.wait_for(_RESTART_MS, *kinds)
        elif kill_counts(findings) and is_pods_limit(plan, findings):
            self._intake.say(
                "the pod's limit is shared: checking whether another container was killed too"
            )
            yield from self._intake.wait_for(_NEIGHBOUR_MS, ChangeKind.NEIGHBOUR)
        try:
            pod = yield from self._intake.call(
                lambda: self._cluster.get_pod(target.namespace, target.pod)
            )
        except NotFound:
            self._intake.see_pod(None)
        else:
            self._intake.see_pod(pod)

    def _conclude(self, ready: Ready, expectation: Expectation | None) -> Report:
        findings = self._collector.findings()
        return Report(
            plan=ready.plan,
            findings=findings,
            verdict=judge(ready.plan, findings),
            before=ready.before,
            after=self._collector.status,
            holder=ready.joined.holder,
            processes=self._collector.processes,
            processes_before=self._collector.processes_before,
            expectation=expectation,
        )


def _has_counted_kill(collector: Collector) -> bool:
    first, after = collector.of_this_load().samples.first, collector.afterwards
    if first is None or after is None:
        return False
    return (after.memory.oom_kill or 0) > (first.memory.oom_kill or 0)


def _has_released(collector: Collector) -> bool:
    """What settles after a release are the kernel's counters: nobody who interrupts needs them."""
    last = collector.series.last
    return collector.bye is not None or (last is not None and last.phase is Phase.SETTLE)
