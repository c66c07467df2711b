"""A report over several targets: a summary, and what needs a look before the rest."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from kubectl_stress.formats.fleet_junit import fleet_junit
from kubectl_stress.formats.fleet_markdown import fleet_markdown
from kubectl_stress.formats.fleet_text import render_fleet
from kubectl_stress.formats.html.fleet_page import fleet_page
from kubectl_stress.results.fleet_report import FleetReport
from kubectl_stress.targets.place import Replaced
from kubectl_stress.verdict.findings import Ending
from tests.builders.fleets import entry, fleet, inconclusive, load_killed
from tests.builders.pods import event, findings, report, sample


@pytest.fixture
def found() -> FleetReport:
    return fleet(
        entry("web-0", report()),
        entry("web-1", load_killed()),
        entry("web-2", problem="no <image>", problem_code=1),
        entry("web-3", problem="no <image>", problem_code=1),
        entry("web-4", inconclusive()),
    )


def test_the_table_has_a_row_each_and_the_reasons_once(found: FleetReport) -> None:
    text = render_fleet(found, "table")

    rows = [line.split()[0] for line in text.splitlines()[1:6]]
    assert rows == ["web-2", "web-3", "web-4", "web-1", "web-0"]
    assert "web-2, web-3: no <image>" in text
    assert "VERDICT  5 targets: 2 not-loaded, 1 survived, 1 load-oom-killed, 1 inconcl" in text
    assert "web-1:\nVERDICT  load-oom-killed" in text
    assert "web-0:\n" not in text


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_the_table_keeps_pod_and_verdict_on_a_narrow_terminal(
    found: FleetReport, width: int
) -> None:
    table = render_fleet(found, "table", width=width).split("\n\n")[0]

    assert all(len(line) <= width for line in table.splitlines())
    assert table.splitlines()[0].startswith("POD")
    assert "VERDICT" in table.splitlines()[0]


def followed() -> FleetReport:
    """web-0 was replaced by web-7, and web-1 by nothing."""
    lost = Replaced(1, "web-1")
    return fleet(
        entry("web-0", inconclusive()),
        entry("web-1", inconclusive()),
        entry("web-7", report(), replaces=Replaced(0, "web-0")),
        entry("deployment/web", problem="no new pod", problem_code=1, replaces=lost),
    )


def test_a_pod_that_joined_the_run_is_shown_with_the_one_that_it_replaces() -> None:
    rows = {line.split()[0]: line.split()[1] for line in _table(followed(), 200).splitlines()}

    assert rows["POD"] == "REPLACES"
    assert (rows["web-0"], rows["web-7"], rows["deployment/web"]) == ("-", "web-0", "web-1")
    assert "`default/web-7` (replaces `web-0`)" in fleet_markdown(followed())
    assert "default/web-7 (replaces web-0)" in fleet_page(followed())
    assert render_fleet(followed(), "name").split() == [
        *("pod/web-0", "pod/web-1", "pod/web-7", "deployment/web"),
    ]
    assert all(len(line) <= 40 for line in _table(followed(), 40).splitlines())


def _table(found: FleetReport, width: int) -> str:
    return render_fleet(found, "table", width=width).split("\n\n")[0]


def test_names_are_those_of_kubectl(found: FleetReport) -> None:
    assert render_fleet(found, "name").splitlines()[:2] == ["pod/web-0", "pod/web-1"]


def test_junit_has_a_case_each_and_counts_them(found: FleetReport) -> None:
    root = ET.fromstring(fleet_junit(found))

    assert root.attrib["tests"] == "5"
    assert root.attrib["errors"] == "3"
    cases = root.findall("./testsuite/testcase")
    assert [case.attrib["classname"] for case in cases[2:4]] == ["default.web-2", "default.web-3"]
    (error,) = cases[2].findall("error")
    assert error.attrib["message"] == "not-loaded: no <image>"


def test_markdown_begins_with_a_summary_and_folds_each_away(found: FleetReport) -> None:
    text = fleet_markdown(found)

    assert text.startswith("### kubectl stress: 5 targets: 2 not-loaded")
    assert text.count("<details><summary>web-") == 5
    assert "no \\<image\\>" in text


def test_the_page_has_a_picture_each_on_one_time_axis(found: FleetReport) -> None:
    page = fleet_page(found)

    assert page.count('<svg viewBox="0 0 300') == 3
    assert page.count(">0.0s</text>") == 3
    assert page.count('class="where">memory load of ') == 3
    assert "no &lt;image&gt;" in page
    assert "<script" not in page
    assert page.index("web-2") < page.index("web-0")


def test_a_node_of_which_nothing_is_known_is_named() -> None:
    known = [entry(f"web-{n}", report()) for n in range(2)]
    lost = [replace(entry(f"db-{n}", inconclusive()), node="node-2") for n in range(2)]

    words = "every target on node node-2 is inconclusive: the node itself may be down"
    assert words in render_fleet(fleet(*known, *lost), "table")
    assert words not in render_fleet(fleet(*lost), "table")
    assert words not in render_fleet(fleet(*known, *lost[:1]), "table")


def test_a_node_that_became_not_ready_is_named_once_with_its_verdict() -> None:
    seen = findings(
        sample(),
        changes=(event("NodeNotReady", "Node is not ready"),),
        ending=Ending(None, None, "the connection was lost"),
    )
    known = [entry(f"web-{n}", report()) for n in range(2)]
    lost = [replace(entry(f"db-{n}", report(seen)), node="node-2") for n in range(2)]

    text = render_fleet(fleet(*known, *lost), "table")

    assert text.count("node node-2 became NotReady during the run") == 1
    assert "the node itself may be down" not in text
    assert fleet(*known, *lost).outcomes == {"survived": 2, "inconclusive": 2}


def test_an_interruption_is_said_once_in_junit() -> None:
    text = "interrupted; nothing was loaded"

    (error,) = ET.fromstring(
        fleet_junit(fleet(entry("web-0", problem=text, problem_code=130)))
    ).iter("error")

    assert (error.get("type"), error.get("message")) == ("interrupted", text)


def test_junit_says_which_pod_a_new_one_replaces() -> None:
    root = ET.fromstring(
        fleet_junit(fleet(entry("web-9", report(), replaces=Replaced(0, "web-0"))))
    )

    (case,) = root.iter("testcase")
    assert [one.attrib for one in case.iter("property")] == [{"name": "replaces", "value": "web-0"}]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (4, "1 more verdict with its evidence: -o wide"),
        (5, "2 more verdicts with their evidence: -o wide"),
    ],
)
def test_verdicts_without_room_are_counted(count: int, words: str) -> None:
    found = fleet(*(entry(f"web-{number}", load_killed()) for number in range(count)))

    assert words in render_fleet(found, "table").splitlines()
