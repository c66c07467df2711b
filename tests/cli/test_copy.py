"""`--copy` on a cluster in memory: whatever becomes of the run, the copy goes."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from kubectl_stress.errors import Rejected
from kubectl_stress.kube.watch import Object
from kubectl_stress.targets.pod_copy import pod_copy
from tests.builders.pods import pod
from tests.cli.conftest import CommandLine
from tests.fakes.cluster import FakeCluster

MEM = ("mem", "web", "--copy", "--size", "8Mi", "--duration", "1s", "--yes")


def with_pod(command_line: CommandLine, **spec: Any) -> FakeCluster:
    """The cluster of a pod `web` that has more in its spec."""
    command_line.cluster.pods["web"]["spec"].update(spec)
    return command_line.cluster


def copies(cluster: FakeCluster) -> list[str]:
    return [name for name in cluster.pods if name != "web"]


def test_the_load_is_in_the_copy_which_is_removed_at_the_end(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    before = copy.deepcopy(kubectl_stress.cluster.pods["web"])

    assert kubectl_stress(*MEM) == 0

    captured, cluster = capsys.readouterr(), kubectl_stress.cluster
    (created,) = cluster.created_pods
    name = created["metadata"]["name"]
    assert cluster.deleted_pods == [("default", name, 5)]
    assert cluster.pods == {"web": before}
    assert f'created pod "{name}", a copy of pod "web" without labels' in captured.err
    assert f'removed the copy "{name}"' in captured.err
    assert captured.out.splitlines()[1].split()[0] == name


def test_the_report_says_what_it_is_a_copy_of(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(tmp_path / "run.jsonl")
    assert kubectl_stress(*MEM, "-o", "json", "--record", file) == 0

    assert json.loads(capsys.readouterr().out)["target"]["copy_of"] == "web"
    assert kubectl_stress("report", file, "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["target"]["copy_of"] == "web"


def test_a_pod_itself_is_no_copy(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress(*(word for word in MEM if word != "--copy"), "-o", "json") == 0

    assert json.loads(capsys.readouterr().out)["target"]["copy_of"] is None


def test_the_server_judges_the_copy_before_it_is_created(kubectl_stress: CommandLine) -> None:
    quota = Rejected("exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1")
    kubectl_stress.cluster.errors["try pod"] = [quota]

    assert kubectl_stress(*MEM) == 1
    assert kubectl_stress.cluster.created_pods == []


def test_a_copy_that_cannot_start_is_removed_and_its_reason_said(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails(created: Object) -> Object:
        created["metadata"]["uid"] = "uid"
        created["status"] = {"phase": "Failed", "reason": "UnexpectedAdmissionError"}
        return created

    kubectl_stress.cluster.starts = fails

    assert kubectl_stress(*MEM) == 1
    assert "has ended before it was loaded (UnexpectedAdmissionError)" in capsys.readouterr().err
    assert copies(kubectl_stress.cluster) == []


def test_ctrl_c_while_it_starts_removes_the_copy(kubectl_stress: CommandLine) -> None:
    def interrupted(created: Object) -> Object:
        created["metadata"]["uid"] = "uid"
        kubectl_stress.cluster.pods[created["metadata"]["name"]] = created
        raise KeyboardInterrupt

    kubectl_stress.cluster.starts = interrupted

    assert kubectl_stress(*MEM) == 130
    assert copies(kubectl_stress.cluster) == []


def test_a_run_that_fails_removes_the_copy(kubectl_stress: CommandLine) -> None:
    kubectl_stress.cluster.errors["try ephemeral"] = [
        Rejected("violates PodSecurity"),
        Rejected(""),
    ]

    assert kubectl_stress(*MEM) == 1
    assert len(kubectl_stress.cluster.created_pods) == 1
    assert copies(kubectl_stress.cluster) == []


@pytest.mark.parametrize("verb", ["create", "delete"])
def test_a_missing_right_is_said_with_the_role_that_has_it(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    kubectl_stress.cluster.denied[f"{verb} pods"] = ""

    assert kubectl_stress(*MEM) == 1
    assert f"{verb} pods" in (said := capsys.readouterr().err)
    assert '"kubectl stress role -n default --copy"' in said
    assert kubectl_stress.cluster.created_pods == []


def test_a_volume_for_one_pod_is_refused(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data-0"}}
    cluster = with_pod(kubectl_stress, volumes=[volume])
    claim = {"metadata": {"name": "data-0"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    cluster.owners["persistentvolumeclaims", "data-0"] = claim

    assert kubectl_stress(*MEM) == 1
    assert 'volume claim "data-0" (ReadWriteOnce)' in capsys.readouterr().err
    assert cluster.created_pods == []


@pytest.mark.parametrize("mode", ["client", "server"])
def test_a_dry_run_creates_nothing(kubectl_stress: CommandLine, mode: str) -> None:
    assert kubectl_stress(*MEM, "--dry-run", mode) == 0
    assert kubectl_stress.cluster.created_pods == []
    assert ("try pod" in kubectl_stress.cluster.asked) == (mode == "server")


@pytest.mark.parametrize(
    "words", [("web", "other"), ("-l", "app=web"), ("deploy/web", "--mode", "one")]
)
def test_only_one_target_can_be_copied(kubectl_stress: CommandLine, words: tuple[str, ...]) -> None:
    assert kubectl_stress("mem", *words, "--copy", "--size", "8Mi") == 2
    assert kubectl_stress.cluster.asked == []


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("-c", "nope", "--size", "8Mi"), 1, 'no container "nope" in pod "web"'),
        (("--to", "limit-999Gi"), 5, "the limit is only"),
    ],
)
def test_what_the_manifest_forbids_is_refused_before_a_copy_is_created(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    text: str,
) -> None:
    assert kubectl_stress("mem", "web", "--copy", "--yes", *words) == code
    assert text in capsys.readouterr().err
    assert kubectl_stress.cluster.created_pods == []


def test_a_manifest_has_no_copy(kubectl_stress: CommandLine) -> None:
    assert kubectl_stress("cpu", "web", "--copy", "--load", "100m", "-o", "manifest") == 2


def left_copy(phase: str) -> Object:
    original = pod().container("app", limit="128Mi").dict
    found = pod_copy(original, "web-stress-old", deadline_s=9)
    found["metadata"]["uid"] = "uid-old"
    return found | {"status": {"phase": phase}}


def test_the_next_run_removes_what_a_client_left_that_died(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.pods["web-stress-old"] = left_copy("Failed")

    assert kubectl_stress("mem", "web", "--size", "8Mi", "--yes") == 0
    assert copies(kubectl_stress.cluster) == []
    assert 'removed pod "web-stress-old", a copy that a run made' in capsys.readouterr().err


def test_the_next_run_leaves_a_copy_that_another_client_may_use(
    kubectl_stress: CommandLine,
) -> None:
    kubectl_stress.cluster.pods["web-stress-old"] = left_copy("Running")

    assert kubectl_stress("mem", "web", "--size", "8Mi", "--yes") == 0
    assert copies(kubectl_stress.cluster) == ["web-stress-old"]


@pytest.mark.parametrize("phase", ["Running", "Failed"])
def test_stop_removes_copies(kubectl_stress: CommandLine, phase: str) -> None:
    kubectl_stress.cluster.pods["web-stress-old"] = left_copy(phase)

    assert kubectl_stress("stop") == 0
    assert copies(kubectl_stress.cluster) == []


def test_stop_does_not_say_that_it_removed_what_its_own_run_removes(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    going = left_copy("Running")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    kubectl_stress.cluster.pods["web-stress-old"] = going

    assert kubectl_stress("stop") == 0
    assert kubectl_stress.cluster.deleted_pods == []
    assert "removed" not in capsys.readouterr().err


def test_a_copy_that_may_not_be_removed_is_named(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = kubectl_stress.cluster
    cluster.pods["web-stress-old"] = left_copy("Failed")
    cluster.errors["delete pods"] = [Rejected("not today")]

    assert kubectl_stress("stop") == 0
    said = capsys.readouterr().err
    assert "could not be removed (not today): run kubectl delete pod web-stress-old" in said
