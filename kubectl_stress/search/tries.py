"""One try of a search: the level, how the container lived with it, and what it cost. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Mark(Enum):
    """How a try ended; the values are stable words for scripts and recordings."""

    FITS = "fits"
    OOM = "oom"
    READINESS_LOST = "readiness-lost"
    SLOW = "slow"
    THROTTLED = "throttled"
    NO_HEADROOM = "no-headroom"
    TIMED_OUT = "timed-out"
    CRASHED = "crashed"
    INCONCLUSIVE = "inconclusive"

    @property
    def is_end(self) -> bool:
        """Whether a process of the container ended of it, and mostly the container."""
        return self in (Mark.OOM, Mark.CRASHED)


@dataclass(frozen=True)
class Try:
    """A load of `level` held beside the app, in its resource's unit, and what was seen meanwhile.

    `at_ms` is since the start of the command that made it, `time_ms` the node's wall clock; both
    are of its first sample. `took_ms` counts the recovery before it, which is `recovery_ms`: until
    the container ran again, was ready, and held what it did before. Pressure is the highest of the
    10 s averages of PSI, None on cgroup v1. `latency_ms` is that of the slowest health check.

    CPU use is measured under a CPU load alone, on average over the hold: the app's is that of the
    container without the load's, and its peak that of the busiest second.
    """

    level: int
    mark: Mark
    evidence: str
    at_ms: int = 0
    time_ms: int = 0
    took_ms: int = 0
    recovery_ms: int = 0
    held_bytes: int = 0
    peak_usage_bytes: int | None = None
    least_headroom_bytes: int | None = None
    pressure_some_percent: float | None = None
    pressure_full_percent: float | None = None
    high_events: int | None = None
    oom_kills: int = 0
    probe_failures: int = 0
    not_ready_ms: int = 0
    restarts: int = 0
    latency_ms: int | None = None
    failed_checks: int = 0
    app_millicores: float | None = None
    app_peak_millicores: float | None = None
    load_millicores: float | None = None
    throttled_percent: float | None = None
    cpu_pressure_some_percent: float | None = None


@dataclass(frozen=True)
class Stopped:
    """Why the search itself released a load before its time."""

    mark: Mark
    text: str


@dataclass(frozen=True)
class Spent:
    """What a search has used up of what it may."""

    took_ms: int = 0
    restarts: int = 0

    @classmethod
    def of(cls, tries: Iterable[Try]) -> "Spent":
        """What these tries cost together."""
        found = tuple(tries)
        return cls(sum(one.took_ms for one in found), sum(one.restarts for one in found))
