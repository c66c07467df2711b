"""Which level comes next: every answer of a search is right, or says that there is none."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.quantity import PAGE_BYTES
from kubectl_stress.search.answer import AnswerKind
from kubectl_stress.search.levels import next_step
from kubectl_stress.search.tries import Mark, Spent, Try
from tests.builders.pods import MIB
from tests.builders.simulated_app import (
    KINDS,
    Fails,
    Played,
    blurred_searches,
    breaks_at,
    cpu_settings,
    flaky_between,
    search,
    settings,
)

ENDING, HARMLESS = (Mark.OOM, Mark.CRASHED), (Mark.READINESS_LOST, Mark.SLOW)


def levels(played: Played) -> list[int]:
    return [one.level // MIB for one in played.tries]


def test_it_steps_up_by_tenths_and_down_again_and_tries_both_sides_again() -> None:
    asked = settings(100 * MIB)

    played = search(asked, breaks_at(34 * MIB, Mark.SLOW))

    assert levels(played)[:4] == [10, 20, 30, 40]
    assert levels(played)[4:8] == [38, 37, 35, 34]
    assert levels(played)[8:] == [32] * 3 + [34] * 4
    answer = played.answer
    assert (answer.kind, answer.cause) == (AnswerKind.FOUND, Mark.SLOW)


def test_where_a_failure_ends_something_it_comes_nearer_from_below() -> None:
    asked = settings(100 * MIB)

    played = search(asked, breaks_at(34 * MIB, Mark.OOM))

    assert levels(played)[:4] == [10, 20, 30, 40]
    assert levels(played)[4:6] == [32, 34]
    assert levels(played)[6:] == [32] * 5 + [34] * 2
    assert played.failures == 4


@pytest.mark.parametrize(
    ("kinds", "mean_tries", "most_tries", "mean_failures", "most_failures"),
    [
        (ENDING, 14.2, 18, 4.0, 5),
        (HARMLESS, 16.6, 21, 9.0, 9),
    ],
)
def test_a_thousand_searches_give_no_wrong_answer(
    kinds: tuple[Mark, ...],
    mean_tries: float,
    most_tries: int,
    mean_failures: float,
    most_failures: int,
) -> None:
    draw, asked = random.Random(17), settings()
    found = []
    for number in range(1_000):
        mark, breaking = kinds[number % 2], draw.randrange(1, asked.limit)
        played = search(asked, breaks_at(breaking, mark))
        assert played.answer.kind is AnswerKind.FOUND
        assert played.answer.cause is mark
        assert played.is_right(breaking, breaking, asked.resolution), breaking
        found.append(played)

    tries = [len(played.tries) for played in found]
    failures = [played.failures for played in found]
    print(f"{statistics.mean(tries):.1f} tries on average, {max(tries)} at most")
    print(f"{statistics.mean(failures):.1f} failures on average, {max(failures)} at most")
    assert statistics.mean(tries) <= mean_tries
    assert max(tries) <= most_tries
    assert statistics.mean(failures) <= mean_failures
    assert max(failures) <= most_failures


@pytest.mark.parametrize("mark", [Mark.THROTTLED, Mark.CRASHED])
@pytest.mark.parametrize("limit", [10, 50, 1_000])
def test_levels_that_cannot_be_divided_any_further_end_a_search(limit: int, mark: Mark) -> None:
    asked = cpu_settings(limit, resolution=1)

    for breaking in range(2, limit, max(1, limit // 50)):
        found = search(asked, breaks_at(breaking, mark)).answer
        assert (found.survived, found.failed) == (breaking - 1, breaking)


def test_the_last_mebibyte_that_the_kernel_blurs_costs_no_more_restarts_than_there_are() -> None:
    draw, asked, kinds = random.Random(5), settings(max_restarts=6), []
    for _ in range(1_000):
        low = draw.randrange(30 * MIB, 110 * MIB)
        played = search(asked, flaky_between(low, low + MIB, Mark.OOM, draw))
        assert played.answer.kind in (AnswerKind.FOUND, AnswerKind.INCONCLUSIVE)
        kinds.append(played.answer.kind)

    print(f"{kinds.count(AnswerKind.FOUND)} of 1,000 found with six restarts")
    assert kinds.count(AnswerKind.FOUND) > 990


def test_a_thousand_searches_of_apps_with_a_blurred_boundary_are_right_or_flaky() -> None:
    asked, kinds = settings(), []
    for low, high, played in blurred_searches(asked, least=1):
        kinds.append(played.answer.kind)
        if played.answer.kind is AnswerKind.FOUND:
            assert played.is_right(low, high, asked.resolution)
        else:
            assert played.answer.kind in (AnswerKind.FLAKY, AnswerKind.INCONCLUSIVE)

    print({kind.value: kinds.count(kind) for kind in AnswerKind})
    assert kinds.count(AnswerKind.FLAKY) > 200


def test_a_boundary_blurred_within_the_resolution_is_found_with_its_range() -> None:
    draw, asked, ranges = random.Random(4), settings(), 0
    for number in range(500):
        low = draw.randrange(asked.limit // 10, asked.limit * 9 // 10)
        high = low + draw.randrange(1, asked.resolution // 2)
        played = search(asked, flaky_between(low, high, KINDS[number % 4], draw))
        assert played.answer.kind is AnswerKind.FOUND
        assert played.is_right(low, high, asked.resolution)
        ranges += played.answer.flaky is not None

    assert ranges > 50


def moves(low: int, high: int, count: int) -> Fails:
    """An app that holds less from its n-th try on, and so breaks at a larger ballast."""
    tried = iter(range(1_000))
    return lambda ballast: Mark.SLOW if ballast >= (low if next(tried) < count else high) else None


def test_a_boundary_that_moves_meanwhile_takes_more_tries_and_is_right_or_flaky() -> None:
    draw, asked, found = random.Random(6), settings(), []
    for _ in range(300):
        low = draw.randrange(asked.limit // 5, asked.limit * 4 // 5)
        high = low + draw.randrange(asked.resolution // 4, asked.resolution * 5 // 4)
        played = search(asked, moves(low, high, draw.randrange(5, 15)))
        if played.answer.kind is AnswerKind.FOUND:
            assert played.is_right(low, high, asked.resolution)
        found.append(played)

    tries = [len(played.tries) for played in found]
    numbers = sum(played.answer.has_number for played in found)
    print(f"{numbers} of 300 found in {statistics.mean(tries):.1f} tries, {max(tries)} at most")
    assert max(tries) <= 40
    assert {played.answer.kind for played in found} <= {AnswerKind.FOUND, AnswerKind.FLAKY}


@pytest.mark.parametrize("from_mib", [0, 20])
@pytest.mark.parametrize(("mark", "most"), [(Mark.READINESS_LOST, 12), (Mark.CRASHED, 450)])
def test_an_app_that_fails_every_second_time_is_hardly_ever_given_a_number(
    mark: Mark, most: int, from_mib: int
) -> None:
    """Where each failure restarts it, the level that fails is tried three times alone."""
    draw, asked = random.Random(1), settings()
    low = from_mib * MIB
    answers = [search(asked, flaky_between(low, 1 << 40, mark, draw)).answer for _ in range(2_000)]

    numbers = [answer for answer in answers if answer.has_number]
    unlucky = [answer for answer in numbers if (answer.survived or 0) >= max(low, MIB)]
    print(f"{len(numbers)} of 2,000 were given a number, {len(unlucky)} a wrong one")
    assert len(numbers) <= most
    assert len(unlucky) <= 20  # it survives below the level from which it fails at random


@given(
    limit_mib=st.integers(8, 4_096),
    share=st.floats(0.0, 0.999),
    attempts=st.integers(1, 5),
    cut=st.integers(0, 30),
)
def test_a_search_that_is_resumed_ends_where_it_would_have_ended(
    limit_mib: int, share: float, attempts: int, cut: int
) -> None:
    asked = settings(limit_mib * MIB, attempts=attempts)
    fails = breaks_at(int(asked.limit * share), Mark.OOM)
    whole = search(asked, fails)

    resumed = search(asked, fails, whole.tries[:cut])

    assert resumed == whole


@given(marks=st.lists(st.tuples(st.integers(1, 120), st.sampled_from(Mark)), max_size=40))
def test_whatever_was_recorded_there_is_a_next_step_and_no_invented_number(
    marks: list[tuple[int, Mark]],
) -> None:
    asked, tries = settings(), [Try(level * MIB, mark, "") for level, mark in marks]

    found = next_step(asked, tries)

    if isinstance(found, int):
        assert PAGE_BYTES <= found <= asked.ceiling
    elif found.kind is AnswerKind.FOUND:
        survived = [m for level, m in marks if level * MIB == found.survived]
        failed = [m for level, m in marks if level * MIB == found.failed]
        assert {*survived} - {Mark.INCONCLUSIVE} == {Mark.FITS}
        assert found.survived is not None
        assert found.failed is not None
        assert found.failed - found.survived <= 2 * asked.resolution
        assert {*failed} - {Mark.INCONCLUSIVE} == {found.cause}


def test_tries_at_one_level_that_fail_in_different_ways_are_not_mixed() -> None:
    asked = settings()
    tries = [Try(64 * MIB, mark, "") for mark in (Mark.OOM, Mark.READINESS_LOST, Mark.OOM)]

    answer = next_step(asked, tries)

    assert not isinstance(answer, int)
    assert answer.kind is AnswerKind.FLAKY
    assert answer.sentence == "flaky: 3 tries at 64.0 MiB failed in different ways"


def tried(level_mib: float, *marks: Mark) -> list[Try]:
    return [Try(int(level_mib * MIB), mark, "") for mark in marks]


FITS, OOM = Mark.FITS, Mark.OOM


def test_around_a_level_at_which_tries_disagree_both_sides_are_looked_for() -> None:
    asked = settings(100 * MIB)
    half, disputed = asked.resolution // 2, tried(64, FITS, OOM)

    assert next_step(asked, disputed) == 64 * MIB - half
    assert next_step(asked, [*disputed, *tried(63, FITS)]) == 64 * MIB + half


def test_a_narrow_range_in_which_tries_disagree_is_an_answer_that_says_so() -> None:
    asked = settings(100 * MIB)
    tries = [*tried(64, FITS, OOM), *tried(63, *[FITS] * 21), *tried(65, OOM, OOM, OOM)]

    answer = next_step(asked, tries)

    assert not isinstance(answer, int)
    assert (answer.kind, answer.cause) == (AnswerKind.FOUND, OOM)
    assert (answer.survived, answer.failed) == (63 * MIB, 65 * MIB)
    assert answer.sentence.endswith("65.0 MiB did not: oom; between them 1 of 2 tries fit")


def test_tries_that_disagree_over_more_than_the_resolution_are_flaky() -> None:
    tries = [*tried(60, FITS, OOM, OOM), *tried(64, FITS), *tried(50, FITS), *tried(70, OOM)]

    answer = next_step(settings(100 * MIB), tries)

    assert not isinstance(answer, int)
    assert (answer.kind, answer.fits, answer.count) == (AnswerKind.FLAKY, 1, 3)
    assert (answer.survived, answer.failed) == (50 * MIB, 70 * MIB)
    assert not answer.has_number


def test_a_range_of_different_failures_has_no_number() -> None:
    asked, crashed = settings(100 * MIB), Mark.CRASHED
    tries = [*tried(64, FITS, crashed), *tried(63, *[FITS] * 21), *tried(65, OOM, OOM, OOM)]

    answer = next_step(asked, tries)

    assert not isinstance(answer, int)
    assert answer.kind is AnswerKind.FLAKY


def test_an_app_that_fails_without_ballast_has_no_limit() -> None:
    answer = search(settings(), breaks_at(0, Mark.CRASHED)).answer

    assert answer.kind is AnswerKind.INCONCLUSIVE
    assert "even without ballast (crashed)" in answer.sentence


def test_one_that_lives_up_to_the_ceiling_is_said_to() -> None:
    asked = settings(ceiling=100 * MIB)

    answer = search(asked, lambda _ballast: None).answer

    assert (answer.kind, answer.survived) == (AnswerKind.ALL_FIT, 100 * MIB)


@pytest.mark.parametrize(
    ("bound", "words"),
    [({"max_restarts": 2}, "2 restarts"), ({"max_ms": 100_000}, "the time is up")],
)
def test_what_it_may_cost_ends_it_with_the_range(bound: dict[str, int], words: str) -> None:
    answer = search(settings(100 * MIB, **bound), breaks_at(34 * MIB, Mark.OOM)).answer

    assert answer.kind is AnswerKind.INCONCLUSIVE
    assert words in answer.sentence
    assert "; 32.5 MiB of ballast fits" in answer.sentence
    assert answer.survived == 32.5 * MIB


def test_what_is_known_to_fit_may_be_tried_after_the_last_restart() -> None:
    asked = settings(100 * MIB, max_restarts=1)
    tries = [Try(30 * MIB, Mark.FITS, ""), Try(32 * MIB, Mark.OOM, "", restarts=1)]

    assert next_step(asked, tries, Spent(restarts=1)) == 30 * MIB
