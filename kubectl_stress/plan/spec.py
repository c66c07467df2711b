"""What was asked for, validated and immutable. Pure: no I/O, nothing of the cluster."""

from dataclasses import dataclass
from enum import Enum

from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.stop_on import StopOn


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
    """A memory load: `amount` added to the target for `duration_ms`, after a ramp of `ramp_ms`."""

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

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= 64:
            raise UsageError(f"--workers {self.workers}: give a number from 1 to 64")
        if not 1 <= self.max_restarts <= 100:
            raise UsageError(f"--max-restarts {self.max_restarts}: give a number from 1 to 100")
        if self.duration_ms <= 0:
            raise UsageError("--duration must be more than 0")
