"""What was asked for, validated and immutable. Pure: no I/O, nothing of the cluster.

A load is its course in time and, by the name of its resource, what is loaded: memory, CPU or both.
"""

from dataclasses import dataclass, field, replace
from itertools import pairwise

from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.load_words import AfterOom, LoadKind, Metric
from kubectl_stress.plan.stop_on import StopOn

_MOST_STEPS = 64  # as many as the agent takes
_A_DAY_MS = 24 * 3_600_000


@dataclass(frozen=True)
class Leak:
    """Memory that grows evenly to its size or level, for `longest_ms` at most (`--leak`)."""

    bytes_per_s: float
    longest_ms: int

    def __post_init__(self) -> None:
        if self.longest_ms > _A_DAY_MS:
            raise UsageError("--leak grows for a day at most: give a shorter --duration")


@dataclass(frozen=True)
class Schedule:
    """The course of a load: a ramp to its first size, each step held, then the last size held."""

    duration_ms: int = 60_000
    ramp_ms: int = 0
    step_hold_ms: int = 10_000

    def __post_init__(self) -> None:
        if self.duration_ms <= 0:
            raise UsageError("--duration must be more than 0")
        if self.step_hold_ms <= 0:
            raise UsageError("--step-hold must be more than 0")


@dataclass(frozen=True)
class MemoryLoad:
    """`amount` of memory added to the target, in total over all workers; `steps` come before it.

    With a `metric` the amount, and each step, is the level at which the whole container is held.
    """

    amount: Amount
    steps: tuple[Amount, ...] = ()
    workers: int = 1
    oom_score_adj: int | None = None  # None: the target's own
    kind: LoadKind = LoadKind.ANON
    dirty_bytes_per_s: int = 0
    after_oom: AfterOom = AfterOom.STOP
    max_restarts: int = 3
    metric: Metric | None = None
    leak: Leak | None = None

    def __post_init__(self) -> None:
        _check_workers(self.workers)
        if self.leak is not None and self.steps:
            raise UsageError("--leak grows evenly: it takes no --steps")
        if self.metric is not None and self.kind is LoadKind.FILE:
            raise UsageError("--to holds memory that is not reclaimed: use --kind anon or shm")
        if not 1 <= self.max_restarts <= 100:
            raise UsageError(f"--max-restarts {self.max_restarts}: give a number from 1 to 100")
        _check_steps((*self.steps, self.amount))


@dataclass(frozen=True)
class CpuLoad:
    """`amount` of CPU time added to the target, in total over all workers; `steps` come before.

    `is_level`: the amount, and each step, is what the whole container is held at.
    """

    amount: Amount
    steps: tuple[Amount, ...] = ()
    workers: int | None = None  # None: as many as the amount needs
    is_level: bool = False

    def __post_init__(self) -> None:
        if self.workers is not None:
            _check_workers(self.workers)
        _check_steps((*self.steps, self.amount))


@dataclass(frozen=True)
class LoadSpec:
    """A load: at least one of `memory` and `cpu`, on one schedule.

    `stop_on` is what releases it before its time.
    """

    memory: MemoryLoad | None = None
    cpu: CpuLoad | None = None
    schedule: Schedule = field(default_factory=Schedule)
    stop_on: tuple[StopOn, ...] = ()
    pressure_percent: float | None = None  # that StopOn.MEMORY_PRESSURE is about

    def __post_init__(self) -> None:
        if not (self.memory or self.cpu):
            raise UsageError("a load needs memory or CPU")

    @property
    def step_count(self) -> int:
        """How many sizes are held before the last."""
        return max(len(load.steps) for load in (self.memory, self.cpu) if load)

    @property
    def total_ms(self) -> int:
        """From the first growth to the release."""
        schedule = self.schedule
        steps_ms = self.step_count * schedule.step_hold_ms
        return schedule.ramp_ms + steps_ms + schedule.duration_ms

    def lasting(self, total_ms: int) -> "LoadSpec":
        """The same without steps, for so long from the first growth to the release."""
        held_ms = total_ms - self.schedule.ramp_ms
        return replace(self, schedule=replace(self.schedule, duration_ms=held_ms))

    @property
    def longest_ms(self) -> int:
        """From the first growth to the last release, with all that may come again."""
        leak = self.memory.leak if self.memory else None
        once_ms = max(self.total_ms, leak.longest_ms if leak else 0)
        return once_ms * (1 + self.most_repeats)

    @property
    def most_repeats(self) -> int:
        """How often the load begins again after an OOM kill."""
        is_repeated = self.memory is not None and self.memory.after_oom is AfterOom.REPEAT
        return self.memory.max_restarts if self.memory and is_repeated else 0


def _check_workers(workers: int) -> None:
    if not 1 <= workers <= 64:
        raise UsageError(f"--workers {workers}: give a number from 1 to 64")


def _check_steps(sizes: tuple[Amount, ...]) -> None:
    if len(sizes) - 1 > _MOST_STEPS:
        raise UsageError(f"--steps: at most {_MOST_STEPS} steps")
    for low, high in pairwise(sizes):
        if not low.is_less_than(high):
            raise UsageError(
                "steps must rise, and all have the same base, like 50%,75%,90%: "
                f'"{high.text}" follows "{low.text}"'
            )
