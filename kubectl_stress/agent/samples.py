"""Readings of the agent as values. Pure: no I/O.

Sizes in bytes. `None` is not there or not readable; for a limit beside a readable usage it is no
limit. The fields are those of image/PROTOCOL.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from typing import Any, Self

from kubectl_stress.text import clean


class Phase(StrEnum):
    """What the load is doing; NONE outside a load, and for a word that is not known here."""

    NONE = ""
    READY = "ready"
    BASELINE = "baseline"
    RAMP = "ramp"
    HOLD = "hold"
    RELEASE = "release"
    SETTLE = "settle"

    @classmethod
    def _missing_(cls, _value: object) -> "Phase":
        return cls.NONE


@cache
def _names(cls: type) -> frozenset[str]:
    return frozenset(entry.name for entry in fields(cls))


def _known(cls: type, values: Mapping[str, Any]) -> Mapping[str, Any]:
    names = _names(cls)
    if values.keys() <= names:  # ten times a second, and only a newer agent tells more
        return values
    return {name: value for name, value in values.items() if name in names}


@dataclass(frozen=True)
class Memory:
    """The memory controller's files of the target's cgroup, v1 and v2 alike."""

    usage_bytes: int | None = None
    peak_bytes: int | None = None
    limit_bytes: int | None = None
    high_bytes: int | None = None
    swap_bytes: int | None = None
    swap_limit_bytes: int | None = None
    anon_bytes: int | None = None
    file_bytes: int | None = None
    inactive_file_bytes: int | None = None
    shmem_bytes: int | None = None
    kernel_bytes: int | None = None
    pagetables_bytes: int | None = None
    slab_bytes: int | None = None
    max_events: int | None = None
    high_events: int | None = None
    oom: int | None = None
    oom_kill: int | None = None
    oom_group_kill: int | None = None
    pressure_some_avg10_percent: float | None = None
    pressure_full_avg10_percent: float | None = None
    pressure_some_us: int | None = None
    pressure_full_us: int | None = None
    effective_limit_bytes: int | None = None  # the smallest that counts, a pod's among them

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Unknown keys are ignored: a newer agent may tell more."""
        return cls(**_known(cls, values))

    @property
    def working_set_bytes(self) -> int | None:
        """usage − inactive_file, at least 0: cAdvisor's and the kubelet's formula."""
        if self.usage_bytes is None or self.inactive_file_bytes is None:
            return None
        return max(0, self.usage_bytes - self.inactive_file_bytes)

    @property
    def headroom_bytes(self) -> int | None:
        """limit − usage; None without a limit."""
        limits = (self.effective_limit_bytes, self.limit_bytes)
        limit = min((limit for limit in limits if limit is not None), default=None)
        if self.usage_bytes is None or limit is None:
            return None
        return limit - self.usage_bytes


@dataclass(frozen=True)
class Cpu:
    """cpu.stat and the CPU limit of the target's cgroup; times in microseconds."""

    usage_us: int | None = None
    nr_periods: int | None = None
    nr_throttled: int | None = None
    throttled_us: int | None = None
    limit_millicores: int | None = None
    pressure_some_avg10_percent: float | None = None
    pressure_full_avg10_percent: float | None = None
    pressure_some_us: int | None = None
    pressure_full_us: int | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Unknown keys are ignored."""
        return cls(**_known(cls, values))


@dataclass(frozen=True)
class CpuLoadReading:
    """How far a CPU load is: `load_percent` is asked of each worker, in percent of one CPU.

    `used_us` is the CPU time of all workers, `due_us` what they were due by now; `short_percent` by
    how much of one CPU the last second fell short of that, and `short_reason` why.
    """

    load_percent: float | None = None
    workers: int | None = None
    used_us: int | None = None
    due_us: int | None = None
    level_percent: float | None = None
    level_state: str | None = None
    short_percent: float | None = None
    short_reason: str | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Unknown keys are ignored."""
        return cls(**_known(cls, values))


@dataclass(frozen=True)
class Sample:
    """One reading: `elapsed_ms` since the agent's start, `time_ms` the node's wall clock."""

    elapsed_ms: int
    time_ms: int
    phase: Phase
    size_bytes: int
    held_bytes: int
    memory: Memory
    cpu: Cpu = field(default_factory=Cpu)
    cgroup_same: bool | None = None  # whether the load is in the target's cgroup
    dropped: int = 0
    node_available_bytes: int | None = None  # MemAvailable of the node's /proc/meminfo
    cpu_load: CpuLoadReading | None = None
    level_bytes: int | None = None  # of the whole container, where it is held at one
    level_state: str | None = None  # what is measured is `below`, `at` or `above` the level
    late_ms: int = 0  # how much later than due it was taken
    missed: int = 0  # samples left out since the start, because the agent came too late for them
    at_ms: int = 0  # since the run's start by the client's clock, set on arrival


_TEXTS = ("command", "run", "started_by")


@dataclass(frozen=True)
class Process:
    """A process the agent sees; `badness_bytes` by the kernel's formula, None: never chosen."""

    pid: int
    command: str
    role: str
    rss_bytes: int | None
    oom_score_adj: int | None
    badness_bytes: int | None
    swap_bytes: int | None = None
    pagetables_bytes: int | None = None
    run: str | None = None  # of a load of ours: which run, and who started it
    started_by: str | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Unknown keys are ignored; a process names itself as it likes."""
        known = _known(cls, values)
        texts = {name: clean(known[name]) for name in _TEXTS if known.get(name) is not None}
        return cls(**{**known, **texts})

    @property
    def shown_role(self) -> str:
        """The role; of a process that an exec is about to start, still the runtime's own.

        Its name is that of runc until then (opencontainers/runc libcontainer/init_linux.go).
        """
        return "runtime" if self.command.startswith("runc:[") else self.role


def first_victim(processes: tuple[Process, ...]) -> Process | None:
    """The process that the OOM killer would choose: the highest badness, the first among equals."""
    candidates = [process for process in processes if process.badness_bytes is not None]
    return max(candidates, key=lambda process: process.badness_bytes or 0, default=None)


def table_at_peak(tables: Sequence[tuple[Process, ...]]) -> tuple[Process, ...]:
    """The process table in which the load was largest, the last among equals."""
    return max(reversed(tables), key=load_rss_bytes, default=())


def load_rss_bytes(table: Sequence[Process]) -> int:
    """What the processes of loads of ours hold together."""
    return sum(process.rss_bytes or 0 for process in table if process.role == "load")
