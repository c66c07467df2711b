"""The picture of a run as SVG: level against limit, and below it what happened. Pure.

Colours are classes, given by the page; nothing here needs a script. The pointer shows the values
of a moment: each slice of the plot carries its own line of text, which CSS reveals.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kubectl_stress.markup import Markup, el, joined
from kubectl_stress.quantity import format_bytes
from kubectl_stress.report import Report
from kubectl_stress.samples import Sample
from kubectl_stress.timeline import (
    Mark,
    MarkKind,
    Span,
    Timeline,
    clock,
    ticks,
    time_ticks,
    timeline,
)

_WIDTH, _LEFT, _RIGHT = 960, 104, 14
_TOP, _PLOT_HEIGHT, _LANE_HEIGHT, _BOTTOM = 30, 300, 24, 36
_PLOT_WIDTH = _WIDTH - _LEFT - _RIGHT
# Enough points for every pixel to be right, and few enough for a page under 200 KiB.
_BUCKETS, _SLICES = 280, 160
_MERGED_PX, _GAP_SHOWN_PX, _CHARACTER_PX = 18, 4, 6.5


@dataclass(frozen=True)
class _Frame:
    """Where things stand: milliseconds and bytes to pixels."""

    drawn: Timeline
    top_bytes: int
    lanes: tuple[str, ...]

    def x(self, at_ms: int) -> float:
        share = (at_ms - self.drawn.start_ms) / (self.drawn.end_ms - self.drawn.start_ms)
        return _LEFT + share * _PLOT_WIDTH

    def y(self, value_bytes: int) -> float:
        share = min(1.0, max(0, value_bytes) / self.top_bytes)
        return _TOP + (1 - share) * _PLOT_HEIGHT

    def lane_y(self, lane: str) -> float:
        return _TOP + _PLOT_HEIGHT + 10 + self.lanes.index(lane) * _LANE_HEIGHT

    @property
    def foot(self) -> float:
        return _TOP + _PLOT_HEIGHT + 10 + len(self.lanes) * _LANE_HEIGHT

    @property
    def height(self) -> float:
        return self.foot + _BOTTOM


def picture(report: Report) -> Markup:
    """The SVG element."""
    drawn = timeline(report)
    kinds = [kind.value for kind in MarkKind if any(mark.kind is kind for mark in drawn.marks)]
    lanes = ("phase", *kinds, "readiness")
    frame = _Frame(drawn, _top_bytes(drawn), lanes)
    samples = [sample for run in drawn.runs for sample in run]
    return el(
        "svg",
        _HATCH,
        *_grid(frame),
        *_gaps(frame),
        *_curves(frame),
        *_limit(frame),
        *_spans(frame, "phase", drawn.phases),
        *_spans(frame, "readiness", drawn.readiness),
        *_marks(frame),
        *_slices(frame, samples),
        viewBox=f"0 0 {_WIDTH} {frame.height:.0f}",
        role="img",
        aria_label="Memory of the container over time, against its limit",
    )


_HATCH = el(
    "defs",
    el(
        "pattern",
        el("path", d="M0 6 6 0", class_="hatch"),
        id="hatch",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
    ),
)


def _top_bytes(drawn: Timeline) -> int:
    """Room above the limit where the level came anywhere near it, else above the level."""
    limit, peak = drawn.limit_bytes or 0, drawn.peak_bytes
    highest = max(peak, limit) if limit <= 4 * peak else peak
    return max(1 << 20, highest * 110 // 100)


def _unit(top_bytes: int) -> tuple[int, str]:
    return (1 << 30, "GiB") if top_bytes >= 4 << 30 else (1 << 20, "MiB")


def _grid(frame: _Frame) -> Iterator[Markup]:
    unit, word = _unit(frame.top_bytes)
    yield el("text", word, x=_LEFT - 8, y=_TOP - 12, class_="tick end")
    for tick in ticks(0, frame.top_bytes // unit, most=8):
        y = frame.y(tick * unit)
        yield el("path", d=f"M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}", class_="grid")
        yield el("text", str(tick), x=_LEFT - 8, y=y + 4, class_="tick end")
    drawn = frame.drawn
    span_ms = drawn.end_ms - drawn.start_ms
    for at_ms in time_ticks(drawn.start_ms, drawn.end_ms, most=11):
        x = frame.x(at_ms)
        yield el("path", d=f"M{x:.1f} {_TOP}V{frame.foot:.0f}", class_="grid")
        yield el("text", clock(at_ms, span_ms=span_ms), x=x, y=frame.foot + 15, class_="tick mid")
    axis = f"time since the start of the run, {'minutes' if span_ms > 180_000 else 'seconds'}"
    middle = _LEFT + _PLOT_WIDTH / 2
    yield el("text", axis, x=middle, y=frame.foot + 31, class_="tick mid")
    for lane in frame.lanes:
        yield el("text", lane, x=_LEFT - 8, y=frame.lane_y(lane) + 15, class_="tick end")


def _gaps(frame: _Frame) -> Iterator[Markup]:
    """Where no samples came: between two agents, or after the end of the last."""
    runs, drawn = frame.drawn.runs, frame.drawn
    pairs = [(a[-1].at_ms, b[0].at_ms) for a, b in pairwise(runs)]
    pairs += [(runs[-1][-1].at_ms, drawn.end_ms)] if runs else [(drawn.start_ms, drawn.end_ms)]
    for from_ms, to_ms in pairs:
        x, width = frame.x(from_ms), frame.x(to_ms) - frame.x(from_ms)
        if width < _GAP_SHOWN_PX:
            continue
        yield el("rect", x=x, y=_TOP, width=width, height=_PLOT_HEIGHT, fill="url(#hatch)")
        if width > 90:
            middle = x + width / 2
            yield el("text", "no samples", x=middle, y=_TOP + 154, class_="tick mid halo")


def _curves(frame: _Frame) -> Iterator[Markup]:
    for run in frame.drawn.runs:
        held = _points(frame, run, lambda sample: sample.held_bytes)
        if len(held) > 1:
            floor = _TOP + _PLOT_HEIGHT
            area = f"{_path(held)}V{floor}H{held[0][0]:.1f}Z"
            yield el("path", d=area, class_="stress-area")
            yield el("path", d=_path(held), class_="line stress")
        for word, points in (
            ("working-set", _points(frame, run, lambda s: s.memory.working_set_bytes)),
            ("usage", _points(frame, run, lambda s: s.memory.usage_bytes)),
        ):
            if points:
                yield el("path", d=_path(points), class_=f"line {word}")


def _points(
    frame: _Frame, run: Sequence[Sample], level: Callable[[Sample], int | None]
) -> list[tuple[float, float]]:
    """At most four points a bucket: its first, lowest, highest and last."""
    buckets: dict[int, list[tuple[float, float]]] = {}
    for sample in run:
        value = level(sample)
        if value is not None:
            x = frame.x(sample.at_ms)
            bucket = int((x - _LEFT) * _BUCKETS / _PLOT_WIDTH)
            buckets.setdefault(bucket, []).append((x, frame.y(value)))
    return [point for points in buckets.values() for point in _outline(points)]


def _outline(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    lowest, highest = (pick(points, key=lambda point: point[1]) for pick in (min, max))
    return sorted({points[0], lowest, highest, points[-1]})


def _path(points: Iterable[tuple[float, float]]) -> str:
    words = (f"{x:.1f} {y:.1f}" for x, y in points)
    return "M" + "L".join(words)


def _limit(frame: _Frame) -> Iterator[Markup]:
    limit = frame.drawn.limit_bytes
    if limit is None:
        yield el("text", "no limit", x=_LEFT + 8, y=_TOP + 14, class_="limit-word halo")
    elif limit > frame.top_bytes:
        words = f"limit {format_bytes(limit)}, above this picture ↑"
        yield el("text", words, x=_LEFT + 8, y=_TOP + 14, class_="limit-word halo")
    else:
        y = frame.y(limit)
        yield el("path", d=f"M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}", class_="line limit")
        words = f"limit {format_bytes(limit)}"
        yield el("text", words, x=_LEFT + 8, y=y - 6, class_="limit-word halo")


def _spans(frame: _Frame, lane: str, spans: Iterable[Span]) -> Iterator[Markup]:
    y = frame.lane_y(lane)
    for span in spans:
        x, width = frame.x(span.from_ms), frame.x(span.to_ms) - frame.x(span.from_ms)
        seconds = f"{span.word}: {_seconds(span.to_ms - span.from_ms)}"
        kind = span.word.replace(" ", "-")
        bar = el(
            "rect",
            el("title", seconds),
            x=x,
            y=y + 3,
            width=max(1.0, width - 1),
            height=_LANE_HEIGHT - 6,
            rx=2,
            class_=f"span {kind}",
        )
        yield bar
        fitting = [words for words in (seconds, span.word) if _is_fitting(words, width)]
        if fitting:
            yield el("text", fitting[0], x=x + 6, y=y + 16, class_="span-word")


def _is_fitting(words: str, width: float) -> bool:
    return len(words) * _CHARACTER_PX + 10 < width


def _seconds(value_ms: int) -> str:
    return f"{value_ms / 1_000:.1f} s"


_SHAPES = {
    MarkKind.KILL: "M-5-5 5 5M5-5-5 5",
    MarkKind.PROBE: "M0-6 6.5 5H-6.5ZM0-2V1.5M0 3V3.4",
    MarkKind.END: "M-4.5-4.5H4.5V4.5H-4.5Z",
    MarkKind.RESTART: "M4.6-2.8A5.4 5.4 0 1 0 5.4 0M5.4-6.4V-2.4H1.4",
    MarkKind.GONE: "M-5-5 5 5M5-5-5 5M-5-5H5V5H-5Z",
}


def _marks(frame: _Frame) -> Iterator[Markup]:
    for kind in MarkKind:
        marks = [mark for mark in frame.drawn.marks if mark.kind is kind]
        for group in _merged(frame, marks):
            yield _mark(frame, kind, group)


def _merged(frame: _Frame, marks: Sequence[Mark]) -> Iterator[list[Mark]]:
    """Marks that would cover each other, as one."""
    group: list[Mark] = []
    for mark in marks:
        if group and frame.x(mark.at_ms) - frame.x(group[0].at_ms) > _MERGED_PX:
            yield group
            group = []
        group.append(mark)
    if group:
        yield group


def _mark(frame: _Frame, kind: MarkKind, group: Sequence[Mark]) -> Markup:
    x, y = frame.x(group[0].at_ms), frame.lane_y(kind.value) + _LANE_HEIGHT / 2
    lines = [f"{_seconds(mark.at_ms)}: {mark.text}" for mark in group[:8]]
    lines += [f"and {len(group) - 8} more"] if len(group) > 8 else []
    guide = "" if kind is MarkKind.PROBE else f"M0 {_TOP - y:.1f}V-9"
    return el(
        "g",
        el("title", "\n".join(lines)),
        el("path", d=guide, class_="guide") if guide else Markup(),
        el("circle", r=10, class_="touch"),
        el("path", d=_SHAPES[kind], class_="shape"),
        el("text", str(len(group)), x=9, y=4, class_="count") if group[1:] else Markup(),
        class_=f"mark {kind.name.lower()}",
        transform=f"translate({x:.1f} {y:.1f})",
    )


def _slices(frame: _Frame, samples: Sequence[Sample]) -> Iterator[Markup]:
    """Stripes over the plot; the one under the pointer shows its moment's values."""
    width = _PLOT_WIDTH / _SLICES
    latest: dict[int, Sample] = {}
    for sample in samples:
        latest[min(_SLICES - 1, int((frame.x(sample.at_ms) - _LEFT) / width))] = sample
    for number, sample in latest.items():
        x = frame.x(sample.at_ms)
        yield el(
            "g",
            el(
                "rect",
                x=_LEFT + number * width,
                y=_TOP,
                width=width,
                height=_PLOT_HEIGHT,
                class_="touch",
            ),
            joined(
                el("path", d=f"M{x:.1f} {_TOP}V{_TOP + _PLOT_HEIGHT}", class_="cross"),
                el("text", _moment(sample), x=_WIDTH - _RIGHT, y=18, class_="now end"),
            ),
            class_="slice",
        )


def _moment(sample: Sample) -> str:
    memory = sample.memory
    share = ""
    if memory.limit_bytes and memory.usage_bytes is not None:
        share = f" ({100 * memory.usage_bytes / memory.limit_bytes:.1f}%)"
    return (
        f"{_seconds(sample.at_ms)}   usage {format_bytes(memory.usage_bytes)}{share}   working set "
        f"{format_bytes(memory.working_set_bytes)}   stress {format_bytes(sample.held_bytes)}"
    )
