"""JSON lines of the agent to messages. Pure and sans-IO.

The wire is described in image/PROTOCOL.md; this module and image/ are held to the same streams.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_stress.agent.protocol import (
    AgentError,
    Arrived,
    Bye,
    Done,
    EndReason,
    Garbage,
    Hello,
    Message,
    PhaseStart,
    Processes,
    RunningLoad,
    WorkerKilled,
)
from kubectl_stress.agent.samples import Cpu, CpuLoadReading, Memory, Phase, Process, Sample
from kubectl_stress.text import clean, clean_bytes

MAX_LINE_BYTES = 65_536


@dataclass(frozen=True)
class ProcessesPart:
    """One line of a set of processes; version 1 had a set a line."""

    elapsed_ms: int
    of_set: tuple[str, int]
    number: int
    is_last: bool
    seen: int | None
    processes: tuple[Process, ...]


class Decoder:
    """Bytes in any portions to messages; never raises, whatever comes."""

    def __init__(self) -> None:
        self._rest, self._parts = b"", list[ProcessesPart]()

    def feed(self, chunk: bytes) -> list[Message]:
        """The messages completed by `chunk`; a half line waits for the next."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        found = [message for line in lines if (message := self._message(line)) is not None]
        if len(self._rest) > MAX_LINE_BYTES:
            found.append(Garbage(_shown(self._rest)))
            self._rest = b""
        return found

    def flush(self) -> list[Message]:
        """What is left at the end of the stream: a cut line is garbage and says so."""
        rest, self._rest = self._rest, b""
        message = self._message(rest) if rest else None
        return [] if message is None else [message]

    def _message(self, line: bytes) -> Message | None:
        decoded = decode_line(line)
        return self._joined(decoded) if isinstance(decoded, ProcessesPart) else decoded

    def _joined(self, part: ProcessesPart) -> Processes | None:
        """The set that this part completes; one of which a part is missing is never told."""
        if part.number == 1:
            self._parts = []
        self._parts.append(part)
        numbers = [known.number for known in self._parts if known.of_set == part.of_set]
        if not part.is_last or numbers != list(range(1, part.number + 1)):
            return None
        rows = tuple(process for known in self._parts for process in known.processes)
        return Processes(part.elapsed_ms, rows, part.seen)


def decode_line(line: bytes) -> Message | ProcessesPart | None:
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
        run=clean(values.get("run") or ""),
        features=tuple(clean(feature) for feature in values.get("features") or ()),
        command=clean(values.get("command") or ""),
        started_by=_text(values.get("started_by")),
    )


def _text(value: Any) -> str | None:
    return None if value is None else clean(value)


_SAME = {"same": True, "inside": True, "above": True, "different": False}


def _is_member(values: Mapping[str, Any]) -> bool | None:
    """Whether the load meets the target's limit; version 1 said `cgroup_same`."""
    if "cgroup" in values:
        return _SAME.get(values["cgroup"])
    same: bool | None = values.get("cgroup_same")
    return same


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
        cgroup_same=_is_member(values),
        dropped=values.get("dropped") or 0,
        node_available_bytes=values.get("node_available_bytes"),
        cpu_load=_cpu_load(values),
        level_bytes=load.get("level_bytes"),
        level_state=_text(load.get("level_state")),
        late_ms=values.get("late_ms") or 0,
        missed=values.get("missed") or 0,
    )


def _cpu_load(values: Mapping[str, Any]) -> CpuLoadReading | None:
    """Version 1 had it among `load`, with the percentage and the time used."""
    load = values.get("load") or {}
    found = values.get("cpu_load") or (load if "load_percent" in load else None)
    return None if found is None else CpuLoadReading.from_dict(found)


def _processes(values: Mapping[str, Any]) -> ProcessesPart:
    return ProcessesPart(
        elapsed_ms=values["elapsed_ms"],
        of_set=(values.get("run", ""), values.get("set", 0)),
        number=values.get("part", 1),
        is_last=values.get("last", True),
        seen=values.get("seen"),
        processes=tuple(Process.from_dict(entry) for entry in values["processes"]),
    )


def _phase(values: Mapping[str, Any]) -> PhaseStart:
    held = values.get("held_bytes") or 0
    return PhaseStart(values["elapsed_ms"], Phase(values["phase"]), held, values.get("step"))


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
    load_reason = values.get("load_reason")
    return Bye(
        values["elapsed_ms"],
        EndReason(values["reason"]),
        values["exit_code"],
        values.get("held_max_bytes") or 0,
        values.get("dropped") or 0,
        None if load_reason is None else EndReason(load_reason),
        _text(values.get("by")),
    )


def _arrived(values: Mapping[str, Any]) -> Arrived:
    return Arrived(
        values["elapsed_ms"],
        values.get("id"),
        values.get("size_bytes"),
        values.get("held_bytes"),
        values.get("load_percent"),
    )


def _done(values: Mapping[str, Any]) -> Done:
    return Done(
        values["elapsed_ms"],
        values.get("id"),
        _text(values.get("command")),
        values["ok"],
        _text(values.get("code")),
        _text(values.get("message")),
        values.get("count"),
    )


def _running_load(values: Mapping[str, Any]) -> RunningLoad:
    load = values["load"]
    started_by = _text(load.get("started_by"))
    run = clean(load["run"])
    return RunningLoad(values["elapsed_ms"], run, load["pid"], started_by, load["detached"])


_BUILDERS: dict[str, Callable[[Mapping[str, Any]], Message | ProcessesPart]] = {
    "hello": _hello,
    "sample": _sample,
    "processes": _processes,
    "phase": _phase,
    "worker-killed": _worker_killed,
    "arrived": _arrived,
    "done": _done,
    "load": _running_load,
    "error": _error,
    "bye": _bye,
}
