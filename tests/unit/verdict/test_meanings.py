"""The words on each outcome."""

from pathlib import Path

import pytest

from kubectl_stress.formats.report_text import verdict_text
from kubectl_stress.verdict.meanings import MEANINGS, listing, verdicts_page
from kubectl_stress.verdict.outcome import Outcome
from tests.builders import runs

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("outcome", Outcome, ids=lambda outcome: outcome.value)
def test_every_outcome_says_what_it_means(outcome: Outcome) -> None:
    words = MEANINGS[outcome]

    assert 100 < len(words) < 700
    assert "\n" not in words


def test_the_listing_names_every_outcome_on_a_line() -> None:
    lines = listing().splitlines()

    assert [line.split()[0] for line in lines] == [outcome.value for outcome in Outcome]


def test_the_page_on_verdicts_is_what_the_code_says() -> None:
    assert (DOCS / "verdicts.md").read_text() == verdicts_page(), "run scripts/write-docs"


def test_a_verdict_ends_with_the_command_that_explains_it() -> None:
    last = verdict_text(runs.group_killed()).splitlines()[-1]

    assert last == "  what it means: kubectl stress help group-oom-killed"
