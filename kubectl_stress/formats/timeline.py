"""What a picture of a run shows, on one time axis: level, limit, readiness and marks. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from statistics import median
from typing import Self

from kubectl_stress.agent.protocol import WorkerKilled
from kubectl_stress.agent.samples import Sample
from kubectl_stress.plan.gauge import Drawing, Gauge
from kubectl_stress.plan.gauges import gauges
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.quantity import format_bytes
from kubectl_stress.results.report import Report
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.target import Target

# The agent samples each 100 ms, or as told; a pause longer than both of these is one to be seen.
_GAP_MS, _GAP_INTERVALS = 3_000, 4


class MarkKind(Enum):
    """What happened at a moment; the values are what a person reads."""

    KILL = "OOM kill"
    PROBE = "probe failed"
    END = "ended"
    RESTART = "started"
    GONE = "pod gone"
    RESIZE = "resized"
    PRESSURE = "pressure"


@dataclass(frozen=True)
class Mark:
    """A moment on the time axis."""

    at_ms: int
    kind: MarkKind
    text: str


@dataclass(frozen=True)
class Span:
    """A stretch of the time axis: a phase of the load, or a state of readiness."""

    from_ms: int
    to_ms: int
    word: str


@dataclass(frozen=True)
class Timeline:
    """All that is drawn of one resource; `runs` are samples, parted where none came for a while.

    `limits` are the limits that were enforced, each from its moment on; `limit` is the last.
    """

    start_ms: int
    end_ms: int
    runs: tuple[tuple[Sample, ...], ...]
    limits: tuple[tuple[int, float], ...]
    drawing: Drawing
    phases: tuple[Span, ...]
    readiness: tuple[Span, ...]
    marks: tuple[Mark, ...]

    @property
    def limit(self) -> float | None:
        """The limit at the end; a resize during the run moves it."""
        return self.limits[-1][1] if self.limits else None

    @property
    def highest_limit(self) -> float:
        """The most that the limit was; 0 without one."""
        return max((limit for _, limit in self.limits), default=0)

    def limit_spans(self) -> list[tuple[int, int, float]]:
        """From when until when which limit was enforced."""
        last = (self.end_ms, 0)
        pairs = pairwise((*self.limits, last))
        return [(start, end, limit) for (start, limit), (end, _) in pairs]


@dataclass(frozen=True)
class Course:
    """What was seen of one target, each kind in order; `spec` None: it was not loaded."""

    target: Target
    spec: LoadSpec | None
    samples: Sequence[Sample]
    changes: Sequence[Change]
    kills: Sequence[WorkerKilled]
    was_ready: bool

    @classmethod
    def of(cls, report: Report) -> Self:
        """That of a run."""
        seen, plan = report.findings, report.plan
        samples = seen.samples.samples
        return cls(plan.target, plan.spec, samples, seen.changes, seen.kills, report.before.ready)


def timelines(report: Report) -> list[Timeline]:
    """The timeline of each resource that was loaded."""
    course = Course.of(report)
    return [timeline(course, gauge) for gauge in gauges(report.plan.spec)]


def timeline(course: Course, gauge: Gauge) -> Timeline:
    """The timeline of one resource."""
    samples, found = course.samples, _marks(course)
    drawing = gauge.drawing(course.target, course.spec, samples)
    times = [sample.at_ms for sample in samples]
    times += [change.at_ms for change in course.changes]
    times += [mark.at_ms for mark in found]
    start_ms = min(times, default=0) // 1_000 * 1_000
    end_ms = max([start_ms + 1_000, *times])
    return Timeline(
        start_ms=start_ms,
        end_ms=end_ms,
        runs=tuple(_runs(samples)),
        limits=tuple(_limits(drawing, samples, start_ms)),
        drawing=drawing,
        phases=tuple(_phases(samples)),
        readiness=tuple(_readiness(course, start_ms, end_ms)),
        marks=found,
    )


def _limits(
    drawing: Drawing, samples: Sequence[Sample], start_ms: int
) -> Iterator[tuple[int, float]]:
    """The limits that the kernel enforced, by the samples; before them the one that was planned."""
    now: float | None = None
    for sample in samples:
        limit = drawing.limit(sample)
        if limit and limit != now:
            yield (start_ms if now is None else sample.at_ms), limit
            now = limit
    if now is None and drawing.planned_limit:
        yield start_ms, drawing.planned_limit


def _runs(samples: Sequence[Sample]) -> Iterable[tuple[Sample, ...]]:
    run: list[Sample] = []
    ordered = sorted(samples, key=lambda sample: sample.at_ms)
    intervals = [after.at_ms - before.at_ms for before, after in pairwise(ordered)]
    gap_ms = max(_GAP_MS, _GAP_INTERVALS * median(intervals)) if intervals else _GAP_MS
    for sample in ordered:
        if run and sample.at_ms - run[-1].at_ms > gap_ms:
            yield tuple(run)
            run = []
        run.append(sample)
    if run:
        yield tuple(run)


def _phases(samples: Sequence[Sample]) -> Iterable[Span]:
    start_ms, word = 0, ""
    for before, sample in zip([None, *samples], samples, strict=False):
        if before is None or sample.phase != word:
            if before is not None:
                yield Span(start_ms, sample.at_ms, word)
            start_ms, word = sample.at_ms, sample.phase
    if samples:
        yield Span(start_ms, samples[-1].at_ms, word)


def _readiness(course: Course, start_ms: int, end_ms: int) -> Iterable[Span]:
    is_ready, from_ms = course.was_ready, start_ms
    for change in course.changes:
        if change.kind in (ChangeKind.READY, ChangeKind.NOT_READY):
            yield Span(from_ms, change.at_ms, _READY[is_ready])
            is_ready, from_ms = change.kind is ChangeKind.READY, change.at_ms
    yield Span(from_ms, end_ms, _READY[is_ready])


_READY = {True: "ready", False: "not ready"}


def marks(report: Report) -> tuple[Mark, ...]:
    """What happened to the container and the load, in order of time."""
    return _marks(Course.of(report))


def _marks(course: Course) -> tuple[Mark, ...]:
    found = [_kill(kill) for kill in course.kills]
    found += [mark for change in course.changes if (mark := _mark(change)) is not None]
    return tuple(sorted(found, key=lambda mark: mark.at_ms))


def _kill(kill: WorkerKilled) -> Mark:
    text = f"worker {kill.pid} of the load killed, holding {format_bytes(kill.held_bytes)}"
    return Mark(kill.at_ms, MarkKind.KILL, text)


_KINDS = {
    ChangeKind.STARTED: MarkKind.RESTART,
    ChangeKind.WAITING: MarkKind.END,
    ChangeKind.EVICTED: MarkKind.GONE,
    ChangeKind.DELETED: MarkKind.GONE,
    ChangeKind.RESIZED: MarkKind.RESIZE,
    ChangeKind.PRESSURE: MarkKind.PRESSURE,
}


def _mark(change: Change) -> Mark | None:
    kind = _KINDS.get(change.kind)
    if change.kind is ChangeKind.TERMINATED:
        kind = MarkKind.KILL if change.is_oom_kill else MarkKind.END
    if change.kind is ChangeKind.EVENT:
        kind = {"Unhealthy": MarkKind.PROBE, "Killing": MarkKind.END}.get(change.reason)
        kind = MarkKind.RESIZE if change.reason == "ResizeError" else kind
    return None if kind is None else Mark(change.at_ms, kind, change.text)


def pressures(drawn: Timeline) -> list[list[tuple[int, float]]]:
    """The memory pressure (PSI some, average of 10 s) in percent; [] where none was felt or told.

    Each run of samples is one list of moments.
    """
    found = [
        [
            (sample.at_ms, sample.memory.pressure_some_avg10_percent)
            for sample in run
            if sample.memory.pressure_some_avg10_percent is not None
        ]
        for run in drawn.runs
    ]
    is_felt = any(percent > 0 for run in found for _, percent in run)
    return [run for run in found if run] if is_felt else []


def ticks(lowest: int, highest: int, *, most: int) -> list[int]:
    """At most `most` round numbers from `lowest` to `highest`, evenly spaced."""
    span, step = max(1, highest - lowest), 1
    while span // step >= most:
        step = _next_step(step)
    first = -(-lowest // step) * step
    return list(range(first, highest + 1, step))


def _next_step(step: int) -> int:
    """1, 2, 5, 10, 20, 50 …"""
    leading = int(str(step)[0])
    return step // leading * {1: 2, 2: 5, 5: 10}[leading]


def time_ticks(start_ms: int, end_ms: int, *, most: int) -> list[int]:
    """Round moments in milliseconds: seconds, then halves and whole minutes and hours."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400)
    span_ms = end_ms - start_ms
    step_ms = next((s * 1_000 for s in steps if span_ms // (s * 1_000) < most), None)
    if step_ms is None:
        return ticks(start_ms, end_ms, most=most)
    return list(range(-(-start_ms // step_ms) * step_ms, end_ms + 1, step_ms))


def clock(at_ms: int, *, span_ms: int) -> str:
    """A moment on the axis: `12` seconds in a short run, `1:30` in one of minutes."""
    seconds, rest = at_ms // 1_000, at_ms % 1_000
    if span_ms > 180_000:
        return f"{seconds // 60}:{seconds % 60:02d}"
    return f"{seconds}.{rest // 100}" if rest else str(seconds)
