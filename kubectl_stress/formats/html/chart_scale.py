"""Where things stand in the picture: milliseconds and values to pixels. Pure."""

from dataclasses import dataclass
from typing import Self

from kubectl_stress.formats.timeline import MarkKind, Timeline, clock, pressures
from kubectl_stress.text import moment

WIDTH, LEFT, RIGHT = 960, 104, 14
PRESSURE = "PSI some"
TOP, PLOT_HEIGHT, LANE_HEIGHT, _BOTTOM = 30, 300, 24, 36
PLOT_WIDTH = WIDTH - LEFT - RIGHT


@dataclass(frozen=True)
class Frame:
    """The plot, and below it the lanes of what happened."""

    drawn: Timeline
    top: float
    lanes: tuple[str, ...]

    @classmethod
    def around(cls, drawn: Timeline) -> Self:
        """The frame that holds all of it, with a lane for each thing that is there."""
        kinds = [kind.value for kind in MarkKind if any(mark.kind is kind for mark in drawn.marks)]
        phase = ["phase"] if drawn.phases else []
        pressure = [PRESSURE] if pressures(drawn) else []
        return cls(drawn, _top(drawn), (*phase, *pressure, *kinds, "readiness"))

    def x(self, at_ms: int) -> float:
        """Where a moment stands."""
        share = (at_ms - self.drawn.start_ms) / (self.drawn.end_ms - self.drawn.start_ms)
        return LEFT + share * PLOT_WIDTH

    def y(self, value: float) -> float:
        """Where a level stands; one beyond the frame at its edge."""
        share = min(1.0, max(0, value) / self.top)
        return TOP + (1 - share) * PLOT_HEIGHT

    def lane_y(self, lane: str) -> float:
        """The upper edge of a lane."""
        return TOP + PLOT_HEIGHT + 10 + self.lanes.index(lane) * LANE_HEIGHT

    @property
    def foot(self) -> float:
        """The lower edge of the last lane."""
        return TOP + PLOT_HEIGHT + 10 + len(self.lanes) * LANE_HEIGHT

    @property
    def height(self) -> float:
        """The height of the whole picture."""
        return self.foot + _BOTTOM

    def moment(self, at_ms: int) -> str:
        """A moment in words, as the axis counts."""
        span_ms = self.drawn.end_ms - self.drawn.start_ms
        return clock(at_ms, span_ms=span_ms) if span_ms > 180_000 else moment(at_ms)


def _top(drawn: Timeline) -> float:
    """Room above the limit where the level came anywhere near it, else above the level."""
    limit, peak = drawn.highest_limit, drawn.drawing.peak
    is_near = limit <= 4 * peak or peak == 0
    return max(drawn.drawing.least_top, (max(peak, limit) if is_near else peak) * 1.1)
