"""The level against the limit while it happens: the last minutes of one target."""

from collections import deque

from kubectl_stress.agent.protocol import WorkerKilled
from kubectl_stress.agent.samples import Sample
from kubectl_stress.formats.terminal_plot import PLOT_LINES, plot_of
from kubectl_stress.formats.timeline import Course, timeline
from kubectl_stress.plan.gauges import gauges
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.progress import What
from kubectl_stress.targets.changes import Change

_SHOWN_MS, _APART_MS, _DRAWN_MS = 180_000, 400, 1_000
# A shorter while is no curve yet.
_LEAST_MS, _NARROWEST = 3_000, 60
_GAP_LINES = 1
_LAST_LABEL = 4  # of the time axis, which may reach beyond it


class LivePicture:
    """Keeps what is drawn of a target, and draws it at most once a second."""

    def __init__(self, state: TargetState) -> None:
        self._state, self._was_ready = state, state.status.ready
        self._samples: deque[Sample] = deque()
        self._changes: deque[Change] = deque()
        self._kills: deque[WorkerKilled] = deque()
        self._drawn: tuple[int, int, int, list[str]] | None = None

    def hear(self, what: What) -> None:
        """Keep a sample, a change or a kill; what is older than is shown goes."""
        if isinstance(what, Sample):
            if not self._samples or what.at_ms - self._samples[-1].at_ms >= _APART_MS:
                self._samples.append(what)
            self._forget(what.at_ms - _SHOWN_MS)
        elif isinstance(what, Change):
            self._changes.append(what)
        elif isinstance(what, WorkerKilled):
            self._kills.append(what)

    def _forget(self, before_ms: int) -> None:
        for kept in (self._samples, self._changes, self._kills):
            while kept and kept[0].at_ms < before_ms:
                kept.popleft()

    def lines(self, width: int, height: int) -> list[str]:
        """As many pictures as fit into so many lines; none where there is too little to see."""
        span_ms = self._samples[-1].at_ms - self._samples[0].at_ms if self._samples else 0
        if width < _NARROWEST or height < PLOT_LINES + _GAP_LINES or span_ms < _LEAST_MS:
            return []
        now_ms = self._samples[-1].at_ms
        if self._drawn is not None:
            drawn_ms, drawn_width, drawn_height, lines = self._drawn
            is_same = (drawn_width, drawn_height) == (width, height)
            if is_same and 0 <= now_ms - drawn_ms < _DRAWN_MS:
                return lines
        found = self._draw(width, height)
        self._drawn = now_ms, width, height, found
        return found

    def _draw(self, width: int, height: int) -> list[str]:
        course = Course(
            self._state.target,
            self._state.spec,
            tuple(self._samples),
            tuple(self._changes),
            tuple(self._kills),
            self._was_ready,
        )
        found: list[str] = []
        for gauge in gauges(self._state.spec):
            picture = ["", *plot_of(timeline(course, gauge), width - _LAST_LABEL).splitlines()]
            if len(found) + len(picture) <= height:
                found += picture
        return found
