"""What a search found, in each format: the same facts, and no number where there is none."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from kubectl_stress.formats.html.limit_page import limit_page
from kubectl_stress.formats.limit_junit import limit_junit
from kubectl_stress.formats.limit_markdown import limit_markdown
from kubectl_stress.formats.limit_plot import limit_plot
from kubectl_stress.formats.limit_text import render_limit
from kubectl_stress.plan.limit_patch import LimitPatch, PatchState, limit_patches
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.answer import Answer, AnswerKind
from kubectl_stress.search.memory_ballast import new_limit
from kubectl_stress.search.tries import Mark, Try
from kubectl_stress.targets.owners import Owner
from tests.builders.pods import MIB, target
from tests.builders.simulated_app import settings

FITS = Try(
    64 * MIB,
    Mark.FITS,
    "survived",
    time_ms=1_795_492_800_000,
    took_ms=21_000,
    held_bytes=64 * MIB,
    peak_usage_bytes=80 * MIB,
    least_headroom_bytes=48 * MIB,
    pressure_full_percent=0.4,
)
LOST = replace(
    FITS,
    level=66 * MIB,
    mark=Mark.READINESS_LOST,
    evidence="the container became not ready under the load",
    time_ms=1_795_493_200_000,
    probe_failures=3,
    not_ready_ms=4_000,
)
FOUND = Answer(AnswerKind.FOUND, "64 fits, 66 does not", 64 * MIB, 66 * MIB, Mark.READINESS_LOST)
FLAKY = Answer(AnswerKind.FLAKY, "flaky: 2 of 3", 60 * MIB, 66 * MIB, None, 64 * MIB, 2, 3)


def result(answer: Answer = FOUND, **given: object) -> LimitResult:
    made = LimitResult(target(), settings(), (FITS, FITS, LOST), answer, 16 * MIB)
    return replace(made, **given)  # type: ignore[arg-type]


def test_a_row_a_level_with_what_was_seen_worst() -> None:
    lines = render_limit(result(), "table").splitlines()

    assert lines[0].split("  ")[0] == "BALLAST"
    assert "NOT READY  PROBE FAILURES" in lines[0]
    assert "RESTARTS" not in lines[0]  # nothing but zeros
    assert lines[1].startswith("64.0 MiB  50.0%     fits 2 of 2")
    assert "4s         3" in lines[2]


def test_it_is_said_when_it_was_seen_and_at_which_cost() -> None:
    text = render_limit(result(), "table")

    assert (
        "for the work that this pod did between 04:00 and 04:07 UTC; 3 tries of 15s, 0 restarts"
        in text
    )


def test_a_flaky_answer_has_a_range_and_no_limit() -> None:
    text = render_limit(result(FLAKY), "table")

    assert "ANSWER  flaky: flaky: 2 of 3" in text
    assert "the boundary is between 60.0 MiB and 66.0 MiB of ballast" in text
    assert "recommended" not in text


def test_why_a_level_told_nothing_is_said() -> None:
    untold = replace(LOST, mark=Mark.INCONCLUSIVE, evidence="others had the CPUs")
    answer = Answer(AnswerKind.INCONCLUSIVE, "66 told nothing", 64 * MIB)

    text = render_limit(result(answer, tries=(FITS, untold)), "table")

    assert "  at 66.0 MiB: others had the CPUs" in text


def test_a_limit_above_the_present_one_is_said_to_be() -> None:
    low = Answer(AnswerKind.FOUND, "", 4 * MIB, 6 * MIB, Mark.OOM)

    assert "recommended limit 149Mi, more than it has now" in render_limit(result(low), "table")


def test_the_bars_show_app_ballast_and_limit() -> None:
    head, fits, lost = limit_plot(result(), width=101).splitlines()

    assert "limit 128.0 MiB" in head
    assert fits.count("▓") == 30
    assert fits.count("░") == 8
    assert fits.endswith("│ ✓ fits 2 of 2")
    assert lost.endswith("│ × readiness-lost 1 of 1")


@pytest.mark.parametrize(
    ("expected", "code", "word"),
    [(None, 0, None), (64, 0, "as expected"), (65, 3, "NOT as expected")],
)
def test_what_was_expected_is_judged(expected: int | None, code: int, word: str | None) -> None:
    made = result(expected=None if expected is None else expected * MIB)

    assert made.exit_code == code
    assert word is None or f"{word} (--expect-at-least {expected}Mi)" in render_limit(made, "table")


def test_a_range_can_rule_out_what_was_expected_without_a_number() -> None:
    assert result(FLAKY, expected=70 * MIB).exit_code == 3
    assert result(FLAKY, expected=50 * MIB).exit_code == 4
    assert result(FLAKY).exit_code == 4


def test_json_names_its_units_and_marks() -> None:
    found = json.loads(render_limit(result(), "json"))

    assert found["answer"]["cause"] == "readiness-lost"
    assert [one["mark"] for one in found["tries"]] == ["fits", "fits", "readiness-lost"]
    assert found["minimal_limit_bytes"] == 64 * MIB
    assert found["recommended_limit_bytes"] == 77 * MIB


@pytest.mark.parametrize(
    ("made", "failures", "errors"),
    [
        (result(), "0", "0"),
        (result(expected=100 * MIB), "1", "0"),
        (result(FLAKY), "0", "1"),
    ],
)
def test_junit_counts_failures_and_errors(made: LimitResult, failures: str, errors: str) -> None:
    suites = ET.fromstring(limit_junit(made, text="all of it"))

    assert (suites.get("failures"), suites.get("errors")) == (failures, errors)
    assert [case.findtext("system-out") for case in suites.iter("testcase")] == ["all of it"]


def test_markdown_and_page_keep_foreign_words_from_formatting() -> None:
    bad = replace(LOST, evidence="<b>*probe* @somebody</b>")
    made = replace(result(), tries=(FITS, bad))

    assert "\\<b\\>\\*probe\\* @<!-- -->somebody" in limit_markdown(made)
    assert "&lt;b&gt;*probe*" in limit_page(made)


def test_the_page_loads_nothing() -> None:
    text = limit_page(result())

    assert "default-src 'none'" in text
    assert "src=" not in text
    assert "readiness-lost 1 of 1" in text


def patches(limit_mib: int = 72, **given: object) -> list[LimitPatch]:
    made = replace(target(), **given)  # type: ignore[arg-type]
    return list(limit_patches(made, new_limit(made, limit_mib * MIB)))


def test_a_patch_of_the_pod_resizes_it_in_place() -> None:
    (pod,) = patches()

    assert pod.command == (
        "kubectl patch pod web -n default --subresource resize --patch "
        '\'{"spec":{"containers":[{"name":"app","resources":{"limits":{"memory":"72Mi"}}}]}}\''
    )
    assert pod.state is PatchState.UNCHECKED


def test_a_workload_that_was_named_gets_a_patch_of_its_template() -> None:
    _, owner = patches(owner=Owner("deployment", "web", 1))

    assert owner.command.startswith("kubectl patch deployment web -n default --patch ")
    assert "template" in owner.body["spec"]


@pytest.mark.parametrize("kind", ["ReplicaSet", "Job", "Strange"])
def test_other_owners_have_no_template_that_can_be_changed(kind: str) -> None:
    assert len(patches(owner=Owner(kind, "web"))) == 1


@pytest.mark.parametrize(
    ("request_mib", "limit_mib", "expected"),
    [(64, 128, None), (100, 128, "72Mi"), (128, 128, "72Mi"), (None, 128, None)],
)
def test_a_request_goes_down_with_the_limit(
    request_mib: int | None, limit_mib: int, expected: str | None
) -> None:
    request = None if request_mib is None else request_mib * MIB
    (pod,) = patches(request_bytes=request, limit_bytes=limit_mib * MIB)

    resources = pod.body["spec"]["containers"][0]["resources"]
    assert resources.get("requests", {}).get("memory") == expected
