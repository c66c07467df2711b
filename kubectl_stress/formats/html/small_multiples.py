"""Small pictures of several targets on one time axis: usage against the limit. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubectl_stress.agent.samples import Sample
from kubectl_stress.formats.html.markup import Markup, el, joined
from kubectl_stress.formats.timeline import Timeline, timelines
from kubectl_stress.plan.gauge import Curve
from kubectl_stress.results.fleet_report import Entry
from kubectl_stress.text import moment

_WIDTH, _HEIGHT, _TOP, _FOOT = 300, 112, 34, 16
_MOST_CHARACTERS = 40  # of a name, in the width of a picture
_POINTS = 150


@dataclass(frozen=True)
class _Frame:
    """Where things stand: all pictures share the time, each has its own top."""

    start_ms: int
    end_ms: int
    top: float

    def x(self, at_ms: int) -> float:
        return (at_ms - self.start_ms) / (self.end_ms - self.start_ms) * _WIDTH

    def y(self, value: float) -> float:
        share = max(0, value) / self.top
        return _TOP + (1 - share) * (_HEIGHT - _TOP - _FOOT)


def small_multiples(entries: Sequence[Entry]) -> Markup:
    """A picture for each target that has a report, all from the same start to the same end."""
    drawn = [(entry, line) for entry in entries if entry.report for line in timelines(entry.report)]
    if not drawn:
        return Markup()
    start_ms = min(line.start_ms for _, line in drawn)
    end_ms = max(line.end_ms for _, line in drawn)
    pictures = (
        _picture(entry, line, _Frame(start_ms, end_ms, _top(line))) for entry, line in drawn
    )
    return joined(_LEGEND, el("div", *pictures, class_="multiples"))


_LEGEND = el(
    "ul",
    el("li", el("i", class_="usage"), "usage"),
    el("li", el("i", class_="load"), "held by the load"),
    el("li", el("i", class_="limit"), "limit, and what happened"),
    class_="legend",
)


def _short(name: str) -> str:
    """With both ends, since those of a Deployment differ in the last characters."""
    half = _MOST_CHARACTERS // 2
    return name if len(name) <= _MOST_CHARACTERS else f"{name[: half - 1]}…{name[-half:]}"


def _top(drawn: Timeline) -> float:
    return max(1, drawn.highest_limit, drawn.drawing.peak) * 1.08


def _picture(entry: Entry, drawn: Timeline, frame: _Frame) -> Markup:
    limit, foot = drawn.highest_limit, _HEIGHT - _FOOT
    level = el("path", d=f"M0 {frame.y(limit):.1f}H{_WIDTH}", class_="limit") if limit else ""
    marks = (
        el("path", d=f"M{frame.x(mark.at_ms):.1f} {_TOP}V{foot}", class_="limit")
        for mark in drawn.marks
    )
    lines = (
        el("path", d=_line([(frame.x(at), frame.y(value)) for at, value in points]), class_=kind)
        for kind, points in _curves(drawn)
    )
    return el(
        "svg",
        el("text", _short(entry.pod), x=0, y=11),
        el("text", entry.outcome, x=0, y=26, class_="tick"),
        level,
        *marks,
        *lines,
        el("text", moment(frame.start_ms), x=0, y=_HEIGHT - 3, class_="tick"),
        el("text", moment(frame.end_ms), x=_WIDTH, y=_HEIGHT - 3, class_="tick end"),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=f"{drawn.drawing.title} of {entry.pod} over time, against its limit",
    )


def _curves(drawn: Timeline) -> Iterator[tuple[str, list[tuple[int, float]]]]:
    """The usage, and what the load holds of it."""
    for curve in drawn.drawing.curves:
        if curve is drawn.drawing.usage or curve.kind == "load":
            yield from ((curve.kind, _peaks(run, curve)) for run in drawn.runs)


def _peaks(run: Sequence[Sample], curve: Curve) -> list[tuple[int, float]]:
    """Of many samples the highest of each stretch."""
    values = [(sample.at_ms, value) for sample in run if (value := curve.value(sample)) is not None]
    step = max(1, len(values) // _POINTS)
    parts = (values[at : at + step] for at in range(0, len(values), step))
    return [max(part, key=lambda point: point[1]) for part in parts]


def _line(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else "M0 0"
