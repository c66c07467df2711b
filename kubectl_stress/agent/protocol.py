"""The contract with the agent: arguments out, JSON lines in. Pure and sans-IO.

The wire is described in image/PROTOCOL.md; this module and image/ are held to the same streams.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from kubectl_stress.agent.samples import Cpu, Memory, Process, Sample

PROTOCOL = 1
HEARTBEAT = b"."
STOP = b"stop\n"
MAX_LINE_BYTES = 65_536


class ExitCode(IntEnum):
    """The agent's exit codes; image/ has the same enum, and a test compares them."""

    OK = 0
    USAGE = 2
    NOT_A_MEMBER = 10
    NO_MEMORY = 11
    WORKERS_KILLED = 12
    OOM_SCORE_ADJ = 13
    STDIN_CLOSED = 20
    HEARTBEAT_LOST = 21
    DEADLINE = 22
    TARGET_GONE = 23
    SIGNAL = 24
    INTERNAL = 70


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


@dataclass(frozen=True)
class Processes:
    """The processes that the agent sees, highest badness first."""

    elapsed_ms: int
    processes: tuple[Process, ...]

    def beside(self, reader: Hello) -> tuple[Process, ...]:
        """All but the probe that read them: it is over when it counts."""
        return tuple(process for process in self.processes if process.pid != reader.pid)


@dataclass(frozen=True)
class PhaseStart:
    """The load entered a phase: baseline, ramp, hold, release or settle."""

    elapsed_ms: int
    phase: str
    held_bytes: int


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
    """The agent's last line."""

    elapsed_ms: int
    reason: str
    exit_code: int
    held_max_bytes: int
    dropped: int


@dataclass(frozen=True)
class Garbage:
    """A line that is no message of the protocol; its first 200 characters."""

    text: str


Message = Hello | Sample | Processes | PhaseStart | WorkerKilled | AgentError | Bye | Garbage


class Decoder:
    """Bytes in any portions to messages; never raises, whatever comes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[Message]:
        """The messages completed by `chunk`; a half line waits for the next."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        found = [message for line in lines if (message := decode_line(line)) is not None]
        if len(self._rest) > MAX_LINE_BYTES:
            found.append(Garbage(_shown(self._rest)))
            self._rest = b""
        return found

    def flush(self) -> list[Message]:
        """What is left at the end of the stream: a cut line is garbage and says so."""
        rest, self._rest = self._rest, b""
        message = decode_line(rest) if rest else None
        return [] if message is None else [message]


def decode_line(line: bytes) -> Message | None:
    """One line as a message; None for an empty line or a type that this version does not know."""
    if not line.strip():
        return None
    try:
        values = json.loads(line)
        build = _BUILDERS.get(values["type"])
        return None if build is None else build(values)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Garbage(_shown(line))


def _shown(line: bytes) -> str:
    return line[:200].decode("utf-8", "replace")


def _hello(values: Mapping[str, Any]) -> Hello:
    target = values.get("target") or {}
    return Hello(
        protocol=values["protocol"],
        version=values["version"],
        elapsed_ms=values["elapsed_ms"],
        pid=values["pid"],
        cgroup_version=values.get("cgroup_version"),
        cpus=values.get("cpus"),
        oom_score_adj=values.get("oom_score_adj"),
        target_oom_score_adj=target.get("oom_score_adj"),
        oom_group=values.get("oom_group"),
        node_total_bytes=values.get("node_total_bytes"),
        node_available_bytes=values.get("node_available_bytes"),
        node_swap_total_bytes=values.get("node_swap_total_bytes"),
        membership=dict(values.get("membership") or {}),
        holder_pid=values.get("holder_pid"),
        uid=values.get("uid"),
        gid=values.get("gid"),
        target_pid=target.get("pid"),
        target_uid=target.get("uid"),
        target_gid=target.get("gid"),
    )


def _sample(values: Mapping[str, Any]) -> Sample:
    load = values.get("load") or {}
    return Sample(
        elapsed_ms=values["elapsed_ms"],
        time_ms=values["time_ms"],
        phase=values.get("phase", ""),
        size_bytes=load.get("size_bytes") or 0,
        held_bytes=load.get("held_bytes") or 0,
        memory=Memory.from_dict(values.get("memory") or {}),
        cpu=Cpu.from_dict(values.get("cpu") or {}),
        cgroup_same=values.get("cgroup_same"),
        dropped=values.get("dropped") or 0,
        node_available_bytes=values.get("node_available_bytes"),
    )


def _processes(values: Mapping[str, Any]) -> Processes:
    found = tuple(Process.from_dict(entry) for entry in values["processes"])
    return Processes(values["elapsed_ms"], found)


def _phase(values: Mapping[str, Any]) -> PhaseStart:
    return PhaseStart(values["elapsed_ms"], values["phase"], values.get("held_bytes") or 0)


def _worker_killed(values: Mapping[str, Any]) -> WorkerKilled:
    return WorkerKilled(
        elapsed_ms=values["elapsed_ms"],
        pid=values["pid"],
        signal=values["signal"],
        held_bytes=values.get("held_bytes") or 0,
        oom_kill_before=values.get("oom_kill_before"),
        oom_kill_after=values.get("oom_kill_after"),
        oom_group_kill_before=values.get("oom_group_kill_before"),
        oom_group_kill_after=values.get("oom_group_kill_after"),
    )


def _error(values: Mapping[str, Any]) -> AgentError:
    return AgentError(values["code"], values.get("message", ""))


def _bye(values: Mapping[str, Any]) -> Bye:
    return Bye(
        values["elapsed_ms"],
        values["reason"],
        values["exit_code"],
        values.get("held_max_bytes") or 0,
        values.get("dropped") or 0,
    )


_BUILDERS: dict[str, Callable[[Mapping[str, Any]], Message]] = {
    "hello": _hello,
    "sample": _sample,
    "processes": _processes,
    "phase": _phase,
    "worker-killed": _worker_killed,
    "error": _error,
    "bye": _bye,
}


def hold_arguments(linger_ms: int) -> list[str]:
    """Arguments of the holder, the ephemeral container's own process."""
    return ["hold", "--linger-ms", str(linger_ms)]


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


def end_arguments() -> list[str]:
    """Arguments that end the holder."""
    return ["end"]


@dataclass(frozen=True)
class MemoryLoad:
    """What `agent run mem` is told; sizes in bytes, times in milliseconds."""

    size_bytes: int
    duration_ms: int
    ramp_ms: int = 0
    workers: int = 1
    oom_score_adj: int | None = None
    kind: str = "anon"
    dirty_bytes_per_s: int = 0
    settle_ms: int = 0
    sample_interval_ms: int = 100

    def arguments(self, holder_pid: int | None) -> list[str]:
        """The words after the binary's path."""
        adjustment = "same" if self.oom_score_adj is None else str(self.oom_score_adj)
        options = {
            "size-bytes": self.size_bytes,
            "workers": self.workers,
            "ramp-ms": self.ramp_ms,
            "duration-ms": self.duration_ms,
            "settle-ms": self.settle_ms,
            "sample-interval-ms": self.sample_interval_ms,
            "oom-score-adj": adjustment,
            "kind": self.kind,
            "dirty-bytes-per-s": self.dirty_bytes_per_s,
        }
        if holder_pid is not None:
            options["holder-pid"] = holder_pid
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return ["run", "mem", *words]
