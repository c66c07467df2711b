"""Who hears what goes on: a live table on a terminal, plain lines elsewhere, both on stderr.

stdout is for the answer; only `-o jsonl` writes there meanwhile.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from kubectl_stress.live.fleet import FleetLog, FleetScreen
from kubectl_stress.live.json_lines import JsonLines
from kubectl_stress.live.plain import PlainLog
from kubectl_stress.live.sentences import Marks, search_sentence, sentence
from kubectl_stress.live.terminal import LiveScreen, drawing
from kubectl_stress.session.progress import Progress


class Listener(Protocol):
    """Whoever hears what is told."""

    def __call__(self, progress: Progress) -> None:
        """Hear one step."""


@contextmanager
def listening(
    *,
    quiet: bool,
    output: str,
    color: bool | None,
    now_ms: Callable[[], int],
    target_count: int = 1,
    has_samples: bool = True,
    is_fleet: bool = False,
    is_search: bool = False,
) -> Iterator[Listener]:
    """Everybody who hears; the terminal is restored at the end, whatever happens.

    `has_samples`: there is more than one reading to see. `is_fleet`: too many targets for all that
    is done with each. `is_search`: so many loads one after another that a line of each is enough.
    """
    words = search_sentence if is_search else sentence
    listeners: list[Listener] = [JsonLines()] if output == "jsonl" else []
    marks = Marks(target_count)
    if quiet:
        yield to_all(listeners)
    elif not (has_samples and sys.stderr.isatty()):
        log = PlainLog(now_ms, marks, has_samples=has_samples and not is_search, words=words)
        yield to_all([*listeners, FleetLog(now_ms, marks) if is_fleet else log])
    else:
        with drawing(color) as terminal:
            one = LiveScreen(terminal, marks, now_ms=now_ms, wide=output == "wide", words=words)
            many = FleetScreen(terminal, marks, now_ms=now_ms)
            yield to_all([*listeners, many if is_fleet else one])


def to_all(listeners: Sequence[Listener]) -> Listener:
    """One listener that passes everything on."""

    def hear(progress: Progress) -> None:
        for listener in listeners:
            listener(progress)

    return hear
