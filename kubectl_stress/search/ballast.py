"""What a search needs to know of the resource that it takes from the app. Pure."""

from dataclasses import dataclass
from typing import Protocol

from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Sample
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.plan.limit_patch import NewLimit
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.search.curve import Point
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark, Stopped, Try
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.findings import Findings


@dataclass(frozen=True)
class LeastLimit:
    """The least limit with which the app was seen to live, and how it follows from the tries."""

    amount: int
    arithmetic: str


@dataclass(frozen=True)
class Situation:
    """What a reading before the search tells of it.

    `ceiling` is the highest level that may be tried, `headroom` the level at which it most likely
    breaks, and `breaks_by` in which way. `usage` is what the container used before any load.
    `held_bytes` is what the app holds, where it must not hold more before the next try. `notes` go
    into the answer.
    """

    ceiling: int
    headroom: int
    breaks_by: Mark
    restarts_by_failure: bool
    usage: int | None
    held_bytes: int | None
    notes: tuple[str, ...] = ()


class Ballast(Protocol):
    """One resource: `search.memory_ballast` and `search.cpu_ballast` are two of it.

    Amounts are in its `Unit`. `HEADS` are the columns of its own in a table of the levels.
    `WATCH_MS` is for how long the app is watched before the first try; 0: one reading is enough.
    """

    HEADS: tuple[str, ...]
    WATCH_MS: int

    def limit(self, target: Target, /) -> int | None:
        """The limit that a level is taken from."""

    def request(self, target: Target, /) -> int | None:
        """What the container requests."""

    def refuse(self, target: Target, join: Join, /) -> None:
        """Raise Refused for a container that cannot be searched."""

    def parse(self, text: str, /) -> int:
        """A level as a user gives it; raises UsageError."""

    def load_of(self, level: int, hold_ms: int, /) -> LoadSpec:
        """The load of one try, released as soon as the container is not ready or restarts."""

    def situation(
        self,
        settings: SearchSettings,
        target: Target,
        hello: Hello,
        sample: Sample,
        later: Sample | None,
        /,
    ) -> Situation:
        """What is known before the first try; `later` is read after `WATCH_MS`."""

    def stopped(self, settings: SearchSettings, sample: Sample, /) -> Stopped | None:
        """Why a level must be released before its time."""

    def with_readings(self, one: Try, seen: Findings, /) -> Try:
        """The try with what was measured of the resource."""

    def too_much(self, settings: SearchSettings, one: Try, /) -> Stopped | None:
        """Why a level that was held does not fit, by what was measured."""

    def mark(self, known: Mark | None, /) -> Mark | None:
        """How it ended, where `known` is what its outcome alone says."""

    def is_short(self, one: Try, /) -> bool:
        """Whether the load did not reach its size."""

    def least_limit(
        self, settings: SearchSettings, survived: int, tries: tuple[Try, ...], /
    ) -> LeastLimit | None:
        """What follows from the highest level survived; None where it was not measured."""

    def new_limit(self, target: Target, limit: int, /) -> NewLimit:
        """The limit as a patch sets it."""

    def cells(self, point: Point, /) -> dict[str, str]:
        """What a table shows of a level, by its heading."""

    def bar(self, point: Point, /) -> tuple[float, float]:
        """What the app used at a level, and the load beside it."""
