"""What the agent is told: arguments, and bytes on its stdin (image/PROTOCOL.md). Pure."""

from dataclasses import dataclass

from kubectl_stress.agent.identity import agent_text

HEARTBEAT = b"."
STOP = b"stop\n"
GO = b"go\n"
READ = b"read\n"
LIST = b"list\n"


def probe_arguments(
    *,
    container_id: str | None = None,
    target_pid: int | None = None,
    duration_ms: int = 0,
    sample_interval_ms: int = 1_000,
) -> list[str]:
    """Arguments of one reading, or of readings that go on for `duration_ms`.

    The target is process 1, or a container's first process, or a pid.
    """
    options: dict[str, object] = {}
    if container_id is not None:
        options["target-container"] = container_id
    if target_pid is not None:
        options["target-pid"] = target_pid
    if duration_ms:
        options |= {"duration-ms": duration_ms, "sample-interval-ms": sample_interval_ms}
    return [
        "probe",
        *(word for name, value in options.items() for word in (f"--{name}", str(value))),
    ]


def wait_for_go_arguments(timeout_ms: int) -> list[str]:
    """What makes a `run` read, allocate nothing, and wait for GO: at most so long."""
    return ["--wait-for-go", "--go-timeout-ms", str(timeout_ms)]


def sample_interval_arguments(interval_ms: int) -> list[str]:
    """How often a `run` or a streaming `probe` reports."""
    return ["--sample-interval-ms", str(interval_ms)]


def go_at(elapsed_ms: int) -> bytes:
    """GO at a moment of the agent's own time; at once where that has passed."""
    return f"go {max(0, elapsed_ms)}\n".encode()


def hold_command(duration_ms: int) -> bytes:
    """How long the load is held from when that begins, anew."""
    return f"hold {duration_ms}\n".encode()


def stop_command(by: str) -> bytes:
    """Has a holder ask every run in its sight to end, and tell each of them by whom."""
    return f"stop by {agent_text(by)}\n".encode()


def numbered(number: int, command: bytes) -> bytes:
    """The command with an ID: its answer ends with `done` of this number."""
    return f"#{number} ".encode() + command


def load_command(percent: float) -> bytes:
    """Turns each CPU worker to this percentage of one CPU."""
    return f"load {percent_text(percent)}\n".encode()


def cpu_level_command(percent: float) -> bytes:
    """Holds the CPU use of the whole container at this percentage of one CPU from now on."""
    return f"cpu-level {percent_text(percent)}\n".encode()


def level_command(level: str, metric: str) -> bytes:
    """Holds the whole container at this level from now on."""
    return f"level {level} {metric}\n".encode()


def end_arguments() -> list[str]:
    """Arguments that end the holder."""
    return ["end"]


@dataclass(frozen=True)
class MemoryOptions:
    """What the agent is told of a memory load; sizes in bytes, times in milliseconds."""

    size_bytes: int | None
    workers: int = 1
    oom_score_adj: int | None = None
    kind: str = "anon"
    dirty_bytes_per_s: int = 0
    steps_bytes: tuple[int, ...] = ()
    step_hold_ms: int = 0
    level: str | None = None  # instead of a size
    level_metric: str | None = None

    def words(self) -> dict[str, object]:
        """By the names of the options."""
        goal: dict[str, object] = {"size-bytes": self.size_bytes}
        if self.level is not None:
            goal = {"level": self.level, "level-metric": self.level_metric}
        options: dict[str, object] = {
            **goal,
            "workers": self.workers,
            "oom-score-adj": "same" if self.oom_score_adj is None else self.oom_score_adj,
            "kind": self.kind,
            "dirty-bytes-per-s": self.dirty_bytes_per_s,
        }
        if self.steps_bytes:
            options["steps-bytes"] = ",".join(map(str, self.steps_bytes))
            options["step-hold-ms"] = self.step_hold_ms
        return options


@dataclass(frozen=True)
class CpuOptions:
    """What the agent is told of a CPU load: a percentage of one CPU for each worker."""

    load_percent: float
    workers: int = 1
    is_level: bool = False  # the percentage is then that of the whole container

    def words(self) -> dict[str, object]:
        """By the names of the options."""
        name = "cpu-level" if self.is_level else "load-percent"
        return {name: percent_text(self.load_percent), "cpu-workers": self.workers}


def percent_text(percent: float) -> str:
    """With at most the three decimals that the agent takes."""
    return f"{percent:.3f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class RunOptions:
    """What `agent run` is told: one load or both, and their course in milliseconds."""

    duration_ms: int
    ramp_ms: int = 0
    settle_ms: int = 0
    sample_interval_ms: int = 100
    memory: MemoryOptions | None = None
    cpu: CpuOptions | None = None
    pod_limit_bytes: int | None = None

    def arguments(self, holder_pid: int | None) -> list[str]:
        """The words after the binary's path."""
        options: dict[str, object] = {
            "ramp-ms": self.ramp_ms,
            "duration-ms": self.duration_ms,
            "settle-ms": self.settle_ms,
            "sample-interval-ms": self.sample_interval_ms,
        }
        if self.pod_limit_bytes is not None:
            options["pod-limit-bytes"] = self.pod_limit_bytes
        if holder_pid is not None:
            options["holder-pid"] = holder_pid
        named = {"mem": self.memory, "cpu": self.cpu}
        loads = {name: load for name, load in named.items() if load is not None}
        for load in loads.values():
            options = load.words() | options
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return ["run", *loads, *words]
