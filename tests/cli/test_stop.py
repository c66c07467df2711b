"""`kubectl stress stop` as a person types it."""

import json

import pytest

from kubectl_stress.cli.main import run_command_line
from tests.builders.pods import pod
from tests.cli.conftest import CommandLine
from tests.fakes.holder import FakeHolder, HeldCluster


@pytest.fixture
def stress(kubectl_stress: CommandLine) -> CommandLine:
    """A pod `web` under a load of ann's."""
    cluster = HeldCluster(pod().container("app", limit="128Mi").with_holder().dict)
    cluster.holders["web/kubectl-stress-abc"] = FakeHolder(0, one="ann")
    cluster.user = "bob"
    kubectl_stress.cluster = cluster
    return kubectl_stress


def test_it_says_what_it_stopped_and_whose_it_was(
    stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stress("stop", "web") == 0

    out, err = capsys.readouterr()
    assert err == 'stopping load one in container "app" of pod "web", started by ann\n'
    assert out.splitlines()[1].split() == ["default", "web", "app", "one", "ann", "stopped"]


@pytest.mark.parametrize("words", [(), ("-l", "app=web"), ("-A",), ("pod/web",)])
def test_each_way_to_name_it_reaches_the_load(stress: CommandLine, words: tuple[str, ...]) -> None:
    assert stress("stop", *words, "-q") == 0

    holder = stress.cluster.holders["web/kubectl-stress-abc"]  # type: ignore[attr-defined]
    assert holder.stopped_by == ["bob"]


def test_a_container_by_its_name_alone(
    stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stress("stop", "web", "-c", "db") == 1
    assert 'error: no container "db" in the selected pods' in capsys.readouterr().err

    assert stress("stop", "web", "-c", "app") == 0
    assert "stopped" in capsys.readouterr().out


def test_the_answer_as_data(stress: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    assert stress("stop", "-o", "json") == 0

    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == "kubectl-stress/stop/v1"
    assert answer["loads"] == [
        {
            "namespace": "default",
            "pod": "web",
            "container": "app",
            "run": "one",
            "started_by": "ann",
            "is_ended": True,
        }
    ]


def test_the_names_are_those_of_the_pods(
    stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stress("stop", "-o", "name", "-q") == 0
    assert capsys.readouterr().out == "pod/web\n"


def test_a_name_that_is_not_there_keeps_no_load_running(
    stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stress("stop", "nosuch", "web", "-q") == 1

    out, err = capsys.readouterr()
    assert out.splitlines()[1].split() == ["default", "web", "app", "one", "ann", "stopped"]
    assert err == 'error: pod "nosuch" not found in namespace "default"\n'


def test_what_is_not_there_is_in_the_data(
    stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stress("stop", "nosuch", "web", "-q", "-o", "json") == 1

    answer = json.loads(capsys.readouterr().out)
    assert answer["missing"] == ['pod "nosuch" not found in namespace "default"']
    assert (len(answer["loads"]), answer["exit_code"]) == (1, 1)


def test_where_nothing_that_was_named_is_there_all_of_it_is_told(
    stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stress("stop", "nosuch", "deploy/db") == 1

    out, err = capsys.readouterr()
    assert out == ""
    first, second = err.splitlines()
    assert first == 'error: pod "nosuch" not found in namespace "default"'
    assert second == '  deployment/db: deployments "db" not found in namespace "default"'


@pytest.mark.parametrize("output", ["name", "jsonl", "csv"])
def test_without_a_load_a_list_has_no_line(
    stress: CommandLine, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    stress.cluster.pods = {}

    assert stress("stop", "-o", output) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "where"), [((), 'in namespace "default"'), (("-A",), "in any namespace")]
)
def test_a_selector_that_matches_no_pod_is_said(
    stress: CommandLine, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], where: str
) -> None:
    stress.cluster.pods = {}

    assert stress("stop", "-l", "app=none", *words) == 0

    out, err = capsys.readouterr()
    assert err == f"note: no pod {where} matches -l app=none\n"
    assert out == "no load is running\n"


def test_nothing_to_stop_is_said(stress: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    stress.cluster.pods = {}

    assert stress("stop") == 0
    assert capsys.readouterr().out == "no load is running\n"


@pytest.mark.parametrize("verb", ["get", "create"])
def test_a_user_who_may_not_attach_is_told_the_verb(
    stress: CommandLine, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    stress.cluster.denied = {f"{verb} pods/attach": ""}

    assert stress("stop", "web") == 1
    err = capsys.readouterr().err
    assert f'missing permission in namespace "default": {verb} pods/attach' in err
    assert stress.cluster.attached == []


def test_whoever_may_not_in_all_namespaces_is_shown_the_cluster_role(
    stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    stress.cluster.denied = {"list pods": ""}

    assert stress("stop", "-A") == 1
    err = capsys.readouterr().err
    assert 'in all namespaces: list pods. Ask an administrator for the ClusterRole that "' in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("web", "-l", "app=web"), "give either TARGET or -l, not both"),
        (("web", "-A"), "-A means the pods of all namespaces: it takes no TARGET"),
    ],
)
def test_a_contradiction_is_wrong_usage(
    stress: CommandLine, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert stress("stop", *words) == 2
    assert message in capsys.readouterr().err


def test_the_role_for_all_namespaces_is_a_cluster_role(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["role", "-A", "-o", "json"]) == 0

    manifest = json.loads(capsys.readouterr().out)
    assert (manifest["kind"], manifest["metadata"]) == ("ClusterRole", {"name": "kubectl-stress"})
