"""JUnit XML as a CI reads it."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_stress.formats.junit import junit
from kubectl_stress.formats.report_text import render
from kubectl_stress.results.report import Report
from kubectl_stress.verdict.outcome import Expectation
from tests.builders import runs
from tests.builders.pods import event


def parsed(report: Report, text: str = "table") -> ET.Element:
    return ET.fromstring(junit(report, text=text))


def result(report: Report) -> list[str]:
    case = parsed(report).find("./testsuite/testcase")
    assert case is not None
    return [child.tag for child in case]


@pytest.mark.parametrize(
    ("report", "tags"),
    [
        (runs.survived(), ["system-out"]),
        (runs.survived(expectation=Expectation.READY), ["system-out"]),
        (runs.group_killed(), ["system-out"]),  # nothing was expected
        (runs.group_killed(expectation=Expectation.OOM), ["system-out"]),
        (runs.group_killed(expectation=Expectation.SURVIVE), ["failure", "system-out"]),
        (runs.cut_off(), ["error", "system-out"]),
        (runs.cut_off(expectation=Expectation.OOM), ["error", "system-out"]),
    ],
    ids=["no", "met", "kill", "met-kill", "not-met", "inconclusive", "inconclusive-expected"],
)
def test_the_test_case_fails_with_the_expectation(report: Report, tags: list[str]) -> None:
    assert result(report) == tags


def test_the_counts_agree_with_the_test_case() -> None:
    failed = parsed(runs.group_killed(expectation=Expectation.SURVIVE))
    errored = parsed(runs.cut_off(expectation=Expectation.SURVIVE))

    for root, counts in ((failed, ("1", "1", "0")), (errored, ("1", "0", "1"))):
        for suite in (root, *root.iter("testsuite")):
            assert tuple(suite.get(key) for key in ("tests", "failures", "errors")) == counts


def test_a_test_case_is_named_for_its_target_and_load() -> None:
    case = parsed(runs.survived(expectation=Expectation.READY)).find(".//testcase")

    assert case is not None
    assert case.get("classname") == "default.web"
    assert case.get("name") == "app: 50Mi for 1m, expected ready"


def test_a_failure_holds_the_verdict_and_its_evidence() -> None:
    failure = parsed(runs.group_killed(expectation=Expectation.SURVIVE)).find(".//failure")

    assert failure is not None
    assert failure.get("type") == "group-oom-killed"
    assert "memory.oom.group" in (failure.get("message") or "")
    assert "container terminated: OOMKilled (137)" in (failure.text or "")


@settings(deadline=None)
@given(words=st.text())
def test_any_words_leave_the_document_valid(words: str) -> None:
    report = runs.read_back(runs.made_report(runs.climb(20), event("Evicted", words)))
    text = render(report, "wide")

    assert parsed(report, text=text).find(".//system-out") is not None
