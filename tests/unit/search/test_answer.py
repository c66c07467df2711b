"""The limit that follows from a boundary, with its arithmetic; none follows from anything else."""

import pytest

from kubectl_stress.search.answer import Answer, AnswerKind
from kubectl_stress.search.recommendation import recommendation
from kubectl_stress.search.tries import Mark
from tests.builders.pods import MIB
from tests.builders.simulated_app import settings


def test_the_recommended_limit_is_what_it_lived_with_and_a_margin_in_whole_mebibytes() -> None:
    answer = Answer(AnswerKind.FOUND, "", 73 * MIB, 75 * MIB, Mark.OOM)

    found = recommendation(answer, settings(128 * MIB))

    assert found is not None
    assert found.minimal == 55 * MIB
    assert found.recommended == 66 * MIB
    assert found.arithmetic == (
        "128.0 MiB - 73.0 MiB = 55.0 MiB; 55.0 MiB × 1.2 = 66.0 MiB (rounded up to whole MiB)"
    )


def test_a_part_of_a_mebibyte_is_rounded_up() -> None:
    answer = Answer(AnswerKind.FOUND, "", 73 * MIB + 4096, 75 * MIB, Mark.OOM)

    found = recommendation(answer, settings(128 * MIB, margin_percent=10))

    assert found is not None
    assert found.recommended == 61 * MIB


@pytest.mark.parametrize("kind", [AnswerKind.FLAKY, AnswerKind.INCONCLUSIVE])
def test_without_a_boundary_no_limit_is_recommended(kind: AnswerKind) -> None:
    assert recommendation(Answer(kind, "", 73 * MIB, 75 * MIB), settings()) is None
