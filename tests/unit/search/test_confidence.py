"""How sure an answer is, by how many tries agree."""

import pytest

from kubectl_stress.search.answer import Answer, AnswerKind
from kubectl_stress.search.confidence import Confidence, confidence
from kubectl_stress.search.tries import Mark, Try

TRIES = [Try(10, Mark.FITS, "")] * 6 + [Try(12, Mark.SLOW, "")] * 8


def test_what_few_tries_leave_open_is_said() -> None:
    found = confidence(Answer(AnswerKind.FOUND, "", 10, 12, Mark.SLOW), TRIES)

    assert found == Confidence(6, 39.3, 8, 31.2)


def test_the_bound_is_the_share_that_would_be_seen_in_one_of_twenty() -> None:
    found = confidence(Answer(AnswerKind.FOUND, "", 10, 12, Mark.SLOW), TRIES)

    assert found is not None
    assert (1 - found.fails_at_most_percent / 100) ** 6 == pytest.approx(0.05, rel=0.01)


def test_what_failed_above_the_boundary_counts_too() -> None:
    tries = [*TRIES[:-2], Try(14, Mark.SLOW, ""), Try(20, Mark.OOM, "")]

    assert confidence(Answer(AnswerKind.FOUND, "", 10, 12, Mark.SLOW), tries) == Confidence(
        6, 39.3, 8, 31.2
    )


def test_where_everything_fits_there_is_one_side() -> None:
    found = confidence(Answer(AnswerKind.ALL_FIT, "", 10), TRIES[:3])

    assert found == Confidence(3, 63.2)


def test_no_number_no_confidence() -> None:
    assert confidence(Answer(AnswerKind.FLAKY, "", 10, 12), TRIES) is None
