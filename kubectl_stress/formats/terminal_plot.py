"""The level against the limit over time, drawn with braille for a terminal. Pure."""

from kubectl_stress.formats.timeline import (
    MarkKind,
    Timeline,
    clock,
    pressures,
    ticks,
    time_ticks,
    timelines,
)
from kubectl_stress.results.report import Report

_HEIGHT = 12
PLOT_LINES = _HEIGHT + 4
_LABEL_WIDTH = 9
# Bits of a braille cell, from its top left dot to its bottom right (Unicode block 2800).
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_SIGNS = {
    MarkKind.KILL: "×",
    MarkKind.PROBE: "!",
    MarkKind.END: "■",
    MarkKind.RESTART: "↻",
    MarkKind.GONE: "†",
    MarkKind.RESIZE: "↕",
    MarkKind.PRESSURE: "≋",
}


class Canvas:
    """Cells of two by four dots, and characters that stand above them."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._cells = [[0] * width for _ in range(height)]
        self._signs: dict[tuple[int, int], str] = {}

    def dot(self, x: float, y: float) -> None:
        """Set the dot at a share of the width and of the height, from the bottom left."""
        column = min(self.width * 2 - 1, max(0, int(x * self.width * 2)))
        row = min(self.height * 4 - 1, max(0, int((1 - y) * self.height * 4)))
        self._cells[row // 4][column // 2] |= _DOTS[row % 4][column % 2]

    def sign(self, column: int, row: int, text: str) -> None:
        """Put a character where no dot is."""
        self._signs[row, column] = text

    def lines(self) -> list[str]:
        """The rows from top to bottom."""
        found = [[chr(0x2800 + cell) if cell else " " for cell in cells] for cells in self._cells]
        for (row, column), text in self._signs.items():
            if not self._cells[row][column]:
                found[row][column] = text
        return ["".join(characters) for characters in found]


def plot(report: Report, *, width: int = 80) -> str:
    """Usage as a curve, the limit as a line, and a row of marks, `width` characters wide.

    One below the other where several resources are loaded.
    """
    return "\n\n".join(plot_of(drawn, width) for drawn in timelines(report))


def plot_of(drawn: Timeline, width: int) -> str:
    """One resource, in PLOT_LINES lines or one more where there was pressure."""
    if not drawn.runs:
        return "no samples to draw"
    columns, drawing = max(20, min(width, 120) - _LABEL_WIDTH - 2), drawn.drawing
    unit, word = drawing.unit(drawing.peak)
    top = max(_top(drawn), drawing.least_top)
    canvas = Canvas(columns, _HEIGHT)
    _draw_limit(canvas, drawn, top)
    _draw_usage(canvas, drawn, top)
    rows = _with_labels(canvas, top=top, unit=unit)
    usage = drawing.usage.word
    head = f"{word:>{_LABEL_WIDTH}}  {usage}{_limit_words(drawn, top)}{_legend(drawn)}"
    below = (_marks_row(drawn, columns), *_pressure_row(drawn, columns))
    return "\n".join([head, *rows, *below, *_time_axis(drawn, columns)])


def _top(drawn: Timeline) -> float:
    """The limit where the level came anywhere near it, else somewhat above the level."""
    limit, peak = drawn.highest_limit, drawn.drawing.peak
    return max(peak, limit) if limit and limit <= 4 * max(1, peak) else peak * 5 / 4


def _limit_words(drawn: Timeline, top: float) -> str:
    if drawn.limit is None:
        return ", no limit"
    where = "╌" if drawn.limit <= top else "above"
    return f", limit {drawn.drawing.text(drawn.limit)} {where}"


def _legend(drawn: Timeline) -> str:
    kinds = [kind for kind in MarkKind if any(mark.kind is kind for mark in drawn.marks)]
    return "".join(f"   {_SIGNS[kind]} {kind.value}" for kind in kinds)


def _share(at_ms: int, drawn: Timeline) -> float:
    return (at_ms - drawn.start_ms) / (drawn.end_ms - drawn.start_ms)


def _draw_limit(canvas: Canvas, drawn: Timeline, top: float) -> None:
    for start_ms, end_ms, limit in drawn.limit_spans():
        if limit > top:
            continue
        row = min(_HEIGHT - 1, int((1 - limit / top) * _HEIGHT))
        first, last = (int(_share(at_ms, drawn) * canvas.width) for at_ms in (start_ms, end_ms))
        for column in range(first, min(last + 1, canvas.width)):
            canvas.sign(column, row, "╌")


def _draw_usage(canvas: Canvas, drawn: Timeline, top: float) -> None:
    for run in drawn.runs:
        before = run[0]
        for sample in run:
            old, new = (drawn.drawing.usage.value(one) for one in (before, sample))
            if old is not None and new is not None:
                x = _share(before.at_ms, drawn), _share(sample.at_ms, drawn)
                _line(canvas, x, (old / top, new / top))
            before = sample


def _line(canvas: Canvas, x: tuple[float, float], y: tuple[float, float]) -> None:
    dots = max(abs(x[1] - x[0]) * canvas.width * 2, abs(y[1] - y[0]) * canvas.height * 4)
    steps = min(int(dots), 1_000) + 1
    for step in range(steps + 1):
        share = step / steps
        canvas.dot(x[0] + share * (x[1] - x[0]), y[0] + share * (y[1] - y[0]))


def _with_labels(canvas: Canvas, *, top: float, unit: float) -> list[str]:
    labels = {}
    for tick in ticks(0, int(top // unit), most=5):
        row = min(_HEIGHT - 1, int((1 - tick * unit / top) * _HEIGHT))
        labels[row] = f"{tick:>{_LABEL_WIDTH}} ┤"
    blank = " " * _LABEL_WIDTH + " │"
    return [labels.get(row, blank) + line.rstrip() for row, line in enumerate(canvas.lines())]


def _marks_row(drawn: Timeline, columns: int) -> str:
    row = [" "] * columns
    for mark in sorted(drawn.marks, key=lambda mark: mark.kind is MarkKind.KILL):
        row[min(columns - 1, int(_share(mark.at_ms, drawn) * columns))] = _SIGNS[mark.kind]
    return " " * _LABEL_WIDTH + " │" + "".join(row).rstrip()


_BLOCKS = " ▁▂▃▄▅▆▇█"


def _pressure_row(drawn: Timeline, columns: int) -> list[str]:
    """The memory pressure as bars from 0 to 100 %, each the highest of its column."""
    found = pressures(drawn)
    if not found:
        return []
    highest = [0.0] * columns
    for at_ms, percent in (moment for run in found for moment in run):
        column = min(columns - 1, int(_share(at_ms, drawn) * columns))
        highest[column] = max(highest[column], percent)
    bars = "".join(_BLOCKS[min(8, -int(-percent * 8 // 100))] for percent in highest)
    label = "PSI some"
    return [f"{label:>{_LABEL_WIDTH}} │{bars.rstrip()}"]


def _time_axis(drawn: Timeline, columns: int) -> tuple[str, str]:
    axis, labels = ["─"] * columns, [" "] * (columns + _LABEL_WIDTH)
    span_ms = drawn.end_ms - drawn.start_ms
    for tick_ms in time_ticks(drawn.start_ms, drawn.end_ms, most=7):
        column = min(columns - 1, int(_share(tick_ms, drawn) * columns))
        text = clock(tick_ms, span_ms=span_ms)
        axis[column] = "┬"
        labels[column : column + len(text)] = text
    unit = "min" if span_ms > 180_000 else "s"
    indent = " " * _LABEL_WIDTH
    return f"{indent} └{''.join(axis)}", f"{indent}  {''.join(labels).rstrip()} {unit}"
