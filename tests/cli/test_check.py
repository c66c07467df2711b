"""`kubectl stress check` as a person calls it."""

import csv
import io
import json
from typing import Any

import pytest
import yaml

from kubectl_stress.errors import Rejected
from tests.builders.agent_lines import bye_line, hello_line, processes_line, sample_line
from tests.builders.pods import pod
from tests.cli.conftest import CommandLine
from tests.fakes.cluster import forbidden
from tests.fakes.stream import FakeStream

CHANGES = ("add ephemeral", "exec")


def progress(kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    kubectl_stress("check", "web", "-o", "json", *words)
    (entry,) = json.loads(capsys.readouterr().out)["targets"]
    return entry


def test_nothing_is_attached_and_nothing_is_run(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress("check", "web") == 0

    assert not [ask for ask in kubectl_stress.cluster.asked if ask.startswith(CHANGES)]
    assert "try ephemeral container" in kubectl_stress.cluster.asked
    text = capsys.readouterr().out
    assert text.startswith("pod/web\n")
    assert text.endswith("\n\na run is possible\n")


def test_with_probe_what_was_unknown_is_read(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    without = progress(kubectl_stress, capsys)["facts"]
    with_probe = progress(kubectl_stress, capsys, "--probe")["facts"]

    assert without["first_victim"]["known"] == "unknown"
    assert with_probe["first_victim"] == {
        "value": 1,
        "text": "1 hello (target, rss 4.0 MiB, adj 998)",
        "known": "read",
    }
    assert len(kubectl_stress.cluster.added) == 1


def test_a_probe_takes_a_stream_as_a_load_does(kubectl_stress: CommandLine) -> None:
    kubectl_stress("check", "web", "--probe")

    assert "log web" not in kubectl_stress.cluster.asked
    assert [container for container, _ in kubectl_stress.cluster.execs] != []


@pytest.mark.parametrize("output", ["table", "wide", "json", "jsonl", "yaml", "csv", "name"])
def test_quiet_tells_nothing_but_the_answer(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    assert kubectl_stress("check", "web", "--probe", "-q", "-o", output) == 0

    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.endswith("\n")


def test_json_and_yaml_are_the_same_and_csv_has_its_columns(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = []
    for output in ("json", "yaml", "csv"):
        kubectl_stress("check", "web", "-o", output)
        answers.append(capsys.readouterr().out)

    found = json.loads(answers[0])
    assert found == yaml.safe_load(answers[1])
    assert found["schema"] == "kubectl-stress/check/v1"
    (row,) = csv.DictReader(io.StringIO(answers[2]))
    assert row["facts.limit_bytes.value"] == str(128 << 20)


def test_1_a_missing_permission_is_shown_among_those_there_are(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.denied = {"create pods/exec": "no such role", "list events": ""}

    assert kubectl_stress("check", "web", "--probe") == 1

    text = capsys.readouterr().out
    assert "create pods/exec                no (no such role)\n" in text
    assert "list events                     no: events are not shown\n" in text
    assert "a run is not possible (exit code 1): missing permission" in text
    assert "kubectl stress role -n default" in text
    assert kubectl_stress.cluster.added == []


def test_1_admission_refuses_it(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.errors["try ephemeral"] = [Rejected('violates PodSecurity "restricted"')]

    assert kubectl_stress("check", "web") == 1
    assert 'exit code 1): violates PodSecurity "restricted"' in capsys.readouterr().out


def test_1_there_is_no_such_pod(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress("check", "missing") == 1
    assert 'pod "missing" not found' in capsys.readouterr().out


def test_5_a_guard_would_refuse_it(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.pods["web"] = pod().container("app").dict

    assert kubectl_stress("check", "web") == 5
    assert "--force" in capsys.readouterr().out


def test_of_several_targets_the_exit_code_is_the_worst_as_for_a_run(
    kubectl_stress: CommandLine,
) -> None:
    kubectl_stress.cluster.pods["web"] = pod().container("app").dict

    assert kubectl_stress("check", "web", "missing") == 1


def test_5_there_is_too_little_headroom_for_the_exec_itself(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    full = (
        hello_line() + sample_line(125) + processes_line((1, "hello", "target", 250)) + bye_line()
    )
    kubectl_stress.cluster.readings = [FakeStream().says(full).ends(0)]

    assert kubectl_stress("check", "web", "--probe") == 5
    assert "only 3.0 MiB of headroom" in capsys.readouterr().out


def test_5_the_pods_limit_is_missing_at_which_a_load_beside_the_container_would_stop(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    built = pod().container("app", limit="128Mi").container("unlimited")
    kubectl_stress.cluster.pods["web"] = built.dict

    assert kubectl_stress("mem", "web", "--size", "8Mi", "--join", "pod") == 5
    refusal = capsys.readouterr().err.strip().removeprefix("error: ")
    assert kubectl_stress("check", "web", "--join", "pod") == 5
    assert refusal in capsys.readouterr().out


PODS = {
    "limited": pod().container("app", limit="128Mi"),
    "unlimited": pod().container("app"),
    "beside an unlimited one": pod().container("app", limit="128Mi").container("b"),
    "limited as a pod": pod().container("app").with_spec(resources={"limits": {"memory": "1Gi"}}),
    "critical": pod()
    .container("app", limit="128Mi")
    .with_spec(priorityClassName="system-node-critical"),
    "a single replica": pod()
    .container("app", limit="128Mi")
    .with_metadata(ownerReferences=[{"kind": "StatefulSet", "name": "web", "controller": True}]),
}


@pytest.mark.parametrize("join", ["exec", "cgroup", "pod"])
@pytest.mark.parametrize("kind", PODS)
def test_a_check_refuses_and_asks_as_a_run_does(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], kind: str, join: str
) -> None:
    kubectl_stress.cluster.pods["web"] = PODS[kind].dict
    kubectl_stress.cluster.owners["statefulsets", "web"] = {"metadata": {}, "spec": {"replicas": 1}}

    checked = kubectl_stress("check", "web", "--join", join, "-o", "json")
    (found,) = json.loads(capsys.readouterr().out)["targets"]
    ran = kubectl_stress("mem", "web", "--size", "900Mi", "--join", join)
    said = capsys.readouterr().err

    assert (ran == 5) is (checked == 5 or bool(found["questions"]))
    assert all(question in said for question in found["questions"] if checked == 0)
    assert checked == 0 or found["problem"] in said


def test_a_privileged_container_is_said_to_be_asked_about(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    (asked,) = progress(kubectl_stress, capsys, "--join", "cgroup")["questions"]

    assert "--join cgroup adds a privileged container" in asked


def test_a_dry_run_asks_what_its_own_plan_asks(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.pods["web"] = pod().container("app").dict
    words = ("--size", "8Mi", "--force", "--dry-run", "client", "-o", "json")

    assert kubectl_stress("mem", "web", *words) == 0
    assert json.loads(capsys.readouterr().out)["check"]["is_possible"]


def test_the_worst_of_several_targets_decides(kubectl_stress: CommandLine) -> None:
    kubectl_stress.cluster.pods["db"] = pod("db").container("app").dict

    assert kubectl_stress("check", "web", "db") == 5


def test_what_would_be_asked_first_is_told(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = {"kind": "ReplicaSet", "name": "web-abc", "controller": True}
    single = pod().container("app", limit="128Mi").with_metadata(ownerReferences=[owner])
    kubectl_stress.cluster.pods["web"] = single.dict
    kubectl_stress.cluster.owners["replicasets", "web-abc"] = {
        "metadata": {"name": "web-abc"},
        "spec": {"replicas": 1},
    }

    assert kubectl_stress("check", "web") == 0
    assert "will ask for confirmation (or pass --yes): replicaset/web-abc has a single replica" in (
        capsys.readouterr().out
    )


def test_autoscalers_and_budgets_are_told_or_said_to_be_unreadable(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = {"kind": "ReplicaSet", "name": "web-abc", "controller": True}
    kubectl_stress.cluster.pods["web"] = (
        pod()
        .container("app", limit="128Mi")
        .with_metadata(ownerReferences=[owner], labels={"app": "web"})
        .dict
    )
    scaler = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3}
    kubectl_stress.cluster.objects["horizontalpodautoscalers"] = [
        {"metadata": {"name": "web"}, "spec": scaler}
    ]
    kubectl_stress.cluster.errors["list poddisruptionbudgets"] = [forbidden("list pdb")]

    found = progress(kubectl_stress, capsys)["facts"]

    assert found["hpa"]["text"] == "web scales on cpu, 1 to 3 replicas"
    assert found["vpa"]["text"] == "none (kind not installed in this cluster)"
    assert found["pdb"]["text"] == "not readable (list poddisruptionbudgets.policy)"


def test_a_holder_that_is_there_is_said_to_be_reused(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    built = pod().container("app", limit="128Mi").with_holder(image="agent:1")
    kubectl_stress.cluster.pods["web"] = built.dict

    found = progress(kubectl_stress, capsys, "--image", "agent:1")["facts"]

    assert found["join"]["text"] == (
        "by exec, in the target's own cgroup; reuses kubectl-stress-abc"
    )


@pytest.mark.parametrize("words", [("check",), ("check", "nodes/x"), ("check", "web", "-o", "xml")])
def test_2_the_words_are_wrong(kubectl_stress: CommandLine, words: tuple[str, ...]) -> None:
    assert kubectl_stress(*words) == 2
    assert kubectl_stress.connections == []


def test_a_target_that_does_not_run_yet_is_waited_for_as_long_as_was_said(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = pod().container("app").with_container_status(state={"waiting": {"reason": "Hold"}})
    kubectl_stress.cluster.pods["web"] = waiting.dict

    assert kubectl_stress("check", "web", "--wait=1s") == 1

    captured = capsys.readouterr()
    assert 'waiting: container "app" of pod "web" is not running' in captured.err


@pytest.mark.parametrize("words", [("deploy/web",), ("-l", "app=web")], ids=str)
def test_each_pod_of_an_owner_or_a_selector_is_checked(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    cluster = kubectl_stress.cluster
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}}
    cluster.owners["deployments", "web"] = {"metadata": {"name": "web"}, "spec": spec}
    cluster.pods.clear()
    for name in ("web-a", "web-b"):
        owner = {"kind": "ReplicaSet", "name": "web-1", "controller": True}
        made = pod(name).container("app", limit="128Mi")
        made.with_metadata(ownerReferences=[owner], labels={"pod-template-hash": "1"})
        cluster.pods[name] = made.dict

    assert kubectl_stress("check", *words, "-o", "name") == 0

    assert capsys.readouterr().out.splitlines() == ["pod/web-a", "pod/web-b"]


def test_facts_are_named_in_the_words_of_kubernetes_and_the_kernel(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress("check", "web")

    heads = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert {"QoS class", "CPU limit", "memory.oom.group", "oom_score_adj"} <= set(heads)


def test_a_dry_run_of_the_client_says_why_admission_is_unknown(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress("mem", "web", "--size", "50Mi", "--dry-run", "client")

    assert "the API server was not asked: --dry-run=server asks it" in capsys.readouterr().out
