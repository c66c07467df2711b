"""The answer on stdout, one form a format."""

import csv
import io
import json
import re

import pytest
import yaml

from kubectl_stress.agent.samples import Process
from kubectl_stress.formats.html.page import page
from kubectl_stress.formats.markdown import markdown
from kubectl_stress.formats.names import FORMATS
from kubectl_stress.formats.report_text import render
from kubectl_stress.formats.serialize import json_line, to_yaml
from kubectl_stress.results.report import Report
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.verdict.findings import Ending
from kubectl_stress.verdict.outcome import Expectation
from tests.builders import runs
from tests.builders.pods import MIB, findings, report, sample, terminated

PROCESSES = (Process(40, "agent", "load", 50 * MIB, 998, 180 * MIB),)
REPORT = report(processes=PROCESSES, expectation=Expectation.SURVIVE)


@pytest.mark.parametrize("output", FORMATS)
def test_every_format_renders_and_leaves_the_last_newline_to_the_caller(output: str) -> None:
    text = render(REPORT, output)

    assert text
    assert text == text.rstrip("\n")


def test_json_is_the_report() -> None:
    assert json.loads(render(REPORT, "json")) == REPORT.to_dict()


def test_yaml_is_the_report_in_the_order_of_its_keys() -> None:
    text = render(REPORT, "yaml")

    assert yaml.safe_load(text) == REPORT.to_dict()
    assert text.startswith("schema: ")


def test_jsonl_ends_with_the_report_on_one_line() -> None:
    text = render(REPORT, "jsonl")

    assert "\n" not in text
    assert json.loads(text) == {"type": "report", **REPORT.to_dict()}


def test_csv_is_a_heading_and_a_row_with_dotted_columns() -> None:
    heading, row = csv.reader(io.StringIO(render(REPORT, "csv")))

    values = dict(zip(heading, row, strict=True))
    assert values["target.pod"] == "web"
    assert values["memory.before.usage_bytes"] == str(10 * MIB)
    assert values["verdict.outcome"] == "survived"


def test_csv_has_true_and_false_as_json_has_them() -> None:
    heading, row = csv.reader(io.StringIO(render(REPORT, "csv")))

    values = dict(zip(heading, row, strict=True))
    assert values["status.ready"] == "true"


def test_csv_keeps_a_sentence_with_commas_in_one_cell() -> None:
    heading, row = csv.reader(io.StringIO(render(REPORT, "csv")))

    assert row[heading.index("verdict.sentence")] == REPORT.verdict.sentence
    assert "," in REPORT.verdict.sentence


def test_a_name_can_be_given_to_kubectl() -> None:
    assert render(REPORT, "name") == "pod/web"


def test_the_table_has_target_processes_verdict_and_expectation() -> None:
    text = render(REPORT, "table")

    head, processes, usage, verdict = text.split("\n\n")
    assert head.startswith("POD ")
    assert "dies first" in processes
    assert usage.startswith("usage 10.0 MiB → 60.0 MiB under the load")
    assert verdict.startswith("VERDICT  survived: ")
    assert "  as expected (--expect survive)" in verdict.splitlines()


def test_wide_adds_columns() -> None:
    assert "PSI SOME/FULL" in render(REPORT, "wide")
    assert "PSI SOME/FULL" not in render(REPORT, "table")


def test_a_narrow_terminal_gets_a_narrow_table() -> None:
    head = render(REPORT, "table", width=80).splitlines()[0]

    assert len(head) <= 80
    assert "QOS" not in head


def test_a_missed_expectation_cannot_be_overlooked() -> None:
    assert "NOT as expected (--expect oom)" in render(report(expectation=Expectation.OOM), "table")


def test_the_evidence_is_told_with_time_and_source() -> None:
    cut = Ending(None, 137, None, at_ms=5_500)
    killed = terminated("OOMKilled", 137, at_ms=6_000)

    text = render(report(findings(changes=[killed], ending=cut), size="120%"), "table")

    assert "VERDICT  group-oom-killed: " in text
    assert "      6.0s  status  container terminated: OOMKilled (137)" in text
    assert "      5.5s  cgroup  oom_kill unknown (cgroup gone)" in text


def test_the_difference_in_usage_is_explained_by_what_grew() -> None:
    before = sample(10, phase="baseline", anon_bytes=8 * MIB, kernel_bytes=2 * MIB)
    under = sample(60, held_mib=50, anon_bytes=58 * MIB, kernel_bytes=1 * MIB)

    text = render(report(findings(before, under)), "table")

    assert "under the load (anon +50.0 MiB, kernel -1.0 MiB)" in text


def test_without_processes_and_samples_the_verdict_still_comes() -> None:
    seen = findings(ending=Ending(None, None, "gone"))
    seen.samples.samples.clear()

    assert "VERDICT  inconclusive" in render(report(seen), "table")


def test_a_line_of_json_has_no_spaces_to_count() -> None:
    assert json_line({"a": [1, None], "b": "é"}) == '{"a":[1,null],"b":"\\u00e9"}'


def test_yaml_keeps_letters_as_they_are() -> None:
    assert to_yaml({"b": "é", "a": 1}) == "b: é\na: 1"


@pytest.mark.parametrize(
    ("run", "is_marked"),
    [
        (runs.survived(), True),
        (runs.group_killed(), False),
        (runs.worker_died(), False),
        (runs.liveness_restarted(), False),
        (runs.evicted(), False),
    ],
    ids=["survived", "group-killed", "worker-killed", "restarted", "evicted"],
)
def test_nobody_is_said_to_die_first_where_something_has_ended(
    run: Report, is_marked: bool
) -> None:
    marks = ((render(run, "table"), "← dies first"), (markdown(run), "| dies first |"))
    for text, mark in (*marks, (page(run), "<td>dies first</td>")):
        assert (mark in text) is is_marked


def test_the_verdict_is_folded_between_words_and_its_evidence_is_in_order_of_time() -> None:
    whole, narrow = (render(runs.liveness_restarted(), "table", width=w) for w in (None, 80))

    lines = narrow[narrow.index("VERDICT") :].splitlines()
    assert max(len(line) for line in lines) <= 80
    assert " ".join(" ".join(lines).split()) == " ".join(whole[whole.index("VERDICT") :].split())
    times = [float(line.split("s ")[0]) for line in lines if re.match(r" +\d+\.\ds ", line)]
    assert times == sorted(times)
    assert len(times) > 3


def test_of_a_pod_that_is_gone_nothing_is_used_or_ready() -> None:
    gone = Change(3_000, ChangeKind.DELETED, "the pod is gone")
    cut = Ending(None, None, "the connection was lost", 2_500)

    head, row, *_ = render(report(findings(changes=(gone,), ending=cut)), "table").splitlines()

    def cell(name: str) -> str:
        return row[head.index(name) :].split("  ")[0]

    assert [cell(name) for name in ("USAGE%", "LOAD", "READY")] == ["-", "-", "gone"]
    assert cell("PEAK") == "60.0 MiB"
