"""What a search is asked: how fine, how often, how far and how long. Pure."""

from dataclasses import dataclass

from kubectl_stress.errors import UsageError
from kubectl_stress.search.units import Searched, Unit, unit_of

DEFAULT_ATTEMPTS = 3
DEFAULT_MAX_RESTARTS = 6
DEFAULT_MAX_MS = 30 * 60_000
DEFAULT_LEVEL_HOLD_MS = 15_000
DEFAULT_MARGIN_PERCENT = 20
DEFAULT_RESOLUTION_PERCENT = 2
_STEP_PERCENT = 10


@dataclass(frozen=True)
class SearchSettings:
    """A search below `ceiling` for a container of this limit; all levels are what is added to it.

    Amounts are in the unit of `resource`.

    Both sides of the boundary are tried `attempts` times. Where that makes a short search, the side
    that survived is tried more often, up to `least_tries` in all, since that costs no restart: an
    app that fails every second time at random agrees with one of some 50 boundaries in n tries with
    a chance of 50 / 2^n.
    """

    limit: int
    resolution: int
    ceiling: int
    attempts: int = DEFAULT_ATTEMPTS
    max_restarts: int = DEFAULT_MAX_RESTARTS
    max_ms: int = DEFAULT_MAX_MS
    hold_ms: int = DEFAULT_LEVEL_HOLD_MS
    avoids_oom: bool = False
    margin_percent: int = DEFAULT_MARGIN_PERCENT
    max_latency_ms: int | None = None
    resource: Searched = Searched.MEMORY
    max_throttled_percent: float | None = None

    def __post_init__(self) -> None:
        sizes = (self.limit, self.resolution, self.ceiling, self.hold_ms)
        if min(*sizes, self.attempts) <= 0 or min(self.margin_percent, self.max_ms) < 0:
            raise UsageError("a search needs a limit, a resolution, a ceiling, tries and time")

    @property
    def unit(self) -> Unit:
        """How its levels are counted."""
        return unit_of(self.resource)

    @property
    def step(self) -> int:
        """The first steps upwards: 10 % of the limit, but never finer than the resolution."""
        return max(self.unit.whole(self.limit * _STEP_PERCENT // 100), self.resolution)

    @property
    def least_failures(self) -> int:
        """How many tries fail from the boundary on, where that ends nothing in the container.

        All 9 tries of an app that fails every second one at random fail in 1 of 512 searches.
        """
        return 4 * self.attempts - 3

    @property
    def least_tries(self) -> int:
        """How many tries there are in all, at the least, before there is a number."""
        return 6 * self.attempts - 5
