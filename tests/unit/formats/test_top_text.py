"""What `top` shows of one or several targets."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from kubectl_stress.agent.protocol import Processes
from kubectl_stress.agent.samples import Process
from kubectl_stress.errors import TargetError
from kubectl_stress.formats.top_text import render_top
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from tests.builders.pods import MIB, hello, pod, sample

APP = Process(1, "app", "target", 5 * MIB, 998, 130 * MIB)
HOLDER = Process(23, "agent", "holder", MIB, 999, 129 * MIB)
LOAD = Process(40, "agent-worker", "load", 50 * MIB, 998, 180 * MIB)


def state(name: str = "web", *processes: Process, **given: Any) -> TargetState:
    built = pod(name).container("app", limit="128Mi", request="64Mi").dict
    found = TargetState(Target.from_pod(built), ContainerStatus.from_pod(built, "app"))
    found.hear(hello(**given.pop("hello", {})))
    found.hear(sample(96, **given))
    found.hear(Processes(0, processes or (APP, HOLDER)))
    return found


def test_the_host_s_memory_is_called_the_host_s() -> None:
    text = render_top([state()], "table")

    assert text.splitlines()[-1] == (
        "node node-1: 548.0 MiB of 2.0 GiB used (the host's memory, which free and top show in "
        "the container)"
    )
    assert "96.0 MiB" in text.splitlines()[1]


def test_stress_is_what_a_load_of_ours_holds_wherever_it_was_started() -> None:
    head, row, *_ = render_top([state("web", APP, HOLDER, LOAD)], "table").splitlines()

    assert row[head.index("LOAD") :].startswith("50.0 MiB")


def test_the_first_victim_is_marked() -> None:
    text = render_top([state("web", APP, HOLDER, LOAD)], "table")

    assert [line.split()[0] for line in text.splitlines() if "dies first" in line] == ["40"]


def test_of_several_targets_the_app_is_shown_and_how_many_processes_are_not() -> None:
    worker = replace(LOAD, pid=41)
    several = [state("web-0", LOAD, worker, HOLDER, APP), state("web-1")]

    text = render_top(several, "table")

    table = text.partition("web-0:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in table[1:4]] == ["40", "41", "1"]
    assert table[4] == "… and 1 more"
    assert "…" not in render_top(several[:1], "table")


def test_oom_kills_are_those_since_the_container_started() -> None:
    head, row, *_ = render_top([state(oom_kill=7)], "table").splitlines()

    assert row[head.index("OOM KILLS") :].split()[0] == "7"


@pytest.mark.parametrize(
    ("node_swap_mib", "limit_mib", "words"),
    [
        (0, None, ""),
        (1024, 0, "swap: none for this container (the node has 1.0 GiB of it)"),
        (
            1024,
            64,
            "swap: 3.0 MiB of 64.0 MiB used (the node has 1.0 GiB of it): an OOM kill comes later",
        ),
        (1024, None, "swap: 3.0 MiB of 1.0 GiB used"),
    ],
)
def test_swap_is_told_where_there_is_some(
    node_swap_mib: int, limit_mib: int | None, words: str
) -> None:
    found = state(
        hello={"node_swap_total_bytes": node_swap_mib * MIB},
        swap_bytes=3 * MIB,
        swap_limit_bytes=None if limit_mib is None else limit_mib * MIB,
    )

    text = render_top([found], "table")

    assert words in text
    assert ("swap" in text) == bool(words)


def test_several_targets_have_a_row_each_and_their_node_is_told_once() -> None:
    text = render_top([state("web"), state("db")], "table")

    assert [line.split()[0] for line in text.splitlines()[:3]] == ["POD", "web", "db"]
    assert "web:\nPID" in text
    assert "db:\nPID" in text
    assert text.count("node node-1") == 1


def test_a_target_that_could_not_be_read_says_why_below() -> None:
    lost = state("db")
    lost.end(TargetError("restarted"))

    text = render_top([state("web"), lost], "table")

    assert text.splitlines()[2].split()[:2] == ["db", "-"]
    assert text.splitlines()[-1] == "db: restarted"


def test_json_and_yaml_say_the_same_in_whole_bytes() -> None:
    found = [state("web", APP, HOLDER, LOAD)]

    progress = json.loads(render_top(found, "json"))

    assert progress == yaml.safe_load(render_top(found, "yaml"))
    assert progress["schema"] == "kubectl-stress/top/v1"
    (entry,) = progress["targets"]
    assert entry["memory"]["usage_bytes"] == entry["peak_usage_bytes"] == 96 * MIB
    assert entry["stress_bytes"] == 50 * MIB
    assert entry["node"]["total_bytes"] == 2048 * MIB
    assert entry["first_victim"]["pid"] == 40
    assert (entry["target"]["pod"], entry["status"]["restart_count"]) == ("web", 0)


def test_jsonl_ends_with_the_whole_on_one_line() -> None:
    (line,) = render_top([state()], "jsonl").splitlines()

    assert json.loads(line)["type"] == "top"


def test_csv_has_a_row_for_each_target() -> None:
    lost = state("db")
    lost.end(TargetError("restarted"))

    rows = list(csv.DictReader(io.StringIO(render_top([lost, state("web")], "csv"))))

    assert [row["target.pod"] for row in rows] == ["db", "web"]
    assert [row["memory.usage_bytes"] for row in rows] == ["", str(96 * MIB)]
    assert rows[0]["error"] == "restarted"


def test_name_is_one_line_each() -> None:
    assert render_top([state("web"), state("db")], "name") == "pod/web\npod/db"


def test_a_narrow_terminal_is_kept_to() -> None:
    text = render_top([state("web", APP, HOLDER, LOAD)], "table", width=80)

    head, row, *_ = text.splitlines()
    assert max(len(head), len(row)) <= 80
