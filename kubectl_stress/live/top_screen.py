"""Shows `top` while it goes on, on stderr: a live table on a terminal, plain lines elsewhere.

stdout is for the answer; only `-o jsonl` writes there meanwhile.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from kubectl_stress.agent.samples import Sample
from kubectl_stress.formats.serialize import json_line
from kubectl_stress.formats.top_text import tables
from kubectl_stress.live.run_screen import Drawing, drawing
from kubectl_stress.quantity import format_bytes
from kubectl_stress.results.report import change_dict, sample_dict
from kubectl_stress.results.top_state import TargetState
from kubectl_stress.session.probe_stream import Attached, Finished, Progress
from kubectl_stress.session.progress import LogLine
from kubectl_stress.targets.changes import Change
from kubectl_stress.text import log_line

_PLAIN_EVERY_MS = 10_000
_DRAW_EVERY_MS = 200


class TopListener(Protocol):
    """Whoever hears what `top` tells."""

    def __call__(self, state: TargetState, progress: Progress) -> None:
        """Hear one step of one target."""


def top_sentence(state: TargetState, progress: Progress) -> str | None:
    """What a person is told of one step; None where the table says it."""
    if isinstance(progress, LogLine | Change):
        return f"{state.target.pod}: {progress.text}"
    if isinstance(progress, Finished) and progress.error is not None:
        return f"{state.target.pod}: no more readings: {progress.error}"
    return None


class PlainTop:
    """One line a step, and one each ten seconds for each target; no cursor codes."""

    def __init__(self, now_ms: Callable[[], int], *, has_samples: bool) -> None:
        self._now_ms, self._started_ms, self._has_samples = now_ms, now_ms(), has_samples
        self._printed_ms: dict[str, int] = {}

    def __call__(self, state: TargetState, progress: Progress) -> None:
        """Print the step, if it is one to be told."""
        elapsed_ms = self._now_ms() - self._started_ms
        pod, text = state.target.pod, top_sentence(state, progress)
        due_ms = self._printed_ms.setdefault(pod, elapsed_ms) + _PLAIN_EVERY_MS
        if self._has_samples and isinstance(progress, Sample) and elapsed_ms >= due_ms:
            self._printed_ms[pod] = elapsed_ms
            text = f"{pod}: {_sample_sentence(progress)}"
        if text is not None:
            print(log_line(elapsed_ms, text), file=sys.stderr, flush=True)


def _sample_sentence(sample: Sample) -> str:
    memory = sample.memory
    return (
        f"usage {format_bytes(memory.usage_bytes)}, working set "
        f"{format_bytes(memory.working_set_bytes)}, limit {format_bytes(memory.limit_bytes)}"
    )


class LiveTop:
    """The table in place, under the lines that stay."""

    def __init__(self, terminal: Drawing, *, now_ms: Callable[[], int], wide: bool) -> None:
        self._terminal, self._wide, self._now_ms = terminal, wide, now_ms
        self._started_ms = now_ms()
        self._drawn_ms: int | None = None
        self._standings: list[TargetState] = []

    def __call__(self, state: TargetState, progress: Progress) -> None:
        """Show the step."""
        if all(known is not state for known in self._standings):
            self._standings.append(state)
        now_ms, text = self._now_ms(), top_sentence(state, progress)
        if text is not None:
            self._terminal.say(log_line(now_ms - self._started_ms, text))
        if isinstance(progress, Attached) and self._drawn_ms is None:
            self._terminal.start()
            self._drawn_ms = now_ms - _DRAW_EVERY_MS
        is_due = self._drawn_ms is not None and now_ms - self._drawn_ms >= _DRAW_EVERY_MS
        if is_due or (text is not None and self._drawn_ms is not None):
            self._drawn_ms = now_ms
            self._terminal.draw("\n" + self._text())

    def _text(self) -> str:
        return tables(self._standings, wide=self._wide, width=self._terminal.width)


class TopJsonLines:
    """Samples and changes on stdout as they come, each with its target, for `-o jsonl`."""

    def __call__(self, state: TargetState, progress: Progress) -> None:
        """Write the step if it is data."""
        target = state.target
        where = {
            "namespace": target.namespace,
            "pod": target.pod,
            "container": target.container,
        }
        if isinstance(progress, Sample):
            print(json_line({**sample_dict(progress), **where}), flush=True)
        elif isinstance(progress, Change):
            print(json_line({**change_dict(progress), **where}), flush=True)


@contextmanager
def listening_to_top(
    *, quiet: bool, output: str, is_live: bool, color: bool | None, now_ms: Callable[[], int]
) -> Iterator[TopListener]:
    """Everybody who hears; `is_live` where there is more than one reading to see."""
    listeners: list[TopListener] = [TopJsonLines()] if output == "jsonl" else []

    def tell(state: TargetState, progress: Progress) -> None:
        for listener in listeners:
            listener(state, progress)

    if quiet:
        yield tell
    elif not (is_live and sys.stderr.isatty()):
        listeners.append(PlainTop(now_ms, has_samples=is_live))
        yield tell
    else:
        with drawing(color) as terminal:
            listeners.append(LiveTop(terminal, now_ms=now_ms, wide=output == "wide"))
            yield tell
