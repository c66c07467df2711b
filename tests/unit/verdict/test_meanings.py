"""The words on each outcome."""

from kubectl_stress.formats.report_text import verdict_text
from kubectl_stress.verdict.meanings import listing
from kubectl_stress.verdict.outcome import Outcome
from tests.builders import runs


def test_the_listing_names_every_outcome_on_a_line() -> None:
    lines = listing().splitlines()

    assert [line.split()[0] for line in lines] == [outcome.value for outcome in Outcome]


def test_a_verdict_ends_with_the_command_that_explains_it() -> None:
    last = verdict_text(runs.group_killed()).splitlines()[-1]

    assert last == "  what it means: kubectl stress help group-oom-killed"
