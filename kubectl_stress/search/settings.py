"""What a search is asked: how fine, how often, how far and how long. Pure."""

from dataclasses import dataclass

from kubectl_stress.errors import UsageError
from kubectl_stress.quantity import PAGE_BYTES

DEFAULT_ATTEMPTS = 3
DEFAULT_MAX_RESTARTS = 6
DEFAULT_MAX_MS = 30 * 60_000
DEFAULT_LEVEL_HOLD_MS = 15_000
DEFAULT_MARGIN_PERCENT = 20
DEFAULT_RESOLUTION_PERCENT = 2
_STEP_PERCENT = 10


@dataclass(frozen=True)
class SearchSettings:
    """A search below `ceiling_bytes` for a container of this limit; all levels are ballast.

    A level that survived is tried twice as often as `attempts` before it counts, since that costs
    no restart: with three tries on both sides, one of 16 apps that fail every second time at random
    would be given a number.
    """

    limit_bytes: int
    resolution_bytes: int
    ceiling_bytes: int
    attempts: int = DEFAULT_ATTEMPTS
    max_restarts: int = DEFAULT_MAX_RESTARTS
    max_ms: int = DEFAULT_MAX_MS
    hold_ms: int = DEFAULT_LEVEL_HOLD_MS
    avoids_oom: bool = False
    margin_percent: int = DEFAULT_MARGIN_PERCENT
    max_latency_ms: int | None = None

    def __post_init__(self) -> None:
        sizes = (self.limit_bytes, self.resolution_bytes, self.ceiling_bytes, self.hold_ms)
        if min(*sizes, self.attempts) <= 0 or min(self.margin_percent, self.max_ms) < 0:
            raise UsageError("a search needs a limit, a resolution, a ceiling, tries and time")

    @property
    def step_bytes(self) -> int:
        """The first steps upwards: 10 % of the limit, but never finer than the resolution."""
        return max(whole_pages(self.limit_bytes * _STEP_PERCENT // 100), self.resolution_bytes)

    @property
    def attempts_survived(self) -> int:
        """How often the highest level that survived is tried."""
        return 2 * self.attempts


def whole_pages(size_bytes: int) -> int:
    """Rounded down to pages of memory, at least one."""
    return max(PAGE_BYTES, size_bytes // PAGE_BYTES * PAGE_BYTES)
