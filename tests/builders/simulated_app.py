"""An app that breaks at a ballast, in a search that is played without a clock or a cluster."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kubectl_stress.quantity import PAGE_BYTES
from kubectl_stress.search.answer import Answer
from kubectl_stress.search.levels import next_step
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark, Spent, Try
from kubectl_stress.search.units import CPU_UNIT, MEMORY_UNIT, Searched
from tests.builders.pods import MIB

Fails = Callable[[int], Mark | None]
# How a failure brings the container down.
_RESTARTING = (Mark.OOM, Mark.CRASHED)
KINDS = (Mark.OOM, Mark.READINESS_LOST, Mark.SLOW, Mark.CRASHED)


def settings(limit_bytes: int = 128 * MIB, **given: Any) -> SearchSettings:
    """A search that nothing but its own rules ends."""
    own: dict[str, Any] = {
        "limit": limit_bytes,
        "resolution": MEMORY_UNIT.whole(limit_bytes * 2 // 100),
        "ceiling": limit_bytes,
        "max_restarts": 1_000,
        "max_ms": 1 << 40,
    }
    return SearchSettings(**{**own, **given})


def cpu_settings(limit: int = 250, **given: Any) -> SearchSettings:
    """As `settings`, for a CPU limit in thousandths of a CPU."""
    own: dict[str, Any] = {
        "resource": Searched.CPU,
        "resolution": CPU_UNIT.whole(limit * 2 // 100),
        "ceiling": limit,
    }
    return settings(limit, **{**own, **given})


def breaks_at(level: int, mark: Mark) -> Fails:
    """An app that fails in one way from this ballast on."""
    return lambda ballast: mark if ballast >= level else None


def flaky_between(low: int, high: int, mark: Mark, draw: random.Random) -> Fails:
    """An app that fails every second time between two levels, and always above."""

    def fails(ballast: int) -> Mark | None:
        return mark if ballast >= high or (ballast >= low and draw.random() < 0.5) else None

    return fails


@dataclass(frozen=True)
class Played:
    """A search from its start to its answer."""

    answer: Answer
    tries: tuple[Try, ...]

    @property
    def failures(self) -> int:
        return sum(one.mark is not Mark.FITS for one in self.tries)

    def is_right(self, low: int, high: int, resolution: int) -> bool:
        """Whether the boundary found is one of an app that first fails between low and high."""
        survived, failed = self.answer.survived, self.answer.failed
        assert survived is not None
        assert failed is not None
        most = resolution if self.answer.flaky is None else 2 * resolution
        is_fine = failed - survived <= most or failed <= resolution + PAGE_BYTES
        return is_fine and survived < high and failed >= low


def search(asked: SearchSettings, fails: Fails, resumed: tuple[Try, ...] = ()) -> Played:
    """The search that this app gets; `resumed` are tries of one that was ended early."""
    tries = list(resumed)
    while True:
        level = next_step(asked, tries, Spent.of(tries[len(resumed) :]))
        if isinstance(level, Answer):
            return Played(level, tuple(tries))
        assert len(tries) < 100, "it does not end"
        mark = fails(level)
        tries.append(
            Try(level, mark or Mark.FITS, "", took_ms=20_000, restarts=int(mark in _RESTARTING))
        )


def blurred_searches(asked: SearchSettings, *, least: int) -> Iterator[tuple[int, int, Played]]:
    """A thousand, each with the levels from which its app fails at random, and always."""
    draw = random.Random(4)
    for number in range(1_000):
        low = draw.randrange(least, asked.limit)
        high = min(asked.limit, low + draw.randrange(1, asked.limit // 5))
        yield low, high, search(asked, flaky_between(low, high, KINDS[number % 4], draw))
