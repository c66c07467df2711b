"""The picture of a run as SVG: level against limit, and below it what happened. Pure.

Colours are classes, given by the page; nothing here needs a script. The pointer shows the values
of a moment: each slice of the plot carries its own line of text, which CSS reveals.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from kubectl_stress.agent.samples import Sample
from kubectl_stress.formats.html.chart_lanes import lanes
from kubectl_stress.formats.html.chart_scale import (
    LEFT,
    PLOT_HEIGHT,
    PLOT_WIDTH,
    RIGHT,
    TOP,
    WIDTH,
    Frame,
)
from kubectl_stress.formats.html.markup import Markup, el, joined
from kubectl_stress.formats.timeline import Timeline, clock, ticks, time_ticks, timelines
from kubectl_stress.plan.gauge import Drawing
from kubectl_stress.results.report import Report

# Enough points for every pixel to be right, and few enough for a page under 200 KiB.
_BUCKETS, _SLICES = 280, 140
_GAP_SHOWN_PX = 4


def pictures(report: Report) -> Iterator[Markup]:
    """One for each resource that was loaded, with its legend."""
    for drawn in timelines(report):
        yield el("figure", _legend(drawn.drawing), picture(drawn))


def _legend(drawing: Drawing) -> Markup:
    kinds = [(curve.kind, _LEGEND.get(curve.kind, curve.word)) for curve in drawing.curves]
    entries = (el("li", el("i", class_=kind), word) for kind, word in (*kinds, ("limit", "limit")))
    return el("ul", *entries, class_="legend")


_LEGEND = {"load": "held by the load"}


def picture(drawn: Timeline) -> Markup:
    """The SVG element."""
    frame = Frame.around(drawn)
    samples = [sample for run in drawn.runs for sample in run]
    return el(
        "svg",
        _HATCH,
        *_grid(frame),
        *_gaps(frame),
        *_curves(frame),
        *_limit(frame),
        *lanes(frame),
        *_slices(frame, samples),
        viewBox=f"0 0 {WIDTH} {frame.height:.0f}",
        role="img",
        aria_label=f"{drawn.drawing.title} of the container over time, against its limit",
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


def _grid(frame: Frame) -> Iterator[Markup]:
    unit, word = frame.drawn.drawing.unit(frame.top)
    yield el("text", word, x=LEFT - 8, y=TOP - 12, class_="tick end")
    for tick in ticks(0, int(frame.top // unit), most=8):
        y = frame.y(tick * unit)
        yield el("path", d=f"M{LEFT} {y:.1f}H{WIDTH - RIGHT}", class_="grid")
        yield el("text", str(tick), x=LEFT - 8, y=y + 4, class_="tick end")
    drawn = frame.drawn
    span_ms = drawn.end_ms - drawn.start_ms
    for at_ms in time_ticks(drawn.start_ms, drawn.end_ms, most=11):
        x = frame.x(at_ms)
        yield el("path", d=f"M{x:.1f} {TOP}V{frame.foot:.0f}", class_="grid")
        yield el("text", clock(at_ms, span_ms=span_ms), x=x, y=frame.foot + 15, class_="tick mid")
    axis = f"time since the start of the run, {'minutes' if span_ms > 180_000 else 'seconds'}"
    middle = LEFT + PLOT_WIDTH / 2
    yield el("text", axis, x=middle, y=frame.foot + 31, class_="tick mid")


def _gaps(frame: Frame) -> Iterator[Markup]:
    """Where no samples came: between two agents, or after the end of the last."""
    runs, drawn = frame.drawn.runs, frame.drawn
    pairs = [(a[-1].at_ms, b[0].at_ms) for a, b in pairwise(runs)]
    pairs += [(runs[-1][-1].at_ms, drawn.end_ms)] if runs else [(drawn.start_ms, drawn.end_ms)]
    for from_ms, to_ms in pairs:
        x, width = frame.x(from_ms), frame.x(to_ms) - frame.x(from_ms)
        if width < _GAP_SHOWN_PX:
            continue
        yield el("rect", x=x, y=TOP, width=width, height=PLOT_HEIGHT, fill="url(#hatch)")
        if width > 90:
            middle = x + width / 2
            yield el("text", "no samples", x=middle, y=TOP + 154, class_="tick mid halo")


def _curves(frame: Frame) -> Iterator[Markup]:
    for run in frame.drawn.runs:
        for curve in reversed(frame.drawn.drawing.curves):  # the usage above all others
            points = _points(frame, run, curve.value)
            if curve.kind == "load" and len(points) > 1:
                area = f"{_path(points)}V{TOP + PLOT_HEIGHT}H{points[0][0]:.1f}Z"
                yield el("path", d=area, class_="load-area")
            if len(points) > (curve.kind == "load"):
                yield el("path", d=_path(points), class_=f"line {curve.kind}")


def _points(
    frame: Frame, run: Sequence[Sample], level: Callable[[Sample], float | None]
) -> list[tuple[float, float]]:
    """At most four points a bucket: its first, lowest, highest and last."""
    buckets: dict[int, list[tuple[float, float]]] = {}
    for sample in run:
        value = level(sample)
        if value is not None:
            x = frame.x(sample.at_ms)
            bucket = int((x - LEFT) * _BUCKETS / PLOT_WIDTH)
            buckets.setdefault(bucket, []).append((x, frame.y(value)))
    return [point for points in buckets.values() for point in _outline(points)]


def _outline(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    lowest, highest = (pick(points, key=lambda point: point[1]) for pick in (min, max))
    return sorted({points[0], lowest, highest, points[-1]})


def _path(points: Iterable[tuple[float, float]]) -> str:
    words = (f"{x:.1f} {y:.1f}" for x, y in points)
    return "M" + "L".join(words)


def _limit(frame: Frame) -> Iterator[Markup]:
    limit, text = frame.drawn.limit, frame.drawn.drawing.text
    if limit is None:
        yield el("text", "no limit", x=LEFT + 8, y=TOP + 14, class_="limit-word halo")
    elif limit > frame.top:
        words = f"limit {text(limit)}, above this chart ↑"
        yield el("text", words, x=LEFT + 8, y=TOP + 14, class_="limit-word halo")
    else:
        spans = frame.drawn.limit_spans()
        steps = "".join(
            f"{'V' if number else f'M{LEFT} '}{frame.y(limit):.1f}H{frame.x(end):.1f}"
            for number, (_, end, limit) in enumerate(spans)
        )
        yield el("path", d=steps, class_="line limit")
        for start, _, limit in spans:
            words, x = f"limit {text(limit)}", frame.x(start) + 8
            yield el("text", words, x=x, y=frame.y(limit) - 6, class_="limit-word halo")


def _slices(frame: Frame, samples: Sequence[Sample]) -> Iterator[Markup]:
    """Stripes over the plot; the one under the pointer shows its moment's values."""
    width = PLOT_WIDTH / _SLICES
    latest: dict[int, Sample] = {}
    for sample in samples:
        latest[min(_SLICES - 1, int((frame.x(sample.at_ms) - LEFT) / width))] = sample
    for number, sample in latest.items():
        x = frame.x(sample.at_ms)
        yield el(
            "g",
            el(
                "rect",
                x=LEFT + number * width,
                y=TOP,
                width=width,
                height=PLOT_HEIGHT,
                class_="touch",
            ),
            joined(
                el("path", d=f"M{x:.1f} {TOP}V{TOP + PLOT_HEIGHT}", class_="cross"),
                el("text", _moment(frame, sample), x=WIDTH - RIGHT, y=18, class_="end"),
            ),
            class_="slice",
        )


def _moment(frame: Frame, sample: Sample) -> str:
    pressure = sample.memory.pressure_some_avg10_percent
    parts = (
        frame.moment(sample.at_ms),
        *frame.drawn.drawing.moment(sample),
        *([f"pressure {pressure:.1f}%"] if pressure else []),
    )
    return "   ".join(parts)
