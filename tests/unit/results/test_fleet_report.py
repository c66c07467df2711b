"""The verdict of a run over several targets is the worst of theirs."""

import pytest

from kubectl_stress.results.fleet_report import Entry
from kubectl_stress.verdict.outcome import Expectation
from tests.builders.fleets import entry, fleet, inconclusive, load_killed
from tests.builders.pods import report


def failed(code: int) -> Entry:
    return entry(f"failed-{code}", problem="why", problem_code=code)


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([entry("a", report())], 0),
        ([entry("a", report()), entry("b", load_killed())], 0),  # nothing was expected
        ([entry("a", report()), entry("b", inconclusive())], 4),
        ([entry("b", inconclusive()), failed(5)], 5),
        ([failed(5), failed(1)], 1),
        ([failed(1), failed(130), failed(5)], 130),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_the_exit_code_is_the_worst(entries: list[Entry], code: int) -> None:
    assert fleet(*entries).exit_code == code


def test_not_as_expected_is_worse_than_inconclusive_and_better_than_refused() -> None:
    entries = (entry("a", report()), entry("b", inconclusive()))

    assert fleet(*entries, expectation=Expectation.OOM).exit_code == 3
    assert fleet(*entries, failed(5), expectation=Expectation.OOM).exit_code == 5


def test_what_needs_a_look_comes_first_and_the_worse_before_it() -> None:
    found = fleet(
        entry("fine", report()),
        entry("killed", load_killed()),
        failed(1),
        entry("unknown", inconclusive()),
        failed(130),
    )

    order = [one.pod for one in found.worst_first]

    assert order == ["failed-130", "failed-1", "unknown", "killed", "fine"]


def test_a_kill_that_was_expected_needs_no_look() -> None:
    found = fleet(entry("a", report()), entry("b", load_killed()), expectation=Expectation.OOM)

    assert [one.pod for one in found.worst_first if one.needs_a_look] == ["a"]
    assert found.sentence == "2 targets: 1 survived, 1 load-oom-killed; 1 as expected (oom)"


def test_the_json_form_has_each_target_with_its_own_report_or_its_error() -> None:
    found = fleet(entry("a", report()), failed(5)).to_dict()

    assert found["summary"]["exit_code"] == 5
    assert found["targets"][0]["report"]["schema"].startswith("kubectl-stress/report/")
    assert found["targets"][1]["report"] is None
    assert found["targets"][1]["error"] == "why"
