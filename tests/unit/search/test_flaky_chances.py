"""How likely an app that fails every second try at random is given a number: computed, not drawn.

Each boundary has its path of tries. Such an app takes it with a chance of one half for each try at
which it may fail, so the chance of a number is the sum over all paths. A number with a range in
which tries disagreed comes on top of it: those are drawn in `test_levels`.
"""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark
from tests.builders.pods import MIB
from tests.builders.simulated_app import Played, breaks_at, search, settings

LIMIT_MIB = 128
# From which ballast on it fails at random.
FROM_MIB = range(0, LIMIT_MIB, 10)


class AsOftenAsThatFits(SearchSettings):
    """The side that fails is tried no more often than the side that fits."""

    @property
    def least_failures(self) -> int:
        return self.attempts

    @property
    def least_tries(self) -> int:
        return 0


@dataclass(frozen=True)
class Chances:
    """Of a number, and of one that the app did not survive for sure; and what a search takes."""

    number: float
    wrong: float


def searches(asked: SearchSettings, mark: Mark) -> list[Played]:
    """One for each half MiB at which an app may break."""
    return [
        search(asked, breaks_at(half * MIB // 2 + 1, mark)) for half in range(1, LIMIT_MIB * 2 - 1)
    ]


def chances(searched: list[Played], from_mib: int) -> Chances:
    """Of an app that fails at random from there on, and never below."""
    low, number, wrong = from_mib * MIB, 0.0, 0.0
    for played in {one.tries: one for one in searched}.values():
        if any(one.mark is not Mark.FITS and one.level < low for one in played.tries):
            continue
        chance: float = 0.5 ** sum(one.level >= low for one in played.tries)
        number += chance
        wrong += chance if (played.answer.survived or 0) >= max(low, MIB) else 0
    return Chances(number, wrong)


def worst(searched: list[Played]) -> Chances:
    """Wherever it begins to fail."""
    found = [chances(searched, from_mib) for from_mib in FROM_MIB]
    return Chances(max(one.number for one in found), max(one.wrong for one in found))


def told(searched: list[Played]) -> Iterator[str]:
    tries = [len(one.tries) for one in searched]
    yield f"{statistics.mean(tries):.1f} tries on average, {max(tries)} at most"
    for from_mib in FROM_MIB:
        found = chances(searched, from_mib)
        yield f"from {from_mib} MiB on: a number {found.number:.2%}, a wrong one {found.wrong:.2%}"


@pytest.mark.parametrize(
    ("mark", "most_numbers", "most_wrong"),
    [(Mark.READINESS_LOST, 0.006, 0.004), (Mark.CRASHED, 0.15, 0.05)],
)
def test_wherever_an_app_begins_to_fail_at_random_it_hardly_ever_gets_a_number(
    mark: Mark, most_numbers: float, most_wrong: float
) -> None:
    found = searches(settings(), mark)

    print(mark.value, *told(found), sep="\n")
    assert worst(found).number <= most_numbers
    assert worst(found).wrong <= most_wrong


def test_fewer_failures_at_the_boundary_would_save_four_tries_and_invent_numbers() -> None:
    """Why `least_failures` is more than `attempts`."""
    asked = settings()
    few = AsOftenAsThatFits(
        asked.limit, asked.resolution, asked.ceiling, max_restarts=1_000, max_ms=1 << 40
    )
    many, saving = (searches(one, Mark.READINESS_LOST) for one in (asked, few))

    print(*told(saving), sep="\n")
    saved = statistics.mean(len(a.tries) - len(b.tries) for a, b in zip(many, saving, strict=True))
    assert 3 < saved < 5
    assert worst(saving).number > 10 * worst(many).number
    assert worst(saving).wrong > 10 * worst(many).wrong


@pytest.mark.parametrize(("attempts", "most_numbers"), [(2, 0.12), (4, 0.0005)])
def test_more_attempts_leave_less_to_chance(attempts: int, most_numbers: float) -> None:
    found = searches(settings(attempts=attempts), Mark.READINESS_LOST)

    print(f"--attempts {attempts}", *told(found), sep="\n")
    assert worst(found).number <= most_numbers
