"""`mem` over several targets: which are chosen, what is asked, and what the exit code is."""

import json
import threading
from pathlib import Path

import pytest

from kubectl_stress.agent.commands import GO
from kubectl_stress.errors import InjectionError, Rejected
from tests.builders.agent_lines import (
    bye_line,
    hello_line,
    sample_line,
    survived,
    worker_killed_line,
)
from tests.builders.pods import pod
from tests.builders.scene import NEAR_LIMIT
from tests.cli.conftest import CommandLine
from tests.fakes.many_pods import ManyPods
from tests.fakes.stream import FakeStream, ReadyStream, is_go

LOAD_DIES = (
    hello_line(oom_group=None, cgroup_version=1)
    + sample_line(10, phase="baseline")
    + NEAR_LIMIT
    + worker_killed_line()
    + bye_line("workers-killed", 12)
)
SIZE = ("--size", "50Mi", "--duration", "20s")


@pytest.fixture
def many(kubectl_stress: CommandLine) -> "Many":
    return Many(kubectl_stress)


class Many:
    """The command line, on a cluster of these loads."""

    def __init__(self, command_line: CommandLine) -> None:
        self._command_line = command_line
        self.cluster = self.of(*[survived()] * 3)

    def of(self, *loads: bytes) -> ManyPods:
        self.cluster = ManyPods(*loads)
        self._command_line.cluster = self.cluster
        return self.cluster

    def owned(self, count: int) -> None:
        """A Deployment of these pods."""
        self.cluster.owners["deployments", "web"] = {
            "metadata": {"name": "web"},
            "spec": {"replicas": count, "selector": {"matchLabels": {"app": "web"}}},
        }
        for one in self.cluster.pods.values():
            one["metadata"]["labels"] = {"app": "web", "pod-template-hash": "1"}
            owner = {"kind": "ReplicaSet", "name": "web-1", "controller": True}
            one["metadata"]["ownerReferences"] = [owner]

    def __call__(self, *words: str) -> int:
        return self._command_line(*words)


def loaded(cluster: ManyPods) -> list[str]:
    return [name for name in cluster.pods if GO in cluster.sent_to(name)]


@pytest.mark.parametrize("words", [("web-0", "web-1", "web-2"), ("-l", "app=web")], ids=str)
def test_all_targets_are_loaded_and_judged(
    many: Many, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert many("mem", *words, *SIZE, "--yes") == 0

    assert loaded(many.cluster) == ["web-0", "web-1", "web-2"]
    seen = capsys.readouterr()
    assert "VERDICT  3 targets: 3 survived" in seen.out
    assert ("all 3 pods of -l app=web: web-0, web-1, web-2" in seen.err) is (words[0] == "-l")


def test_fewer_pods_than_a_mode_asks_for_are_said(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--mode", "fixed", "--value", "9", "--dry-run", "client")

    assert many("mem", "-l", "app=web", *SIZE, *words) == 0

    shortage = "note: mode fixed 9 asks for more pods than the 3 found\n"
    assert shortage in capsys.readouterr().err


def test_of_several_targets_only_pods_that_exist_are_counted(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    many.owned(3)
    words = (*SIZE, "--keep-going", "--dry-run", "client")

    many("mem", "deploy/web", "gone", *words)
    assert capsys.readouterr().err.startswith("3 pods: web-0, web-1, web-2\n")
    many("mem", "deploy/web", *words)
    assert capsys.readouterr().err.startswith("all 3 pods of deployment/web: web-0, web-1, web-2\n")


def test_the_only_pod_of_a_selection_is_called_that(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("web-1", "web-2"):
        del many.cluster.pods[name]

    assert many("mem", "-l", "app=web", *SIZE, "--yes", "--dry-run", "client") == 0
    assert "the only pod of -l app=web: web-0" in capsys.readouterr().err


def test_all_pods_of_an_owner_are_loaded_and_that_is_asked(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    many.owned(3)

    assert many("mem", "deploy/web", *SIZE) == 5
    refusal = capsys.readouterr().err
    assert many("mem", "deploy/web", *SIZE, "--yes", "-q") == 0

    assert "3 containers will be loaded at the same time: 3 on node node-0 (web-0," in refusal
    assert "these are all 3 replicas of deployment/web: no other one is left" in refusal
    assert loaded(many.cluster) == ["web-0", "web-1", "web-2"]


def test_nothing_is_added_to_a_pod_before_the_question(many: Many) -> None:
    assert many("mem", "-l", "app=web", *SIZE) == 5

    assert many.cluster.added == []


def test_a_mode_chooses_some_and_its_seed_the_same_again(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("mem", "-l", "app=web", "--mode", "fixed", "--value", "2", "--seed", "3", *SIZE)

    assert many(*words, "--yes") == 0
    first = loaded(many.cluster)
    many.of(*[survived()] * 3)
    assert many(*words, "--yes") == 0

    assert len(first) == 2
    assert loaded(many.cluster) == first
    chosen = f"mode fixed 2 chose 2 of 3 pods of -l app=web (--seed 3 repeats it): {first[0]}, "
    assert chosen in capsys.readouterr().err


def test_one_of_several_is_chosen_with_mode_one(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in many.cluster.pods:
        many.cluster.streams[name] = FakeStream().says(survived()).ends(0)

    assert many("mem", "-l", "app=web", "--mode", "one", *SIZE, "--yes", "-q") == 0

    assert len(many.cluster.runs) == 1
    assert "VERDICT  1 target: 1 survived" in capsys.readouterr().out


def test_an_owner_of_one_pod_is_shown_as_that_pod(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    many.of(survived()).streams["web-0"] = FakeStream().says(survived()).ends(0)
    many.owned(1)

    assert many("mem", "deploy/web", *SIZE, "--yes", "-o", "json", "-q") == 0

    assert json.loads(capsys.readouterr().out)["schema"] == "kubectl-stress/report/v1"


def test_the_exit_code_is_the_worst_and_what_needs_a_look_stands_on_top(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    many.of(survived(), LOAD_DIES, survived())

    assert many("mem", "-l", "app=web", *SIZE, "--yes", "--expect", "oom") == 3

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["web-0", "web-2", "web-1"]
    assert lines[-2:] == [
        "VERDICT  3 targets: 2 survived, 1 load-oom-killed; 1 as expected (oom)",
        "  survived: web-0, web-2",
    ]


def test_without_keep_going_nothing_is_loaded_where_one_cannot_be(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    many.cluster.errors["add ephemeral container"] = [InjectionError("no room for it")]

    assert many("mem", "-l", "app=web", *SIZE, "--yes", "--parallel", "1") == 1

    out = capsys.readouterr().out
    assert loaded(many.cluster) == []
    assert "web-0: no room for it" in out
    assert "web-1, web-2: not loaded, since web-0 could not be: no room for it" in out


def test_with_keep_going_a_container_without_a_limit_is_left_out(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    many.cluster.pods["web-1"] = pod("web-1").container("app").dict
    many.cluster.pods["web-1"]["spec"]["nodeName"] = "node-0"

    assert many("mem", "-l", "app=web", *SIZE, "--yes") == 5
    assert many("mem", "-l", "app=web", *SIZE, "--yes", "--keep-going", "-o", "csv") == 5

    assert loaded(many.cluster) == ["web-0", "web-2"]
    assert "web-1,app,node-0,not-loaded,5," in capsys.readouterr().out


def test_with_keep_going_what_does_not_exist_is_left_out_told_and_counted(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("mem", "web-0", "gone", "web-1", "sts/db", *SIZE, "--yes")

    assert many(*words, "--keep-going") == 1

    seen = capsys.readouterr()
    assert loaded(many.cluster) == ["web-0", "web-1"]
    assert 'note: left out: pod "gone" not found in namespace "default"' in seen.err
    assert "note: left out: statefulset/db: statefulsets" in seen.err
    rows = [line.split() for line in seen.out.splitlines()[1:5]]
    assert [row[0] for row in rows] == ["gone", "statefulset/db", "web-0", "web-1"]
    assert rows[0][1:3] == ["-", "not-loaded"]
    assert "VERDICT  4 targets: 2 survived, 2 not-loaded" in seen.out


def test_with_keep_going_a_pod_without_the_container_is_left_out(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    many.cluster.pods["web-1"] = pod("web-1").container("db", limit="128Mi").dict

    assert many("mem", "-l", "app=web", "-c", "app", *SIZE, "--yes", "--keep-going") == 1

    seen = capsys.readouterr()
    assert loaded(many.cluster) == ["web-0", "web-2"]
    assert 'note: left out: no container "app" in pod "web-1": it has db' in seen.err
    assert "VERDICT  3 targets: 2 survived, 1 not-loaded" in seen.out


def test_what_was_left_out_is_read_back_from_the_recording(
    many: Many, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(tmp_path / "run.jsonl")
    words = ("web-0", "gone", "web-1", *SIZE, "--yes", "-q", "--keep-going", "--record", file)

    assert many("mem", *words) == 1
    ran = capsys.readouterr().out
    assert many("report", file) == 1

    assert capsys.readouterr().out == ran


def test_with_keep_going_what_admission_refuses_is_left_out(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    many.cluster.errors["try ephemeral"] = [Rejected("no room"), Rejected("privileged")]

    assert many("mem", "-l", "app=web", *SIZE, "--yes") == 1
    refused = capsys.readouterr().err
    assert many.cluster.added == []
    many.cluster.errors["try ephemeral"] = [Rejected("no room"), Rejected("privileged")]
    assert many("mem", "-l", "app=web", *SIZE, "--yes", "--keep-going") == 1

    assert "no room" in refused
    assert len(loaded(many.cluster)) == 2
    assert "note: left out: web-" in capsys.readouterr().err


def test_without_keep_going_all_problems_are_named_before_anything_is_changed(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    many.cluster.pods["web-1"] = pod("web-1").container("app").dict
    words = ("web-0", "gone", "web-1", *SIZE, "--yes")

    assert many("mem", *words) == 1

    head, *lines = capsys.readouterr().err.splitlines()
    assert head == "error: 2 of 3 targets cannot be loaded:"
    assert lines[0].startswith('  web-1: container "app" has no memory limit')
    assert lines[1] == '  pod "gone" not found in namespace "default"'
    assert many.cluster.added == []


def test_where_none_can_be_loaded_keep_going_runs_nothing(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    assert many("mem", "gone", "lost", *SIZE, "--yes", "--keep-going") == 1

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "error: 2 targets cannot be loaded:"
    assert len(lines) == 3


def is_pulling(many: Many, name: str) -> None:
    """Have this pod wait for its image."""
    waiting = (
        pod(name)
        .container("app", limit="128Mi")
        .with_container_status(state={"waiting": {"reason": "Pulling"}})
    )
    many.cluster.pods[name] = waiting.dict


def test_with_keep_going_what_does_not_run_is_awaited_before_it_is_left_out(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    is_pulling(many, "web-1")
    words = ("web-0", "gone", "web-1", "web-2", *SIZE, "--yes", "--keep-going")

    assert many("mem", *words, "--wait", "1s") == 1

    seen = capsys.readouterr()
    assert 'waiting: container "app" of pod "web-1" is not running' in seen.err
    assert "after a wait of 1s" in seen.err
    assert loaded(many.cluster) == ["web-0", "web-2"]


def test_a_name_that_does_not_exist_is_not_waited_for_without_keep_going(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    is_pulling(many, "web-1")

    assert many("mem", "web-0", "gone", "web-1", *SIZE, "--yes", "--wait", "1h") == 1

    assert "2 of 3 targets cannot be loaded" in capsys.readouterr().err


def test_top_names_all_that_is_missing(many: Many, capsys: pytest.CaptureFixture[str]) -> None:
    assert many("top", "web-0", "gone", "lost") == 1

    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "error: 2 of 3 targets cannot be loaded:"
    assert '"lost" not found' in lines[2]


def test_the_same_as_data(many: Many, capsys: pytest.CaptureFixture[str]) -> None:
    assert many("mem", "-l", "app=web", *SIZE, "--yes", "-q", "-o", "json") == 0

    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "kubectl-stress/fleet-report/v1"
    assert found["summary"] == {
        "targets": 3,
        "outcomes": {"survived": 3},
        "expected": None,
        "exit_code": 0,
    }
    assert [one["report"]["verdict"]["outcome"] for one in found["targets"]] == ["survived"] * 3


def test_a_recording_of_many_is_read_back(
    many: Many, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    many.of(survived(), LOAD_DIES, survived())
    file = str(tmp_path / "run.jsonl")

    assert many("mem", "-l", "app=web", *SIZE, "--yes", "-q", "--record", file) == 0
    ran = capsys.readouterr().out
    assert many("report", file) == 0

    again = capsys.readouterr()
    assert (again.out, again.err) == (ran, "")


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("markdown", "### kubectl stress: 3 targets: 2 survived, 1 load-oom-killed"),
        ("junit", '<testsuite name="kubectl stress mem" tests="3" failures="0" errors="0"'),
        ("html", "<title>3 targets: 2 survived, 1 load-oom-killed · kubectl stress</title>"),
    ],
)
def test_a_recording_of_many_is_shown_in_every_format(
    many: Many, capsys: pytest.CaptureFixture[str], tmp_path: Path, output: str, words: str
) -> None:
    many.of(survived(), LOAD_DIES, survived())
    file = str(tmp_path / "run.jsonl")
    many("mem", "-l", "app=web", *SIZE, "--yes", "-q", "--record", file)
    capsys.readouterr()

    assert many("report", file, "-o", output) == 0

    assert words in capsys.readouterr().out


def test_the_dry_run_attaches_nothing(many: Many, capsys: pytest.CaptureFixture[str]) -> None:
    assert many("mem", "-l", "app=web", *SIZE, "--dry-run", "client") == 0

    out = capsys.readouterr().out
    assert out.count("would start: memory load of 50.0 MiB") == 3
    assert "will ask for confirmation (or pass --yes): 3 containers will be loaded" in out
    assert many.cluster.added == []


def test_a_dry_run_that_is_confirmed_asks_nothing(
    many: Many, capsys: pytest.CaptureFixture[str]
) -> None:
    assert many("mem", "-l", "app=web", *SIZE, "--dry-run", "client", "--yes") == 0

    out = capsys.readouterr().out
    assert "confirmed by --yes: 3 containers will be loaded" in out
    assert "will ask" not in out


def test_a_dry_run_that_leaves_out_a_target_ends_as_the_run_would(many: Many) -> None:
    words = ("mem", "web-0", "gone", *SIZE, "--keep-going", "--yes")

    assert many(*words, "--dry-run", "client") == many(*words) == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("web", "-A"), "-A requires -l"),
        (("-l", "app=web", "--value", "2"), "--value requires --mode"),
        (("-l", "app=web", "--seed", "2"), "--seed requires --mode"),
        (("-l", "app=web", "--mode", "fixed"), "mode fixed needs a value: a number of pods"),
        (("-l", "app=web", "-A", "-o", "manifest"), "a StressChaos cannot express -A"),
    ],
    ids=str,
)
def test_what_contradicts_itself_is_refused(
    many: Many, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], problem: str
) -> None:
    assert many("mem", *words, *SIZE) == 2

    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("command", [("mem", *SIZE), ("top",), ("check",), ("stop",)], ids=str)
def test_a_selector_that_cannot_be_read_is_wrong_usage_that_names_its_option(
    many: Many, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    many.cluster.errors["list pods"] = [Rejected("unable to parse requirement: found ''")]

    assert many(*command, "-l", "app in") == 2

    assert capsys.readouterr().err == (
        "error: -l \"app in\" cannot be read: unable to parse requirement: found ''; write one "
        "like -l app=web, -l 'app in (web,db)' or -l '!canary'\n"
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("web-0",), "requires that each TARGET is an owner"),
        (("deploy/web", "pod/web-0"), "requires that each TARGET is an owner"),
        (("job/web",), "requires that each TARGET is an owner"),
        (("-l", "app=web"), "requires that each TARGET is an owner"),
        (("deploy/web", "--copy"), "a copy has no owner"),
        (("deploy/web", "--steps", "10Mi"), "leave out --steps"),
        (("deploy/web", "--after-oom", "repeat"), "leave out --steps"),
        (("deploy/web", "-o", "manifest"), "a StressChaos cannot express --follow"),
    ],
    ids=str,
)
def test_follow_is_refused_where_there_is_nothing_to_go_on_with(
    many: Many, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str
) -> None:
    many.owned(3)

    assert many("mem", *words, *SIZE, "--follow", "--yes") == 2

    assert why in capsys.readouterr().err
    assert many.cluster.runs == []


def test_a_pod_that_replaces_another_has_its_own_row_report_and_lines_in_the_record(
    many: Many, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cluster, file = many.of(survived(), survived()), tmp_path / "run.jsonl"
    many.owned(2)
    cluster.streams["web-1"] = Replaced(cluster)
    words = ("--size", "50Mi", "--duration", "10m", "--yes", "--record", str(file))

    assert many("mem", "deploy/web", *words, "--follow") == 4

    seen = capsys.readouterr()
    rows = {line.split()[0]: line.split()[1:3] for line in seen.out.splitlines() if "web-" in line}
    assert rows["web-9"] == ["web-1", "node-0"]
    assert "web-1: waiting up to 9m" in seen.err
    assert "web-9: replaces web-1: loaded for the rest of the run" in seen.err

    assert many("report", str(file), "-o", "json") == 4
    targets = json.loads(capsys.readouterr().out)["targets"]
    assert [(one["pod"], one["outcome"], one["replaces"]) for one in targets] == [
        ("web-0", "survived", None),
        ("web-1", "inconclusive", None),
        ("web-9", "survived", {"target_number": 1, "pod": "web-1"}),
    ]


class Replaced(ReadyStream):
    """Its pod is deleted once it holds its load, and web-9 is there instead."""

    def __init__(self, cluster: ManyPods) -> None:
        super().__init__(survived().partition(b'{"type": "phase", "elapsed_ms": 21000')[0])
        self._cluster = cluster

    def send(self, data: bytes) -> bool:
        if is_go(data) and "web-1" in self._cluster.pods:
            self.says(self._load)
            threading.Thread(target=self._replace).start()
        self.sent.append(data)
        return True

    def _replace(self) -> None:
        self.wait_until_heard()
        new = json.loads(json.dumps(self._cluster.pods["web-1"]).replace('web-1"', 'web-9"'))
        new["metadata"]["ownerReferences"][0]["name"] = "web-1"
        self._cluster.pods["web-9"] = new
        self._cluster.streams["web-9"] = FakeStream().says(survived()).ends(0)
        self._cluster.lose_pod("web-1")
        self.ends(lost="the connection was closed")
