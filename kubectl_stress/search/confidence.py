"""How much a few tries tell of the many that follow. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_stress.search.answer import Answer
from kubectl_stress.search.ladder import Ladder
from kubectl_stress.search.tries import Try

PERCENT = 95
_CHANCE = 1 - PERCENT / 100


@dataclass(frozen=True)
class Confidence:
    """In which share of tries the app may still fail where all fit, and fit from where all failed.

    The bounds of Clopper and Pearson (1934), each on its side: where n of n tries agree, the true
    share of the others is less than 1 - 0.05^(1/n) with a confidence of 95 %. That of the failures
    is of all levels from the boundary on together, as they were tried.
    """

    fits: int
    fails_at_most_percent: float
    failures: int = 0
    fits_at_most_percent: float | None = None


def confidence(answer: Answer, tries: Sequence[Try]) -> Confidence | None:
    """Of an answer with a number; None for others."""
    ladder, survived, failed = Ladder(tries), answer.survived, answer.failed
    fits = 0 if survived is None else ladder.count(survived)
    if not answer.has_number or not fits:
        return None
    failures = 0 if failed is None else ladder.count_from(failed)
    return Confidence(fits, _at_most(fits), failures, _at_most(failures) if failures else None)


def _at_most(agreeing: int) -> float:
    share: float = _CHANCE ** (1 / agreeing)
    return round(100 * (1 - share), 1)
