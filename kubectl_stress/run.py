"""The pipeline of one run, top to bottom: holder, reading, load, verdict. Prints nothing.

Plan → holder → reading → load: samples and changes → cause → verdict → Report. Whoever shows it is
given every step through `tell`.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from kubectl_stress.agent import HEARTBEAT, STOP
from kubectl_stress.channels import Channel
from kubectl_stress.cluster import Cluster
from kubectl_stress.collector import Collector, Update
from kubectl_stress.errors import InjectionError, Interrupted, NotFound
from kubectl_stress.evidence import Ending
from kubectl_stress.exec_stream import ExecStream
from kubectl_stress.injection import (
    Clock,
    Reading,
    bring_holder,
    refuse_other_protocol,
    start_load,
    take_reading,
    try_reading,
)
from kubectl_stress.observe import EventSeen, Observer, PodSeen, Seen, Unobserved
from kubectl_stress.plan import Plan, resolve
from kubectl_stress.prediction import prediction
from kubectl_stress.report import Report
from kubectl_stress.samples import Sample
from kubectl_stress.spec import Expectation, HolderSpec
from kubectl_stress.status import ChangeKind, ContainerStatus
from kubectl_stress.verdict import judge

_BEAT_MS = 1_000
_SILENCE_MS = 20_000
_GRACE_MS = 45_000
_RELEASE_MS = 5_000
_FROZEN_MS = 5_000
# The watch showed `terminated` 3.9 s after a group kill on the test node, and `running` at 7.2 s;
# a loaded node is several times slower.
_CAUSE_MS = 30_000
_RESTART_MS = 20_000


@dataclass(frozen=True)
class Story:
    """A sentence on what is being done."""

    text: str


@dataclass(frozen=True)
class Started:
    """The load is about to begin: everything that the screen needs to know of it."""

    plan: Plan
    reading: Reading
    before: ContainerStatus
    holder: str = ""
    expectation: Expectation | None = None


@dataclass(frozen=True)
class StatusSeen:
    """The container's latest status."""

    status: ContainerStatus


@dataclass(frozen=True)
class Afterwards:
    """A reading through the holder, after the stream broke off."""

    sample: Sample


Told = Story | Started | StatusSeen | Ending | Afterwards | Update


@dataclass(frozen=True)
class Chunk:
    """Bytes of the agent's stdout."""

    data: bytes


@dataclass(frozen=True)
class StreamEnded:
    """The exec is over."""

    exit_code: int | None
    lost: str | None


Inbox = queue.Queue[Seen | Chunk | StreamEnded]


class Run:
    """One run of one plan; `tell` hears each step, `confirm` answers what the plan must ask.

    `inbox` is where the threads put what they see: waiting for it is how time passes in a run.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        clock: Clock,
        tell: Callable[[Told], None],
        confirm: Callable[[tuple[str, ...]], None],
        inbox: Inbox | None = None,
    ) -> None:
        self._cluster, self._clock = cluster, clock
        self._tell, self._confirm = tell, confirm
        self._inbox = queue.Queue() if inbox is None else inbox
        self._started_ms = clock.now_ms()

    def __call__(
        self, plan: Plan, holder_spec: HolderSpec, expectation: Expectation | None
    ) -> Report:
        """Do it; raises StressError where it could not be done, Interrupted after a release."""
        target = plan.target
        holder = bring_holder(self._cluster, target, holder_spec, clock=self._clock, tell=self._say)
        self._say("reading the target's memory and processes")
        reading = take_reading(self._cluster, target, holder, clock=self._clock)
        is_open = plan.size_bytes is None
        plan = resolve(plan, reading.hello, reading.sample)
        if is_open:
            self._say(f"the size is {plan.size_note}")
        self._confirm(plan.questions)
        self._say(prediction(plan, reading.hello, reading.sample, reading.processes))
        pod = self._cluster.get_pod(target.namespace, target.pod)
        before = ContainerStatus.from_pod(pod, target.container)
        collector = Collector(before, target.container, reading.processes)
        self._tell(Started(plan, reading, before, holder, expectation))
        with Observer(self._cluster, target, self._inbox.put):
            self._load(plan, reading, collector)
            if collector.needs_cause:
                self._find_cause(plan, holder, collector)
            self._last_look(plan, collector)
        return self._report(plan, holder, collector, before=before, expectation=expectation)

    def _say(self, text: str) -> None:
        self._tell(Story(text))

    def _now_ms(self) -> int:
        return self._clock.now_ms() - self._started_ms

    def _load(self, plan: Plan, reading: Reading, collector: Collector) -> None:
        if reading.hello.holder_pid is None:
            raise InjectionError("the agent does not see its own holder: no shared PID namespace")
        self._say("joining the target's cgroup by exec")
        with start_load(self._cluster, plan, reading.hello.holder_pid) as stream:
            pump = threading.Thread(target=self._pump, args=(stream,), daemon=True)
            pump.start()
            try:
                self._follow(plan, stream, collector)
            except KeyboardInterrupt:
                self._release(stream, collector)
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
        status, words = stream.status, errors.decode("utf-8", "replace").strip()
        lost = stream.lost or words or (status.message if status else None)
        self._inbox.put(StreamEnded(status.exit_code if status else None, lost))

    def _follow(self, plan: Plan, stream: ExecStream, collector: Collector) -> None:
        """Beat and listen until the stream ends, or has plainly died without an end."""
        started_ms = beaten_ms = heard_ms = self._now_ms()
        spec = plan.spec
        deadline_ms = started_ms + spec.ramp_ms + spec.duration_ms + _GRACE_MS
        while collector.ending is None:
            now_ms = self._now_ms()
            if now_ms - beaten_ms >= _BEAT_MS:
                stream.send(HEARTBEAT)
                beaten_ms = now_ms
            if self._take_next(collector, wait_s=0.2):
                heard_ms = self._now_ms()
            lost = self._why_dead(collector, heard_ms=heard_ms, deadline_ms=deadline_ms)
            if lost is not None and collector.ending is None:
                self._end_stream(collector, exit_code=None, lost=lost)

    def _why_dead(self, collector: Collector, *, heard_ms: int, deadline_ms: int) -> str | None:
        now_ms, silence_ms = self._now_ms(), self._now_ms() - heard_ms
        if collector.has_changed(ChangeKind.TERMINATED) and silence_ms > _FROZEN_MS:
            return "the stream froze when the container ended"
        if silence_ms > _SILENCE_MS:
            return f"the agent was silent for {silence_ms // 1000} s"
        return "the load outlived its deadline" if now_ms > deadline_ms else None

    def _release(self, stream: ExecStream, collector: Collector) -> None:
        """Ctrl-C: tell the agent to release, and wait until it has said so."""
        self._say("releasing the load")
        stream.send(STOP)
        deadline_ms = self._now_ms() + _RELEASE_MS
        while not (_has_released(collector) or collector.ending):
            if self._now_ms() >= deadline_ms:
                break
            self._take_next(collector, wait_s=0.2)
        is_released = _has_released(collector)
        said = "released" if is_released else "releases itself, since its connection is closed"
        raise Interrupted(f"interrupted: the load {said}")

    def _take_next(self, collector: Collector, *, wait_s: float) -> bool:
        """Take one thing from the inbox; True if it came from the agent."""
        try:
            seen = self._inbox.get(timeout=wait_s)
        except queue.Empty:
            return False
        self._take(seen, collector)
        return isinstance(seen, Chunk)

    def _take(self, seen: Seen | Chunk | StreamEnded, collector: Collector) -> None:
        now_ms = self._now_ms()
        found: list[Update] = []
        if isinstance(seen, Chunk):
            found = collector.feed(seen.data, at_ms=now_ms)
            if collector.hello is not None:
                refuse_other_protocol(collector.hello)
        elif isinstance(seen, StreamEnded):
            self._end_stream(collector, exit_code=seen.exit_code, lost=seen.lost)
        elif isinstance(seen, PodSeen) and seen.pod is not None:
            found = [*collector.see_pod(seen.pod, at_ms=now_ms)]
            self._tell(StatusSeen(collector.status))
        elif isinstance(seen, PodSeen):
            found = [*collector.see_deletion(at_ms=now_ms)]
        elif isinstance(seen, EventSeen):
            found = [*collector.see_event(seen.event, at_ms=now_ms)]
        elif isinstance(seen, Unobserved):
            self._say(f"going on without: {seen.reason}")
        for update in found:
            self._tell(update)

    def _end_stream(self, collector: Collector, *, exit_code: int | None, lost: str | None) -> None:
        if collector.ending is not None:
            return  # given up before: that its stream was then closed is no news
        for update in collector.end_stream(at_ms=self._now_ms(), exit_code=exit_code, lost=lost):
            self._tell(update)
        if collector.ending is not None:
            self._tell(collector.ending)

    def _find_cause(self, plan: Plan, holder: str, collector: Collector) -> None:
        """After a stream without goodbye: a reading if the holder lives, else the status."""
        ending = collector.ending
        assert ending is not None
        if collector.hello is None:
            raise InjectionError(
                f"the agent did not start in the target: {ending.lost or 'no word came'}"
            )
        code = "no exit code" if ending.exit_code is None else ending.exit_code
        self._say(f"load ended ({code}), cause pending")
        reading = try_reading(self._cluster, plan.target, holder, clock=self._clock)
        if reading is not None:
            collector.afterwards = reading.sample
            self._tell(Afterwards(reading.sample))
        if reading is None or not self._has_counted_kill(collector):
            self._wait_for(
                collector,
                _CAUSE_MS,
                ChangeKind.TERMINATED,
                ChangeKind.EVICTED,
                ChangeKind.DELETED,
            )

    def _has_counted_kill(self, collector: Collector) -> bool:
        first, after = collector.series.first, collector.afterwards
        if first is None or after is None:
            return False
        return (after.memory.oom_kill or 0) > (first.memory.oom_kill or 0)

    def _wait_for(self, collector: Collector, timeout_ms: int, *kinds: ChangeKind) -> None:
        deadline_ms = self._now_ms() + timeout_ms
        while not collector.has_changed(*kinds) and self._now_ms() < deadline_ms:
            self._take_next(collector, wait_s=0.2)

    def _last_look(self, plan: Plan, collector: Collector) -> None:
        """What the API server says at the end; a container that ended is seen coming back."""
        if collector.has_changed(ChangeKind.TERMINATED):
            self._say("cause confirmed by the container's status, waiting for its restart")
            self._wait_for(
                collector, _RESTART_MS, ChangeKind.STARTED, ChangeKind.WAITING, ChangeKind.DELETED
            )
        while not self._inbox.empty():
            self._take_next(collector, wait_s=0)
        try:
            pod = self._cluster.get_pod(plan.target.namespace, plan.target.pod)
        except NotFound:
            self._take(PodSeen(None), collector)
        else:
            self._take(PodSeen(pod), collector)

    def _report(
        self,
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


def _has_released(collector: Collector) -> bool:
    """What settles after a release are the kernel's counters: nobody who interrupts needs them."""
    last = collector.series.last
    return collector.bye is not None or (last is not None and last.phase == "settle")
