"""What a copy keeps of its pod and what it drops, and the pods that have none."""

from typing import Any

import pytest

from kubectl_stress.errors import TargetError
from kubectl_stress.targets.copy_start import await_reason
from kubectl_stress.targets.pod_copy import (
    copy_name,
    is_copy,
    is_ended_copy,
    pod_copy,
    refuse_exclusive_claim,
    refuse_uncopyable,
)
from tests.builders.pods import PodBuilder, pod

PROBE = {"httpGet": {"path": "/", "port": 8080}}


def web(**spec: Any) -> PodBuilder:
    return pod("web").container("app", limit="128Mi", livenessProbe=PROBE).with_spec(**spec)


def test_a_copy_keeps_the_containers_with_their_probes_and_limits() -> None:
    original = web(serviceAccountName="shop", volumes=[{"name": "tmp", "emptyDir": {}}]).dict

    spec = pod_copy(original, "web-stress-1", deadline_s=90)["spec"]

    assert spec["containers"] == original["spec"]["containers"]
    assert spec["serviceAccountName"] == "shop"
    assert spec["volumes"] == [{"name": "tmp", "emptyDir": {}}]
    assert spec["activeDeadlineSeconds"] == 90


def test_a_copy_has_no_owner_and_no_label_by_which_traffic_would_come() -> None:
    owner = [{"kind": "ReplicaSet", "name": "web-1", "controller": True}]
    original = web().with_metadata(labels={"app": "web"}, ownerReferences=owner).dict

    copy = pod_copy(original, "web-stress-1", deadline_s=90)

    assert set(copy["metadata"]) == {"name", "namespace", "labels", "annotations"}
    assert "app" not in copy["metadata"]["labels"]
    assert is_copy(copy)
    assert not is_copy(original)
    assert copy["metadata"]["annotations"] == {"kubectl-stress/copy-of": "web"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nodeName", "node-1"),
        ("hostname", "web-0"),
        ("subdomain", "web"),
        ("priority", 7),
        ("ephemeralContainers", [{"name": "kubectl-stress-abc"}]),
        ("readinessGates", [{"conditionType": "target-health.elbv2.k8s.aws/x"}]),
    ],
)
def test_a_copy_drops_what_is_of_that_pod_alone(field: str, value: object) -> None:
    copy = pod_copy(web(**{field: value}).dict, "web-stress-1", deadline_s=90)

    assert field not in copy["spec"]


def test_annotations_of_others_are_dropped_and_those_that_decide_how_it_runs_are_kept() -> None:
    kept = {
        "kubectl.kubernetes.io/default-container": "app",
        "container.apparmor.security.beta.kubernetes.io/app": "localhost/web",
    }
    dropped = {"k8s.ovn.org/pod-networks": "10.0.0.7", "kubectl.kubernetes.io/restartedAt": "now"}
    original = web().with_metadata(annotations=kept | dropped).dict

    found = pod_copy(original, "web-stress-1", deadline_s=90)["metadata"]["annotations"]

    assert found == kept | {"kubectl-stress/copy-of": "web"}


@pytest.mark.parametrize("length", [3, 50, 63, 200])
def test_the_name_says_whose_copy_it_is_and_can_be_a_host_name(length: int) -> None:
    name = copy_name(pod("w" * length).dict, "abc123")

    assert name.startswith("www")
    assert name.endswith("-stress-abc123")
    assert len(name) <= 63


def test_a_port_of_the_node_is_refused() -> None:
    original = pod("web").container("app", ports=[{"containerPort": 80, "hostPort": 8080}]).dict

    with pytest.raises(TargetError, match=r"uses port 8080 of the node \(hostPort\)"):
        refuse_uncopyable(original)


def test_the_network_of_the_node_is_refused() -> None:
    with pytest.raises(TargetError, match="uses the node's network"):
        refuse_uncopyable(web(hostNetwork=True).dict)


@pytest.mark.parametrize("mode", ["ReadWriteOnce", "ReadWriteOncePod"])
def test_a_volume_for_one_is_refused(mode: str) -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadOnlyMany", mode]}}

    with pytest.raises(TargetError, match=rf'volume claim "data" \({mode}\)'):
        refuse_exclusive_claim(web().dict, claim)


def test_a_volume_for_many_is_shared() -> None:
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteMany"]}}

    refuse_exclusive_claim(web().dict, claim)


@pytest.mark.parametrize(("phase", "is_over"), [("Running", False), ("Failed", True)])
def test_a_copy_is_left_once_its_deadline_has_ended_it(phase: str, is_over: bool) -> None:
    copy = pod_copy(web().dict, "web-stress-1", deadline_s=90) | {"status": {"phase": phase}}

    assert is_ended_copy(copy) is is_over


def test_a_stranger_that_has_ended_is_no_copy() -> None:
    assert not is_ended_copy(web().dict | {"status": {"phase": "Failed"}})


def unready(**status: Any) -> dict[str, Any]:
    return {**web().dict, "status": {"phase": "Pending", **status}}


def test_what_a_copy_waits_for_is_in_the_words_of_the_cluster() -> None:
    condition = {"type": "PodScheduled", "status": "False", "message": "0/1 nodes: too little cpu"}
    waiting = {"name": "app", "state": {"waiting": {"reason": "ImagePullBackOff"}}}

    assert await_reason(unready(), must_be_ready=True) == "has not started"
    assert "0/1 nodes: too little cpu" in await_reason(
        unready(conditions=[condition]), must_be_ready=True
    )
    assert 'container "app" (ImagePullBackOff)' in await_reason(
        unready(containerStatuses=[waiting]), must_be_ready=True
    )


def test_a_copy_of_a_pod_that_is_not_ready_need_not_be_ready() -> None:
    running = unready(phase="Running")

    assert await_reason(running, must_be_ready=True) == "runs and is not ready"
    assert await_reason(running, must_be_ready=False) == ""


def test_a_copy_that_has_ended_is_not_waited_for() -> None:
    with pytest.raises(TargetError, match="has ended before it was loaded"):
        await_reason(unready(phase="Failed", reason="DeadlineExceeded"), must_be_ready=True)
