"""The latest that is known of one target while it is watched, as tables show it. Pure: no clock."""

from kubectl_stress.agent.cpu_use import CpuMeter, CpuUse
from kubectl_stress.agent.protocol import Hello, Message, Processes
from kubectl_stress.agent.samples import Process, Sample, load_rss_bytes
from kubectl_stress.errors import StressError
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.prediction import victim_now
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.targets.place import Replaced
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target

# The agent reads before it is told to go, however long that takes.
_BEFORE_THE_LOAD = ("", "ready", "baseline")


class TargetState:
    """The latest of everything; `plan` is set once a load of ours is about to begin.

    `number` is its place among the targets that were named. `error` says why there are no more
    readings. No series: a target may be watched for a day.
    """

    def __init__(self, target: Target, status: ContainerStatus, *, number: int = 0) -> None:
        self.target = target
        self.status = status
        self.number = number
        self.plan: Plan | None = None
        self.holder = ""
        self.task = ""  # what goes on now, where it takes several loads
        self.hello: Hello | None = None
        self.sample: Sample | None = None
        self.cpu: CpuUse | None = None
        self.peak_usage_bytes: int | None = None
        self.processes: tuple[Process, ...] = ()
        self.replaces: Replaced | None = None  # where its pod came during the run
        self.is_over = False
        self.is_lost = False  # its agent's stream broke off, and nobody knows yet why
        self.outcome = ""  # of its load, once that is judged
        self.error: StressError | None = None
        self._restarts_before = status.restart_count
        self._first: Sample | None = None
        self._meter = CpuMeter()
        self._first_of_load: Sample | None = None

    def hear(self, message: Message) -> None:
        """Keep what the agent says."""
        if isinstance(message, Hello):
            self.hello, self._first_of_load = message, None  # its times begin anew
            self.is_lost = False
        elif isinstance(message, Processes) and self.hello is not None:
            # A load's own processes belong to the picture; a probe is over when it counts.
            is_load = self.plan is not None
            self.processes = message.processes if is_load else message.beside(self.hello)
        elif isinstance(message, Sample):
            self._first = self._first or message
            if message.phase not in _BEFORE_THE_LOAD:
                self._first_of_load = self._first_of_load or message
            self.sample, self.cpu = message, self._meter.add(message)
            usages = (self.peak_usage_bytes, message.memory.usage_bytes)
            self.peak_usage_bytes = max((u for u in usages if u is not None), default=None)

    def begin_load(self, plan: Plan) -> None:
        """What counts from here on is this load."""
        self.plan, self.target = plan, plan.target
        self._restarts_before = self.status.restart_count
        self.peak_usage_bytes = self._first = self._first_of_load = None
        self._meter, self.cpu = CpuMeter(), None

    def lose(self) -> None:
        """No message comes any more: the last one does not tell what is held now."""
        self.is_lost = True

    def end(self, error: StressError | None, outcome: str = "") -> None:
        """No more readings come; what an ended container held is no news of what it holds."""
        self.is_over, self.error, self.outcome = True, error, outcome
        if error is not None:
            self.sample, self.processes = None, ()

    @property
    def restarts(self) -> int:
        """Restarts of the container while it was watched."""
        return self.status.restart_count - self._restarts_before

    @property
    def spec(self) -> LoadSpec | None:
        """The load of ours that runs here, None where there is none."""
        return self.plan.spec if self.plan else None

    @property
    def stress_bytes(self) -> int | None:
        """What a load of ours holds in the target, wherever it was started."""
        if self.plan is not None:
            return self.sample.held_bytes if self.sample else None
        return load_rss_bytes(self.processes) if self.processes else None

    @property
    def load_elapsed_ms(self) -> int | None:
        """How long the load has been growing or held; None before it began."""
        if self.sample is None or self._first_of_load is None:
            return None
        return self.sample.elapsed_ms - self._first_of_load.elapsed_ms

    @property
    def load_began_ms(self) -> int | None:
        """When the load began to grow, on the client's time axis; None before."""
        return self._first_of_load.at_ms if self._first_of_load else None

    @property
    def oom_kills(self) -> int | None:
        """OOM kills during the load, or since the container's start where there is none.

        None where they could not be counted; the counter of a container that started again begins
        anew, and so tells nothing of the one before.
        """
        last = self.sample.memory.oom_kill if self.sample else None
        if self.plan is None:
            return last
        if self._first is None:
            return 0
        first = self._first.memory.oom_kill
        return None if last is None or first is None or last < first else last - first

    @property
    def is_still_running(self) -> bool:
        """Whether the container is the one that was read: its processes ended with it."""
        is_same = self.status.container_id == self.target.container_id
        return is_same and self.status.state == "running"

    @property
    def first_victim(self) -> Process | None:
        """Who would die first if the memory ran out as it is now."""
        if self.hello is None or self.sample is None or not self.is_still_running:
            return None
        return victim_now(self.target, self.hello, self.sample.memory, self.processes)
