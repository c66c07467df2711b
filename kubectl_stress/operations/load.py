"""The pipeline of one run, top to bottom: holder, reading, load, verdict. Prints nothing.

Plan → holder → reading → load: samples and changes → cause → verdict → Report. Whoever shows it is
given every step through `tell`.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import replace

from kubectl_stress.agent.commands import HEARTBEAT, STOP
from kubectl_stress.clock import Clock
from kubectl_stress.errors import InjectionError, Interrupted, NotFound, StressError
from kubectl_stress.injection.join import JoinedHolder, Joiner, start_load
from kubectl_stress.injection.probe import Reading
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.kube.exec.channels import Channel
from kubectl_stress.kube.exec.stream import ExecStream
from kubectl_stress.plan.holder_spec import HolderSpec, Join
from kubectl_stress.plan.memory import predicted_repeats
from kubectl_stress.plan.plan import Plan, resolve
from kubectl_stress.plan.prediction import prediction
from kubectl_stress.plan.spec import AfterOom, MemSpec
from kubectl_stress.plan.stop_on import stop_sign
from kubectl_stress.preflight.admission import beyond_exec
from kubectl_stress.results.report import Report
from kubectl_stress.session.collector import Collector
from kubectl_stress.session.inbox import Intake
from kubectl_stress.session.pod_watcher import Observer, PodSeen
from kubectl_stress.session.progress import (
    Afterwards,
    Chunk,
    Inbox,
    LogLine,
    Progress,
    Started,
    StreamEnded,
)
from kubectl_stress.targets.changes import ChangeKind
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.text import clean_bytes
from kubectl_stress.verdict.findings import Ending, is_pods_limit, kill_counts
from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.outcome import Expectation, meets

_BEAT_MS = 1_000
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
_SILENT = "the agent was silent"
_JOINING = {
    Join.EXEC: "joining the target's cgroup by exec",
    Join.CGROUP: "moving the load into the target's cgroup",
    Join.POD: "starting the load beside the target",
}


class Run:
    """One run of one plan; `tell` hears each step, `confirm` answers what the plan must ask.

    `inbox` is where the threads put what they see: waiting for it is how time passes in a run.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        clock: Clock,
        tell: Callable[[Progress], None],
        confirm: Callable[[tuple[str, ...]], None],
        inbox: Inbox | None = None,
    ) -> None:
        self._cluster, self._clock = cluster, clock
        self._tell, self._confirm = tell, confirm
        self._inbox: Inbox = queue.Queue() if inbox is None else inbox
        self._started_ms = clock.now_ms()
        self._joiner = Joiner(cluster, clock=clock, tell=self._say)

    def __call__(
        self, plan: Plan, holder_spec: HolderSpec, expectation: Expectation | None
    ) -> Report:
        """Do it; raises StressError where it could not be done, Interrupted after a release."""
        joined = self._joiner.enter(plan.target, holder_spec)
        target, reading = joined.target, joined.reading
        plan = self._settled(replace(plan, target=target), reading)
        pod = self._cluster.get_pod(target.namespace, target.pod)
        before = ContainerStatus.from_pod(pod, target.container)
        collector = Collector(before, target.container, reading.processes)
        intake = Intake(collector, self._inbox, now_ms=self._now_ms, tell=self._tell)
        self._tell(Started(plan, reading, before, joined.holder, expectation))
        with Observer(self._cluster, target, self._inbox.put):
            self._load(plan, joined, intake)
            self._find_cause(joined, holder_spec, intake)
            if plan.spec.after_oom is AfterOom.REPEAT:
                self._repeat(plan, holder_spec, intake)
            self._last_look(plan, intake)
        return _report(plan, joined.holder, collector, before=before, expectation=expectation)

    def _settled(self, plan: Plan, reading: Reading) -> Plan:
        """The plan with its size, told, and agreed to."""
        is_open = plan.size_bytes is None
        plan = resolve(plan, reading.hello, reading.sample)
        if is_open:
            self._say(f"the size is {plan.size_note}")
        repeats = predicted_repeats(plan.spec, reading.hello)
        if repeats is not None:
            self._say(repeats)
        self._confirm(plan.questions)
        self._say(prediction(plan, reading.hello, reading.sample, reading.processes))
        return plan

    def _say(self, text: str) -> None:
        self._tell(LogLine(text))

    def _now_ms(self) -> int:
        return self._clock.now_ms() - self._started_ms

    def _load(self, plan: Plan, joined: JoinedHolder, intake: Intake) -> None:
        self._say(_JOINING[joined.join])
        with start_load(self._cluster, plan, joined) as stream:
            pump = threading.Thread(target=self._pump, args=(stream,), daemon=True)
            pump.start()
            try:
                self._follow(plan, stream, intake)
            except KeyboardInterrupt:
                self._release(stream, intake)
            finally:
                stream.close()
                pump.join(timeout=2)

    def _pump(self, stream: ExecStream) -> None:
        errors = b""
        while not stream.ended:
            for channel, data in stream.receive(0.5):
                if channel is Channel.STDOUT:
                    self._inbox.put(Chunk(data))
                elif channel is Channel.STDERR:
                    errors += data
        status, words = stream.status, clean_bytes(errors)
        lost = stream.lost or words or (status.message if status else None)
        self._inbox.put(StreamEnded(status.exit_code if status else None, lost))

    def _follow(self, plan: Plan, stream: ExecStream, intake: Intake) -> None:
        """Beat and listen until the stream ends, or has plainly died without an end."""
        started_ms = beaten_ms = heard_ms = self._now_ms()
        spec, is_released = plan.spec, False
        deadline_ms = started_ms + spec.ramp_ms + spec.duration_ms + _GRACE_MS
        while intake.collector.ending is None:
            now_ms = self._now_ms()
            if now_ms - beaten_ms >= _BEAT_MS:
                stream.send(HEARTBEAT)
                beaten_ms = now_ms
            if intake.take_next(wait_s=0.2):
                heard_ms = self._now_ms()
            is_released = is_released or self._release_at_sign(spec, stream, intake.collector)
            lost = self._why_dead(intake.collector, heard_ms=heard_ms, deadline_ms=deadline_ms)
            if lost is not None and intake.collector.ending is None:
                intake.end_stream(exit_code=None, lost=lost)

    def _release_at_sign(self, spec: MemSpec, stream: ExecStream, collector: Collector) -> bool:
        """What `--stop-on` asks for; True once the agent was told, listening or not."""
        sign = stop_sign(spec.stop_on, collector.changes_of_this_load)
        if sign is None:
            return False
        self._say(f"releasing the load: {sign.text}")
        stream.send(STOP)
        return True

    def _why_dead(self, collector: Collector, *, heard_ms: int, deadline_ms: int) -> str | None:
        now_ms, silence_ms = self._now_ms(), self._now_ms() - heard_ms
        if collector.has_changed(ChangeKind.TERMINATED) and silence_ms > _FROZEN_MS:
            return "the stream froze when the container ended"
        if silence_ms > (_START_MS if collector.hello is None else _SILENCE_MS):
            return f"{_SILENT} for {silence_ms // 1000} s"
        return "the load outlived its deadline" if now_ms > deadline_ms else None

    def _release(self, stream: ExecStream, intake: Intake) -> None:
        """Ctrl-C: tell the agent to release, and wait until it has said so."""
        self._say("releasing the load")
        stream.send(STOP)
        deadline_ms = self._now_ms() + _RELEASE_MS
        while not (_has_released(intake.collector) or intake.collector.ending):
            if self._now_ms() >= deadline_ms:
                break
            intake.take_next(wait_s=0.2)
        is_released = _has_released(intake.collector)
        said = "released" if is_released else "releases itself, since its connection is closed"
        raise Interrupted(f"interrupted: the load {said}")

    def _find_cause(self, joined: JoinedHolder, holder_spec: HolderSpec, intake: Intake) -> None:
        """After a stream without goodbye: a reading if the holder lives, else the status."""
        collector, ending = intake.collector, intake.collector.ending
        if not collector.needs_cause:
            return
        assert ending is not None
        if collector.hello is None:
            raise InjectionError(self._did_not_start(joined, holder_spec, ending))
        code = "no exit code" if ending.exit_code is None else ending.exit_code
        self._say(f"load ended ({code}), cause pending")
        reading = self._joiner.read_again(joined)
        if reading is not None:
            collector.afterwards = reading.sample
            self._tell(Afterwards(reading.sample))
        if reading is None or not _has_counted_kill(collector):
            kinds = (ChangeKind.TERMINATED, ChangeKind.EVICTED, ChangeKind.DELETED)
            intake.wait_for(_CAUSE_MS, *kinds)

    def _did_not_start(self, joined: JoinedHolder, holder_spec: HolderSpec, ending: Ending) -> str:
        words = ending.lost or "no word came"
        if joined.join is not Join.EXEC or words.startswith(_SILENT):
            return f"the agent did not start: {words}"
        hint = beyond_exec(self._cluster, joined.target, holder_spec)
        return f"the agent did not start in the target: {words}. {hint}"

    def _repeat(self, plan: Plan, holder_spec: HolderSpec, intake: Intake) -> None:
        """The load again after each OOM kill; what prevents it costs the run no verdict."""
        for number in range(1, plan.spec.max_restarts + 1):
            if not meets(judge(plan, intake.collector.of_this_load()), Expectation.OOM):
                return
            sign = stop_sign(plan.spec.stop_on, intake.collector.changes_of_this_load)
            if sign is not None:
                self._say(f"not beginning again: {sign.text}")
                return
            self._say(f"beginning again, {number} of at most {plan.spec.max_restarts} times")
            try:
                self._begin_again(plan, holder_spec, intake)
            except Interrupted:
                raise
            except StressError as error:
                self._say(f"the load does not begin again: {error}")
                return

    def _begin_again(self, plan: Plan, holder_spec: HolderSpec, intake: Intake) -> None:
        """Once more, in the container as it is now: with a new holder where the old one died."""
        self._await_container(intake)
        container_id = intake.collector.status.container_id
        target = replace(plan.target, container_id=container_id)
        joined = self._joiner.enter(target, holder_spec)
        hello, sample = joined.reading.hello, joined.reading.sample
        plan = resolve(replace(plan, target=joined.target), hello, sample)
        intake.take_all()
        intake.collector.begin_again()
        self._load(plan, joined, intake)
        self._find_cause(joined, holder_spec, intake)

    def _await_container(self, intake: Intake) -> None:
        """Wait until a container that was killed runs again, and is ready where it was before."""
        collector = intake.collector
        if not collector.has_changed(ChangeKind.TERMINATED):
            return
        self._say("waiting until the container runs again")
        if not intake.wait_for(_BACKOFF_MS, ChangeKind.STARTED):
            raise InjectionError("its container did not start again")
        if not collector.status.ready:
            intake.wait_for(_READY_MS, ChangeKind.READY)

    def _last_look(self, plan: Plan, intake: Intake) -> None:
        """What the API server says at the end; a container that ended is seen coming back."""
        findings = intake.collector.findings()
        if intake.collector.has_changed(ChangeKind.TERMINATED):
            self._say("cause confirmed by the container's status, waiting for its restart")
            kinds = (ChangeKind.STARTED, ChangeKind.WAITING, ChangeKind.DELETED)
            intake.wait_for(_RESTART_MS, *kinds)
        elif kill_counts(findings) and is_pods_limit(plan, findings):
            self._say("the pod's limit is shared: looking whether another container was killed too")
            intake.wait_for(_NEIGHBOUR_MS, ChangeKind.NEIGHBOUR)
        intake.take_all()
        try:
            pod = self._cluster.get_pod(plan.target.namespace, plan.target.pod)
        except NotFound:
            intake.take(PodSeen(None))
        else:
            intake.take(PodSeen(pod))


def _has_counted_kill(collector: Collector) -> bool:
    first, after = collector.of_this_load().samples.first, collector.afterwards
    if first is None or after is None:
        return False
    return (after.memory.oom_kill or 0) > (first.memory.oom_kill or 0)


def _has_released(collector: Collector) -> bool:
    """What settles after a release are the kernel's counters: nobody who interrupts needs them."""
    last = collector.series.last
    return collector.bye is not None or (last is not None and last.phase == "settle")


def _report(
    plan: Plan,
    holder: str,
    collector: Collector,
    *,
    before: ContainerStatus,
    expectation: Expectation | None,
) -> Report:
    findings = collector.findings()
    return Report(
        plan=plan,
        findings=findings,
        verdict=judge(plan, findings),
        before=before,
        after=collector.status,
        holder=holder,
        processes=collector.processes,
        processes_before=collector.processes_before,
        expectation=expectation,
    )
