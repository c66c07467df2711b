"""The lanes below the plot: phases, readiness, and a symbol for each thing that happened. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from kubectl_stress.formats.html.chart_scale import LANE_HEIGHT, LEFT, PRESSURE, TOP, Frame
from kubectl_stress.formats.html.markup import Markup, clipped, el
from kubectl_stress.formats.timeline import Mark, MarkKind, Span, pressures
from kubectl_stress.text import moment

_MERGED_PX, _CHARACTER_PX = 30, 6.5
_SHOWN_LINES, _SHOWN_CHARACTERS = 3, 120


def lanes(frame: Frame) -> Iterator[Markup]:
    """All lanes with their names; kills, ends and starts reach up into the plot."""
    for lane in frame.lanes:
        yield el("text", lane, x=LEFT - 8, y=frame.lane_y(lane) + 15, class_="tick end")
    yield from _bars(frame, "phase", frame.drawn.phases)
    yield from _bars(frame, "readiness", frame.drawn.readiness)
    yield from _pressure(frame)
    yield from _symbols(frame)


def _pressure(frame: Frame) -> Iterator[Markup]:
    """The memory pressure over time, a lane high where it is 100 %."""
    for run in pressures(frame.drawn):
        floor = frame.lane_y(PRESSURE) + LANE_HEIGHT - 2
        points = [(frame.x(at), floor - p / 100 * (LANE_HEIGHT - 4)) for at, p in _thinned(run)]
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        highest = max(percent for _, percent in run)
        yield el(
            "path",
            el("title", f"memory pressure (PSI some, average of 10 s), at most {highest:.1f}%"),
            d=f"M{points[0][0]:.1f} {floor:.1f}L{line}V{floor:.1f}Z",
            class_="pressure",
        )
        yield el(
            "text", f"at most {highest:.1f}%", x=points[0][0] + 6, y=floor - 5, class_="span-word"
        )


def _thinned(run: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The moments at which it changes: the kernel's average moves once in two seconds."""
    kept = [run[0]]
    for moment_, percent in run[1:-1]:
        if percent != kept[-1][1]:
            kept.append((moment_, percent))
    return [*kept, *run[1:][-1:]]


def _bars(frame: Frame, lane: str, spans: Iterable[Span]) -> Iterator[Markup]:
    for span in spans:
        y = frame.lane_y(lane)
        x, width = frame.x(span.from_ms), frame.x(span.to_ms) - frame.x(span.from_ms)
        words = f"{span.word}: {moment(span.to_ms - span.from_ms)}"
        kind = span.word.replace(" ", "-")
        bar = el(
            "rect",
            el("title", words),
            x=x,
            y=y + 3,
            width=max(1.0, width - 1),
            height=LANE_HEIGHT - 6,
            rx=2,
            class_=f"span {kind}",
        )
        yield bar
        fitting = [text for text in (words, span.word) if _is_fitting(text, width)]
        if fitting:
            yield el("text", fitting[0], x=x + 6, y=y + 16, class_="span-word")


def _is_fitting(words: str, width: float) -> bool:
    return len(words) * _CHARACTER_PX + 10 < width


_SHAPES = {
    MarkKind.KILL: "M-5-5 5 5M5-5-5 5",
    MarkKind.PROBE: "M0-6 6.5 5H-6.5ZM0-2V1.5M0 3V3.4",
    MarkKind.END: "M-4.5-4.5H4.5V4.5H-4.5Z",
    MarkKind.RESTART: "M4.6-2.8A5.4 5.4 0 1 0 5.4 0M5.4-6.4V-2.4H1.4",
    MarkKind.GONE: "M-5-5 5 5M5-5-5 5M-5-5H5V5H-5Z",
    MarkKind.PRESSURE: "M-6-2Q-3-5 0-2T6-2M-6 3Q-3 0 0 3T6 3",
    MarkKind.RESIZE: "M0-5.5V5.5M-3-2.5 0-5.5 3-2.5M-3 2.5 0 5.5 3 2.5",
}


def _symbols(frame: Frame) -> Iterator[Markup]:
    for kind in MarkKind:
        marks = [mark for mark in frame.drawn.marks if mark.kind is kind]
        for group in _merged(frame, marks):
            yield _mark(frame, kind, group)


def _merged(frame: Frame, marks: Sequence[Mark]) -> Iterator[list[Mark]]:
    """Marks that would cover each other, as one."""
    group: list[Mark] = []
    for mark in marks:
        if group and frame.x(mark.at_ms) - frame.x(group[0].at_ms) > _MERGED_PX:
            yield group
            group = []
        group.append(mark)
    if group:
        yield group


def _mark(frame: Frame, kind: MarkKind, group: Sequence[Mark]) -> Markup:
    x, y = frame.x(group[0].at_ms), frame.lane_y(kind.value) + LANE_HEIGHT / 2
    shown = group[:_SHOWN_LINES]
    lines = [
        f"{frame.moment(mark.at_ms)}: {clipped(mark.text, _SHOWN_CHARACTERS)}" for mark in shown
    ]
    lines += [f"and {len(group) - len(shown)} more"] if group[len(shown) :] else []
    guide = "" if kind is MarkKind.PROBE else f"M0 {TOP - y:.1f}V-9"
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
