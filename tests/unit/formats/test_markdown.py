"""Markdown for a comment on a pull request."""

import re

import pytest

from kubectl_stress.formats.markdown import markdown
from kubectl_stress.verdict.outcome import Expectation
from tests.builders import runs


def test_the_heading_says_whether_it_was_expected() -> None:
    report = runs.group_killed(expectation=Expectation.SURVIVE)

    heading = markdown(report).splitlines()[0]

    assert heading == "### kubectl stress: group-oom-killed (**not** as expected: survive)"


def test_the_evidence_is_a_table_in_order_of_time() -> None:
    lines = markdown(runs.liveness_restarted()).splitlines()

    times = [float(found[1]) for line in lines if (found := re.match(r"\| (\d+\.\d)s \|", line))]
    assert len(times) >= 5
    assert times == sorted(times)


def test_the_numbers_are_folded_away() -> None:
    text = markdown(runs.survived())

    assert text.count("<details>") == text.count("</details>") == 2
    assert "| usage | 12.0 MiB |" in text


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("a|b", "`Evicted: a\\|b`"),
        ("a`b", "`` Evicted: a`b ``"),
        ("</details>\n\n# Big", "`Evicted: </details> # Big`"),
        ("\x1b[31mred\x07", "`Evicted: red`"),
    ],
    ids=["bar", "backtick", "html", "control"],
)
def test_words_of_the_cluster_stay_in_their_code_span(words: str, shown: str) -> None:
    report = runs.evicted(words)

    assert shown in markdown(report)


def test_nobody_is_notified_by_a_process() -> None:
    report = runs.cut_off("@everyone [x](http://evil)")

    assert "@<!-- -->everyone \\[x\\]\\(http://evil\\)" in markdown(report)
