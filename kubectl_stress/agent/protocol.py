"""What the agent says: the messages of image/PROTOCOL.md as values. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from kubectl_stress.agent.samples import Phase, Process, Sample


class ExitCode(IntEnum):
    """The agent's exit codes; image/ has the same enum, and a test compares them."""

    OK = 0
    USAGE = 2
    NOT_A_MEMBER = 10
    NO_MEMORY = 11
    WORKERS_KILLED = 12
    OOM_SCORE_ADJ = 13
    REFUSED = 14
    STDIN_CLOSED = 20
    HEARTBEAT_LOST = 21
    DEADLINE = 22
    TARGET_GONE = 23
    SIGNAL = 24
    NO_GO = 25
    PARTED = 26
    INTERNAL = 70


class EndReason(StrEnum):
    """Why the agent ended; OTHER is a word that this version does not know."""

    DURATION = "duration"
    STOPPED = "stopped"
    USAGE = "usage"
    NOT_A_MEMBER = "not-a-member"
    NO_MEMORY = "no-memory"
    WORKERS_KILLED = "workers-killed"
    OOM_SCORE_ADJ = "oom-score-adj"
    REFUSED = "refused"
    STDIN_CLOSED = "stdin-closed"
    HEARTBEAT_LOST = "heartbeat-lost"
    DEADLINE = "deadline"
    TARGET_GONE = "target-gone"
    SIGNAL = "signal"
    NO_GO = "no-go"
    PARTED = "parted"
    INTERNAL = "internal"
    OTHER = "other"

    @classmethod
    def _missing_(cls, _value: object) -> "EndReason":
        return cls.OTHER


@dataclass(frozen=True)
class Hello:
    """Who the agent is and where it landed."""

    protocol: int
    version: str
    elapsed_ms: int
    pid: int
    cgroup_version: int | None
    cpus: int | None
    oom_score_adj: int | None
    target_oom_score_adj: int | None
    oom_group: bool | None
    node_total_bytes: int | None
    node_available_bytes: int | None
    node_swap_total_bytes: int | None
    membership: Mapping[str, str]
    holder_pid: int | None
    uid: int | None = None
    gid: int | None = None
    target_pid: int | None = None
    target_uid: int | None = None
    target_gid: int | None = None
    run: str = ""
    features: tuple[str, ...] = ()
    command: str = ""
    started_by: str | None = None


@dataclass(frozen=True)
class Processes:
    """The processes that the agent sees, highest badness first; `seen`: how many there were.

    A set comes in one line or several, of which the decoder makes one.
    """

    elapsed_ms: int
    processes: tuple[Process, ...]
    seen: int | None = None

    def beside(self, reader: Hello) -> tuple[Process, ...]:
        """All but the probe that read them: it is over when it counts. A holder stays."""
        if reader.command == "hold":
            return self.processes
        return tuple(process for process in self.processes if process.pid != reader.pid)


@dataclass(frozen=True)
class PhaseStart:
    """The load entered a phase; `step` counts from 1 where there are steps."""

    elapsed_ms: int
    phase: Phase
    held_bytes: int
    step: int | None = None


@dataclass(frozen=True)
class WorkerKilled:
    """A worker died of a signal while its supervisor lived; counters before and after."""

    elapsed_ms: int
    pid: int
    signal: int
    held_bytes: int
    oom_kill_before: int | None
    oom_kill_after: int | None
    oom_group_kill_before: int | None
    oom_group_kill_after: int | None
    at_ms: int = 0  # since the run's start by the client's clock, set on arrival


@dataclass(frozen=True)
class AgentError:
    """Something the agent could not do; a fatal one is followed by Bye."""

    code: str
    message: str


@dataclass(frozen=True)
class Bye:
    """The agent's last line; `load_reason`: why the load was released, `by`: who said so."""

    elapsed_ms: int
    reason: EndReason
    exit_code: int
    held_max_bytes: int
    dropped: int
    load_reason: EndReason | None = None
    by: str | None = None


@dataclass(frozen=True)
class Arrived:
    """What was asked for last is reached; `id` is that of the command, None for the start."""

    elapsed_ms: int
    id: int | None
    size_bytes: int | None = None
    held_bytes: int | None = None
    load_percent: float | None = None


@dataclass(frozen=True)
class Done:
    """A command was taken, or not: then `code` and `message` say why."""

    elapsed_ms: int
    id: int | None
    command: str | None
    ok: bool
    code: str | None = None
    message: str | None = None
    count: int | None = None


@dataclass(frozen=True)
class RunningLoad:
    """A load of ours in sight of a holder, wherever it was started from."""

    elapsed_ms: int
    run: str
    pid: int
    started_by: str | None
    detached: bool


@dataclass(frozen=True)
class Garbage:
    """A line that is no message of the protocol; its first 200 characters."""

    text: str


Message = (
    Hello
    | Sample
    | Processes
    | PhaseStart
    | WorkerKilled
    | Arrived
    | Done
    | RunningLoad
    | AgentError
    | Bye
    | Garbage
)
