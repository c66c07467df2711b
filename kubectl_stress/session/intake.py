"""Takes what arrives for one target, keeps it, and passes on what is new in it."""

from collections.abc import Callable
from typing import Self, TypeVar

from kubectl_stress.agent.protocol import Hello, Message, Processes
from kubectl_stress.clock import Clock
from kubectl_stress.errors import Interrupted, StressError
from kubectl_stress.injection.agent_stream import StreamEnded
from kubectl_stress.injection.probe import refuse_other_protocol
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.results.report import Report
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.collector import Collector
from kubectl_stress.session.event_loop import Arrival, Call, EventLoop, Procedure, Woken
from kubectl_stress.session.pod_watcher import EventSeen, Failed, PodSeen, Unobserved
from kubectl_stress.session.progress import (
    Attached,
    Finished,
    LogLine,
    Progress,
    Started,
    StatusSeen,
    Task,
    What,
)
from kubectl_stress.targets.changes import ChangeKind
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.findings import Ending

Value = TypeVar("Value")


class Intake:
    """One target in an event loop: its state, and its arrivals under its `number`."""

    def __init__(
        self, loop: EventLoop, number: int, state: TargetState, tell: Callable[[Progress], None]
    ) -> None:
        self.state, self._loop, self._number, self._tell = state, loop, number, tell
        self.collector = Collector(state.status, state.target.container)

    @classmethod
    def of(
        cls,
        target: Target,
        cluster: Cluster,
        loop: EventLoop,
        number: int,
        tell: Callable[[Progress], None],
    ) -> Self:
        """The intake of a target as it is now."""
        pod = cluster.get_pod(target.namespace, target.pod)
        status = ContainerStatus.from_pod(pod, target.container)
        return cls(loop, number, TargetState(target, status, number=number), tell)

    @classmethod
    def unseen(
        cls, target: Target, loop: EventLoop, number: int, tell: Callable[[Progress], None]
    ) -> Self:
        """The intake of a target as it was when it was chosen; nothing is asked."""
        status = ContainerStatus.unseen(target.container_id)
        return cls(loop, number, TargetState(target, status, number=number), tell)

    def under(self, number: int) -> "Intake":
        """What is done for this target beside it, with arrivals of its own."""
        return Intake(self._loop, number, self.state, self._tell)

    @property
    def clock(self) -> Clock:
        """The loop's."""
        return self._loop.clock

    @property
    def number(self) -> int:
        """Its place among the targets of the run."""
        return self._number

    def now_ms(self) -> int:
        """Since the loop began."""
        return self._loop.now_ms()

    def put(self, arrival: Arrival) -> None:
        """Hand in something for this target; from any thread."""
        self._loop.put(self._number, arrival)

    def tell(self, what: What) -> None:
        """Pass on a step, once the target's state has taken it in."""
        _take_in(self.state, what)
        self._tell(Progress(self.state, what))

    def say(self, text: str) -> None:
        """Tell what is being done."""
        self.tell(LogLine(text))

    def take_next(self) -> Procedure[Arrival | None]:
        """Take the next arrival, and return it; None where there was none for a moment."""
        arrival = yield
        if arrival is not None:
            self.take(arrival)
        return arrival

    def wait_for(self, timeout_ms: int, *kinds: ChangeKind) -> Procedure[bool]:
        """Wait until one of these changes was seen under this load; False if none came."""
        deadline_ms = self.now_ms() + timeout_ms
        while not self.collector.has_changed(*kinds) and self.now_ms() < deadline_ms:
            yield from self.take_next()
        return self.collector.has_changed(*kinds)

    def call(self, act: Callable[[], Value]) -> Procedure[Value]:
        """The value of something that blocks; whatever arrives meanwhile is taken."""
        call = self._loop.call(self._number, act)
        try:
            while (yield from self.take_next()) is not call:
                pass
        except BaseException:
            call.abandon()
            raise
        return call.result()

    def sleep(self, seconds: float) -> Procedure[None]:
        """Let time pass; whatever arrives meanwhile is taken."""
        return self.call(lambda: self._loop.clock.sleep(seconds))

    def take(self, arrival: Arrival) -> None:
        """Take this one thing."""
        if isinstance(arrival, Failed):
            raise arrival.error
        if isinstance(arrival, LogLine):
            self.tell(arrival)
        elif isinstance(arrival, StreamEnded):
            self.end_stream(arrival)
        elif isinstance(arrival, PodSeen):
            self.see_pod(arrival.pod)
        elif isinstance(arrival, EventSeen):
            for change in self.collector.see_event(arrival.event, at_ms=self.now_ms()):
                self.tell(change)
        elif isinstance(arrival, Unobserved):
            self.say(f"continuing without it: {arrival.reason}")
        elif not isinstance(arrival, Call | Woken):
            self.hear(arrival)

    def hear(self, message: Message) -> None:
        """Take what the agent says; raises InjectionError where it is of another protocol."""
        if isinstance(message, Hello):
            refuse_other_protocol(message)
        known = len(self.collector.changes)
        self.tell(self.collector.take(message, at_ms=self.now_ms()))
        for change in self.collector.changes[known:]:
            self.tell(change)

    def see_pod(self, pod: Pod | None) -> None:
        """Take the pod as it is now; None where it is gone."""
        if pod is None:
            found = self.collector.see_deletion(at_ms=self.now_ms())
        else:
            found = self.collector.see_pod(pod, at_ms=self.now_ms())
            self.tell(StatusSeen(self.collector.status))
        for change in found:
            self.tell(change)

    def end_stream(self, end: StreamEnded) -> None:
        """The agent's stream is over, or given up."""
        if self.collector.ending is None:  # else given up before: that it then closed is no news
            now_ms = self.now_ms()
            ending = self.collector.end_stream(at_ms=now_ms, exit_code=end.exit_code, lost=end.lost)
            self.tell(ending)

    def begin(self, started: Started) -> None:
        """A load begins: what is kept from here on is of it."""
        plan = started.plan
        self.collector = Collector(
            started.before,
            plan.target.container,
            started.reading.processes,
            pressure_percent=plan.spec.pressure_percent,
        )
        self.tell(started)

    def finish(self, error: StressError | None = None, outcome: str = "") -> None:
        """No more comes of this target."""
        self.tell(Finished(error, outcome))


def finishing(intake: Intake, load: Procedure[Report]) -> Procedure[Report]:
    """The same; what became of it is told."""
    try:
        report = yield from load
    except StressError as error:
        intake.finish(error)
        raise
    if report.findings.interrupted:
        intake.finish(Interrupted(report.findings.interrupted))
    else:
        intake.finish(outcome=report.verdict.outcome.value)
    return report


def _take_in(state: TargetState, what: What) -> None:
    if isinstance(what, Started):
        _take_in_start(state, what)
    elif isinstance(what, Attached):
        state.holder = what.holder
    elif isinstance(what, StatusSeen):
        state.status = what.status
    elif isinstance(what, Task):
        state.task = what.text
    elif isinstance(what, Finished):
        state.end(what.error, what.outcome)
    elif isinstance(what, Ending):
        if what.bye is None:
            state.lose()
    elif isinstance(what, Message):
        state.hear(what)


def _take_in_start(state: TargetState, started: Started) -> None:
    reading = started.reading
    for message in (reading.hello, reading.sample, Processes(0, reading.processes)):
        state.hear(message)
    state.status, state.holder = started.before, started.holder
    state.begin_load(started.plan)
