"""All tries of a search by their level: what a table and a picture show. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kubectl_stress.search.tries import Mark, Try


@dataclass(frozen=True)
class Point:
    """One level: how often each mark came, and the worst that was seen of all else."""

    level: int
    marks: tuple[tuple[Mark, int], ...]
    count: int
    peak_usage_bytes: int | None
    held_bytes: int
    least_headroom_bytes: int | None
    pressure_full_percent: float | None
    latency_ms: int | None
    not_ready_ms: int
    probe_failures: int
    restarts: int
    app_millicores: float | None = None
    app_peak_millicores: float | None = None
    load_millicores: float | None = None
    throttled_percent: float | None = None
    cpu_pressure_some_percent: float | None = None

    @property
    def is_fit(self) -> bool:
        """Whether every try at it fits."""
        return {mark for mark, _ in self.marks} == {Mark.FITS}

    @property
    def words(self) -> str:
        """`fits 6 of 6`, `oom 2 of 3, fits 1 of 3`."""
        return ", ".join(f"{mark.value} {count} of {self.count}" for mark, count in self.marks)


def curve(tries: Iterable[Try]) -> Iterator[Point]:
    """The levels, lowest first."""
    by_level: dict[int, list[Try]] = {}
    for one in tries:
        by_level.setdefault(one.level, []).append(one)
    for level in sorted(by_level):
        yield _point(level, by_level[level])


def _point(level: int, found: list[Try]) -> Point:
    return Point(
        level=level,
        marks=tuple(Counter(one.mark for one in found).most_common()),
        count=len(found),
        peak_usage_bytes=_most(one.peak_usage_bytes for one in found),
        held_bytes=max(one.held_bytes for one in found),
        least_headroom_bytes=_least(one.least_headroom_bytes for one in found),
        pressure_full_percent=_highest(found, "pressure_full_percent"),
        latency_ms=_most(one.latency_ms for one in found),
        not_ready_ms=max(one.not_ready_ms for one in found),
        probe_failures=sum(one.probe_failures for one in found),
        restarts=sum(one.restarts for one in found),
        app_millicores=_highest(found, "app_millicores"),
        app_peak_millicores=_highest(found, "app_peak_millicores"),
        load_millicores=_highest(found, "load_millicores"),
        throttled_percent=_highest(found, "throttled_percent"),
        cpu_pressure_some_percent=_highest(found, "cpu_pressure_some_percent"),
    )


def _highest(found: list[Try], field: str) -> float | None:
    values = [getattr(one, field) for one in found]
    return max((value for value in values if value is not None), default=None)


def _most(values: Iterable[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)


def _least(values: Iterable[int | None]) -> int | None:
    return min((value for value in values if value is not None), default=None)
