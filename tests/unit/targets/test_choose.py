"""The five modes choose as Chaos Mesh does."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.errors import UsageError
from kubectl_stress.targets.choose import Choice, Mode

PODS = [f"web-{number}" for number in range(7)]
COUNTS, SEEDS = st.integers(1, 300), st.integers(0, 1 << 32)
PERCENTAGES = st.integers(1, 100)


def draws(*numbers: int) -> Callable[[int], int]:
    """Chance that is no chance: these numbers, one after another."""
    left = iter(numbers)
    return lambda _end: next(left)


@pytest.mark.parametrize(
    ("mode", "value", "numbers", "chosen"),
    [
        ("one", None, (4,), [4]),
        ("all", None, (), [0, 1, 2, 3, 4, 5, 6]),
        ("fixed", "2", (5, 1), [1, 5]),
        ("fixed", "2", (5, 5, 1), [1, 5]),  # a pod that is drawn again is drawn anew
        ("fixed", "99", (0, 1, 2, 3, 4, 5, 6), [0, 1, 2, 3, 4, 5, 6]),
        ("fixed-percent", "1", (6,), [6]),  # 0.07 pods: at least one
        ("fixed-percent", "15", (6, 0), [0, 6]),  # 1.05 pods are two
        ("fixed-percent", "100", (0, 1, 2, 3, 4, 5, 6), [0, 1, 2, 3, 4, 5, 6]),
        ("random-max-percent", "50", (0,), []),  # 0% is drawn too
        ("random-max-percent", "50", (50, 3, 2, 1, 0), [0, 1, 2, 3]),
    ],
)
def test_each_mode_chooses_its_number_of_pods(
    mode: str, value: str | None, numbers: tuple[int, ...], chosen: list[int]
) -> None:
    found = Choice.parse(mode, value).choose(PODS, draws(*numbers))

    assert found == [PODS[index] for index in chosen]


@given(mode=st.sampled_from(Mode), value=PERCENTAGES, count=COUNTS, seed=SEEDS)
def test_a_seed_repeats_the_choice_and_no_pod_is_chosen_twice(
    mode: Mode, value: int, count: int, seed: int
) -> None:
    choice, pods = Choice.parse(mode.value, str(value)), list(range(count))

    found = choice.choose(pods, Random(seed).randrange)

    assert found == choice.choose(pods, Random(seed).randrange)
    assert found == sorted(set(found))
    assert set(found) <= set(pods)


@given(percent=PERCENTAGES, count=COUNTS, seed=SEEDS)
def test_a_percentage_is_rounded_up_to_whole_pods(percent: int, count: int, seed: int) -> None:
    pods, value = list(range(count)), str(percent)

    fixed = len(Choice.parse("fixed-percent", value).choose(pods, Random(seed).randrange))
    at_most = len(Choice.parse("random-max-percent", value).choose(pods, Random(seed).randrange))

    assert (fixed - 1) * 100 < count * percent <= fixed * 100
    assert 0 <= at_most <= fixed


@pytest.mark.parametrize("mode", list(Mode))
def test_every_pod_can_be_chosen(mode: Mode) -> None:
    choice, random = Choice.parse(mode.value, "30"), Random(1)

    seen = {pod for _ in range(200) for pod in choice.choose(PODS, random.randrange)}

    assert seen == set(PODS)


def test_the_greatest_percentage_is_drawn_too() -> None:
    asked: list[int] = []

    def none_of_them(end: int) -> int:
        asked.append(end)
        return 0

    assert Choice.parse("random-max-percent", "40").choose(PODS, none_of_them) == []
    assert asked == [41]


def test_of_no_pods_none_is_chosen() -> None:
    for mode in Mode:
        assert Choice.parse(mode.value, "5").choose([], draws()) == []


@pytest.mark.parametrize(
    ("mode", "value", "problem"),
    [
        ("some", None, 'unknown mode "some" (valid: one, all, fixed, fixed-percent, random-max-'),
        ("fixed", None, "mode fixed needs a value: a number of pods"),
        ("fixed", "", "mode fixed needs a value: a number of pods"),
        ("fixed", "0", '"0" is not a value for mode fixed: it takes a number of pods, at least 1'),
        ("fixed", "two", "it takes a number of pods"),
        ("fixed", "9" * 5000, "it takes a number of pods"),
        ("fixed-percent", "101", "it takes a percentage from 1 to 100"),
        ("fixed-percent", "30%", "it takes a percentage from 1 to 100, without %"),
        ("random-max-percent", "0", "it takes a percentage from 1 to 100"),
        ("random-max-percent", "-5", "it takes a percentage from 1 to 100"),
    ],
)
def test_a_value_that_the_mode_does_not_take_is_refused(
    mode: str, value: str | None, problem: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Choice.parse(mode, value)

    assert problem in str(caught.value)


def test_a_mode_that_takes_no_value_ignores_it() -> None:
    assert Choice.parse("all", "30") == Choice(Mode.ALL)
    assert (str(Choice.parse("fixed", "+3")), str(Choice.parse("one", "3"))) == ("fixed 3", "one")


@pytest.mark.parametrize(
    ("mode", "value", "words"),
    [
        ("fixed", "9", "mode fixed 9 asks for more pods than the 7 found"),
        ("fixed", "7", ""),
        ("fixed-percent", "90", ""),
        ("all", None, ""),
    ],
)
def test_fewer_pods_than_were_asked_for_are_said(mode: str, value: str | None, words: str) -> None:
    assert Choice.parse(mode, value).shortage(7) == words
