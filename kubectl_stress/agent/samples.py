"""Readings of the agent as values: one sample, and the series of a run. Pure: no I/O.

Sizes in bytes. `None` is not there or not readable; for a limit beside a readable usage it is no
limit. The fields are those of image/PROTOCOL.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self


def _known(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {entry.name for entry in fields(cls)}
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
        if self.usage_bytes is None or self.limit_bytes is None:
            return None
        return self.limit_bytes - self.usage_bytes


@dataclass(frozen=True)
class Cpu:
    """cpu.stat and the CPU limit of the target's cgroup; times in microseconds."""

    usage_us: int | None = None
    nr_periods: int | None = None
    nr_throttled: int | None = None
    throttled_us: int | None = None
    limit_millicores: int | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Unknown keys are ignored."""
        return cls(**_known(cls, values))


@dataclass(frozen=True)
class Sample:
    """One reading: `elapsed_ms` since the agent's start, `time_ms` the node's wall clock."""

    elapsed_ms: int
    time_ms: int
    phase: str
    size_bytes: int
    held_bytes: int
    memory: Memory
    cpu: Cpu = field(default_factory=Cpu)
    cgroup_same: bool | None = None  # whether the load is in the target's cgroup
    dropped: int = 0
    node_available_bytes: int | None = None  # MemAvailable of the node's /proc/meminfo
    at_ms: int = 0  # since the run's start by the client's clock, set on arrival


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

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Unknown keys are ignored."""
        return cls(**_known(cls, values))


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


class Series:
    """All samples of a run in order of arrival, with what a verdict asks of them."""

    def __init__(self, samples: list[Sample] | None = None) -> None:
        self.samples = samples or []
        self._known, self._peak_usage_bytes = 0, -1

    def add(self, sample: Sample) -> None:
        """Append a sample."""
        self.samples.append(sample)

    @property
    def first(self) -> Sample | None:
        """The state before the load."""
        return self.samples[0] if self.samples else None

    @property
    def last(self) -> Sample | None:
        """The last word of the agent, perhaps flushed right before it was killed."""
        return self.samples[-1] if self.samples else None

    @property
    def peak(self) -> Sample | None:
        """The sample with the highest usage."""
        return max(self.samples, key=lambda sample: sample.memory.usage_bytes or 0, default=None)

    @property
    def peak_usage_bytes(self) -> int | None:
        """The highest sampled usage of this run (the kernel's own peak is of its whole life)."""
        # Asked for at each redrawing, in runs of hours: only what is new is looked at.
        for sample in self.samples[self._known :]:
            self._peak_usage_bytes = max(
                self._peak_usage_bytes,
                sample.memory.usage_bytes if sample.memory.usage_bytes is not None else -1,
            )
        self._known = len(self.samples)
        return None if self._peak_usage_bytes < 0 else self._peak_usage_bytes

    @property
    def peak_held_bytes(self) -> int:
        """The most that the load held."""
        return max((sample.held_bytes for sample in self.samples), default=0)

    def delta(self, counter: str) -> int | None:
        """How far a counter of `Memory` rose from the first sample to the last."""
        if self.first is None or self.last is None:
            return None
        before, after = getattr(self.first.memory, counter), getattr(self.last.memory, counter)
        return None if before is None or after is None else after - before
