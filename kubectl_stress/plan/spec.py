"""What was asked for, validated and immutable. Pure: no I/O, nothing of the cluster."""

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.stop_on import StopOn

_MOST_STEPS = 64  # as many as the agent takes


class LoadKind(Enum):
    """What the load is made of (`--kind`)."""

    ANON = "anon"
    SHM = "shm"
    FILE = "file"


class AfterOom(Enum):
    """What follows when the kernel has killed the load (`--after-oom`)."""

    STOP = "stop"
    REPEAT = "repeat"


@dataclass(frozen=True)
class MemSpec:
    """A memory load: `amount` added to the target for `duration_ms`, after a ramp of `ramp_ms`.

    `steps` are visited before it, each for `step_hold_ms`; the ramp is that of the first.
    """

    amount: Amount
    duration_ms: int = 60_000
    ramp_ms: int = 0
    workers: int = 1
    oom_score_adj: int | None = None  # None: the target's own
    kind: LoadKind = LoadKind.ANON
    dirty_bytes_per_s: int = 0
    after_oom: AfterOom = AfterOom.STOP
    max_restarts: int = 3
    stop_on: tuple[StopOn, ...] = ()
    pressure_percent: float | None = None  # that StopOn.MEMORY_PRESSURE is about
    steps: tuple[Amount, ...] = ()
    step_hold_ms: int = 10_000

    @property
    def total_ms(self) -> int:
        """From the first growth to the release."""
        return self.ramp_ms + len(self.steps) * self.step_hold_ms + self.duration_ms

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= 64:
            raise UsageError(f"--workers {self.workers}: give a number from 1 to 64")
        if not 1 <= self.max_restarts <= 100:
            raise UsageError(f"--max-restarts {self.max_restarts}: give a number from 1 to 100")
        if self.duration_ms <= 0:
            raise UsageError("--duration must be more than 0")
        if self.step_hold_ms <= 0:
            raise UsageError("--step-hold must be more than 0")
        sizes = (*self.steps, self.amount)
        if len(self.steps) > _MOST_STEPS:
            raise UsageError(f"--steps: at most {_MOST_STEPS} steps")
        if not all(low.is_less_than(high) for low, high in pairwise(sizes)):
            raise UsageError("--steps must rise, and all have the same base, like 50%,75%,90%")
