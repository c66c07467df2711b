"""Progress of many targets: what happens to one of them as a line, and all of them as a table."""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from kubectl_stress.errors import Interrupted
from kubectl_stress.formats.fleet_state_text import fleet_state_table, total_line
from kubectl_stress.live.sentences import Marks, fleet_sentence
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.progress import Finished, Progress, Started
from kubectl_stress.targets.api_events import NODE_LOST
from kubectl_stress.targets.changes import Change
from kubectl_stress.text import few_of, log_line

if TYPE_CHECKING:
    from kubectl_stress.live.terminal import Drawing

_TOTAL_EVERY_MS, _DRAW_EVERY_MS = 10_000, 500
# The loads begin one after another within a moment: a total amid that would leave some out.
_BEGIN_MS = 500
# Lines of the log that stay visible above the table, the total and an empty line.
_LINES_ABOVE = 6


class _Known:
    """The targets whose load has begun, in their order; one reason for many is told once.

    So is a lost node: each of its pods has the event. What Ctrl-C made of the loads is told once
    all are over, of all of them.
    """

    def __init__(self, marks: Marks) -> None:
        self.states: dict[int, TargetState] = {}
        self._marks = marks
        self._errors: set[str] = set()
        self._lost_nodes: set[str] = set()

    def take(self, progress: Progress) -> None:
        if isinstance(progress.what, Started):
            self.states[progress.target.number] = progress.target

    def lines(self, progress: Progress) -> list[str]:
        """What is told of this step."""
        what = progress.what
        if isinstance(what, Finished) and isinstance(what.error, Interrupted):
            is_last = all(state.is_over for state in self.states.values())
            return list(interruption_lines(self.in_order)) if is_last else []
        text = self._sentence(progress)
        return [] if text is None else [f"{self._marks(progress.target)}{text}"]

    def _sentence(self, progress: Progress) -> str | None:
        what, text = progress.what, fleet_sentence(progress.target, progress.what)
        if isinstance(what, Finished) and what.error is not None and text is not None:
            if text in self._errors:
                return None
            self._errors.add(text)
        if isinstance(what, Change) and what.reason == NODE_LOST:
            node = progress.target.target.node
            is_known = node in self._lost_nodes
            self._lost_nodes.add(node)
            return None if is_known else f"node {node} is NotReady"
        return text

    @property
    def in_order(self) -> list[TargetState]:
        return [self.states[number] for number in sorted(self.states)]


def interruption_lines(states: Sequence[TargetState]) -> Iterator[str]:
    """What became of the loads that were interrupted, and of how many of these targets."""
    found: dict[str, list[str]] = {}
    for state in states:
        if isinstance(state.error, Interrupted):
            found.setdefault(str(state.error), []).append(state.target.pod)
    for text, pods in found.items():
        if len(pods) == len(states):
            yield f"all {len(pods)} targets: {text}"
        else:
            yield f"{len(pods)} of {len(states)} targets ({few_of(pods)}): {text}"


class FleetLog:
    """Lines on stderr where no terminal is: events, and the total each ten seconds."""

    def __init__(self, now_ms: Callable[[], int], marks: Marks) -> None:
        self._now_ms, self._started_ms = now_ms, now_ms()
        self._known, self._printed_ms, self._begun_ms = _Known(marks), 0, 0

    def __call__(self, progress: Progress) -> None:
        """Print the step, if it is one to be told."""
        self._known.take(progress)
        elapsed_ms = self._now_ms() - self._started_ms
        for line in self._known.lines(progress):
            self._print(elapsed_ms, line)
        if isinstance(progress.what, Started):
            self._begun_ms = elapsed_ms
        is_begun = self._known.states and elapsed_ms - self._begun_ms >= _BEGIN_MS
        if is_begun and elapsed_ms - self._printed_ms >= _TOTAL_EVERY_MS:
            self._printed_ms = elapsed_ms
            self._print(elapsed_ms, total_line(self._known.in_order))

    def _print(self, elapsed_ms: int, text: str) -> None:
        print(log_line(elapsed_ms, text), file=sys.stderr, flush=True)


class FleetScreen:
    """The table of all targets in place, under the lines that stay."""

    def __init__(self, terminal: "Drawing", marks: Marks, *, now_ms: Callable[[], int]) -> None:
        self._terminal = terminal
        self._now_ms, self._started_ms = now_ms, now_ms()
        self._known, self._drawn_ms = _Known(marks), -_DRAW_EVERY_MS
        self._is_begun = False

    def __call__(self, progress: Progress) -> None:
        """Show the step: its sentence above, the table below."""
        self._known.take(progress)
        elapsed_ms = self._now_ms() - self._started_ms
        for line in self._known.lines(progress):
            self._terminal.say(log_line(elapsed_ms, line))
        if not self._known.states:
            return  # until then the user may be asked something on the same terminal
        if not self._is_begun:
            self._is_begun = True
            self._terminal.start()
        if elapsed_ms - self._drawn_ms >= _DRAW_EVERY_MS:
            self._drawn_ms = elapsed_ms
            self._terminal.draw(self._body)

    def _body(self, width: int) -> str:
        height = max(3, self._terminal.height - _LINES_ABOVE)
        return "\n" + fleet_state_table(self._known.in_order, width=width, height=height)
