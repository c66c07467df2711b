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

    Both sides of the boundary are tried `attempts` times. Where that makes a short search, the side
    that survived is tried more often, up to `least_tries` in all, since that costs no restart: an
    app that fails every second time at random agrees with one of some 50 boundaries in n tries with
    a chance of 50 / 2^n.
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
    def least_tries(self) -> int:
        """How many tries there are in all, at the least, before there is a number."""
        return 6 * self.attempts - 5


def whole_pages(size_bytes: int) -> int:
    """Rounded down to pages of memory, at least one."""
    return max(PAGE_BYTES, size_bytes // PAGE_BYTES * PAGE_BYTES)
