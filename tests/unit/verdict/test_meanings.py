"""The words on each outcome."""

from kubectl_stress.formats.report_text import verdict_text
from kubectl_stress.verdict.meanings import listing
from kubectl_stress.verdict.outcome import INTERRUPTED, NOT_LOADED, Outcome
from tests.builders import runs


def test_the_listing_names_every_outcome_on_a_line_and_what_stands_in_its_place() -> None:
    words = [line.split()[0] for line in listing().splitlines()]

    assert words == [*(outcome.value for outcome in Outcome), NOT_LOADED, INTERRUPTED]


def test_a_verdict_ends_with_the_command_that_explains_it() -> None:
    last = verdict_text(runs.group_killed()).splitlines()[-1]

    assert last == "  what it means: kubectl stress help group-oom-killed"
