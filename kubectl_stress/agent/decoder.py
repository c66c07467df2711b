"""JSON lines of the agent to messages. Pure and sans-IO.

The wire is described in image/PROTOCOL.md; this module and image/ are held to the same streams.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from kubectl_stress.agent.protocol import (
    AgentError,
    Bye,
    EndReason,
    Garbage,
    Hello,
    Message,
    PhaseStart,
    Processes,
    WorkerKilled,
)
from kubectl_stress.agent.samples import Cpu, Memory, Phase, Process, Sample
from kubectl_stress.text import clean, clean_bytes

MAX_LINE_BYTES = 65_536


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
    return clean_bytes(line[:200])


def _hello(values: Mapping[str, Any]) -> Hello:
    target = values.get("target") or {}
    return Hello(
        protocol=values["protocol"],
        version=clean(values["version"]),
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
        phase=Phase(values.get("phase") or ""),
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
    return PhaseStart(values["elapsed_ms"], Phase(values["phase"]), values.get("held_bytes") or 0)


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
    return AgentError(clean(values["code"]), clean(values.get("message", "")))


def _bye(values: Mapping[str, Any]) -> Bye:
    return Bye(
        values["elapsed_ms"],
        EndReason(values["reason"]),
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
