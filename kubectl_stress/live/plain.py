"""Lines on stderr where no terminal is: one a step, and one each ten seconds; no cursor codes."""

import sys
from collections.abc import Callable

from kubectl_stress.agent.samples import Sample
from kubectl_stress.live.sentences import Marks, Words, sample_sentence, sentence
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.progress import Progress
from kubectl_stress.text import log_line

_EVERY_MS = 10_000


class PlainLog:
    """Each line with the time since the start; `has_samples`: there is more than one to see.

    `words` is what is said of a step.
    """

    def __init__(
        self,
        now_ms: Callable[[], int],
        marks: Marks,
        *,
        has_samples: bool = True,
        words: Words = sentence,
    ) -> None:
        self._now_ms, self._started_ms = now_ms, now_ms()
        self._marks, self._has_samples, self._words = marks, has_samples, words
        self._printed_ms: dict[TargetState, int] = {}

    def __call__(self, progress: Progress) -> None:
        """Print the step, if it is one to be told."""
        state, what = progress.target, progress.what
        elapsed_ms, text = self._now_ms() - self._started_ms, self._words(state, what)
        is_due = elapsed_ms - self._printed_ms.get(state, 0) >= _EVERY_MS
        if isinstance(what, Sample) and self._has_samples and is_due:
            text = sample_sentence(state, what)
        if text is not None:
            self._printed_ms[state] = elapsed_ms
            line = log_line(elapsed_ms, f"{self._marks(state)}{text}")
            print(line, file=sys.stderr, flush=True)
