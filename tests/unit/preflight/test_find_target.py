"""From a name to the one container that is meant."""

from typing import Any

import pytest

from kubectl_stress.errors import Forbidden, NotFound, NotRunning, TargetError
from kubectl_stress.preflight.find_target import find_target
from kubectl_stress.targets.owners import Owner
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.target import Target
from tests.builders.pods import PodBuilder, pod
from tests.fakes.cluster import FakeCluster


def owned(name: str, kind: str, owner: str, **metadata: Any) -> PodBuilder:
    reference = {"kind": kind, "name": owner, "controller": True}
    built = pod(name).container("app", limit="128Mi")
    return built.with_metadata(ownerReferences=[reference], **metadata)


def of_deployment(name: str, *, owner: str = "web-5d", labels: str = "5d") -> PodBuilder:
    return owned(name, "ReplicaSet", owner, labels={"app": "web", "pod-template-hash": labels})


def deployment(**selector: Any) -> dict[str, Any]:
    return {"spec": {"replicas": 3, "selector": selector or {"matchLabels": {"app": "web"}}}}


def find(cluster: FakeCluster, ref: str, container: str | None = None) -> Target:
    return find_target(cluster, TargetRef.parse(ref), namespace="default", container=container)


def test_a_pod_is_found_by_its_name() -> None:
    assert find(FakeCluster(pod().container("app").dict), "web").container == "app"


def test_a_pod_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match='pod "web" not found in namespace "default"'):
        find(FakeCluster(), "web")


@pytest.mark.parametrize("kind", ["ReplicaSet", "StatefulSet"])
def test_the_replicas_of_a_pods_owner_are_read(kind: str) -> None:
    cluster = FakeCluster(owned("web-0", kind, "web").dict)
    cluster.owners[f"{kind.lower()}s", "web"] = {"metadata": {}, "spec": {"replicas": 1}}

    assert find(cluster, "web-0").owner == Owner(kind, "web", 1)


def test_a_pod_of_a_deployment_is_said_to_be_the_deployments_however_it_was_named() -> None:
    cluster = FakeCluster(of_deployment("web-5d-x").dict)
    controller = {"kind": "Deployment", "name": "web", "controller": True}
    cluster.owners["replicasets", "web-5d"] = {
        "metadata": {"name": "web-5d", "ownerReferences": [controller]},
        "spec": {"replicas": 2},
    }

    assert find(cluster, "web-5d-x").owner == Owner("ReplicaSet", "web-5d", 2)
    cluster.owners["deployments", "web"] = deployment()
    assert find(cluster, "web-5d-x").owner == Owner("Deployment", "web", 3)


def test_an_owner_that_may_not_be_read_leaves_its_replicas_unknown() -> None:
    cluster = FakeCluster(owned("web-0", "StatefulSet", "web").dict)
    cluster.errors["get statefulsets"] = [Forbidden("no")]

    assert find(cluster, "web-0").owner == Owner("StatefulSet", "web", None)


def test_an_owner_of_another_kind_is_not_asked_for() -> None:
    cluster = FakeCluster(owned("web-0", "DaemonSet", "web").dict)

    assert find(cluster, "web-0").owner == Owner("DaemonSet", "web", None)
    assert cluster.asked == ["get pods web-0"]


def test_the_only_pod_of_a_deployment_is_meant_by_its_name() -> None:
    cluster = FakeCluster(of_deployment("web-5d-x").dict)
    cluster.owners["deployments", "web"] = deployment()

    found = find(cluster, "deploy/web")

    assert (found.pod, found.owner) == ("web-5d-x", Owner("deployment", "web", 3))


def test_of_several_pods_one_must_be_named() -> None:
    cluster = FakeCluster(of_deployment("web-b").dict, of_deployment("web-a").dict)
    cluster.owners["deployments", "web"] = deployment()

    with pytest.raises(TargetError, match=r"has 2 pods \(web-a, web-b\): choose one of them"):
        find(cluster, "deploy/web")


@pytest.mark.parametrize(
    "other",
    [
        of_deployment("web-old", owner="other-5d"),
        of_deployment("web-old").with_status(phase="Succeeded"),
        of_deployment("web-old").with_metadata(deletionTimestamp="2026-01-01T00:00:00Z"),
        pod("web-old").container("app").with_metadata(labels={"app": "web"}),
    ],
    ids=["of a stranger with the same labels", "finished", "being deleted", "of nobody"],
)
def test_pods_that_cannot_be_meant_are_passed_over(other: PodBuilder) -> None:
    cluster = FakeCluster(other.dict, of_deployment("web-new").dict)
    cluster.owners["deployments", "web"] = deployment()

    assert find(cluster, "deploy/web").pod == "web-new"


def test_an_owner_without_a_running_pod_is_told_so() -> None:
    cluster = FakeCluster()
    cluster.owners["deployments", "web"] = deployment()

    with pytest.raises(TargetError, match=r"deployment/web in namespace .* has no running pod"):
        find(cluster, "deploy/web")


def test_a_pod_that_does_not_run_yet_is_named_with_its_phase() -> None:
    cluster = FakeCluster(of_deployment("web-5d-x").with_status(phase="Pending").dict)
    cluster.owners["deployments", "web"] = deployment()

    with pytest.raises(NotRunning, match=r"has no running pod \(web-5d-x is Pending\): .*--wait"):
        find(cluster, "deploy/web")


@pytest.mark.parametrize(
    ("ref", "workload", "error", "words"),
    [
        ("deploy/web", {"spec": {"replicas": 0}}, NotRunning, "run kubectl scale deployment/web"),
        ("sts/web", {"spec": {"replicas": 0}}, NotRunning, "run kubectl scale statefulset/web"),
        ("job/web", {"spec": {"suspend": True}}, NotRunning, "spec.suspend to false"),
        (
            "job/web",
            {"status": {"conditions": [{"type": "Failed", "status": "True"}]}},
            TargetError,
            "its pods do not run again",
        ),
        ("ds/web", {"status": {"desiredNumberScheduled": 0}}, NotRunning, "no node matches"),
    ],
)
def test_where_waiting_cannot_help_it_is_not_advised(
    ref: str, workload: dict[str, object], error: type[TargetError], words: str
) -> None:
    cluster = FakeCluster()
    plural = {"deploy": "deployments", "sts": "statefulsets", "ds": "daemonsets", "job": "jobs"}
    cluster.owners[plural[ref.partition("/")[0]], "web"] = {"spec": {}, **workload}

    with pytest.raises(error, match=words) as raised:
        find(cluster, ref)

    assert type(raised.value) is error
    assert "--wait" not in str(raised.value)


def test_a_pod_of_a_statefulset_is_its_own() -> None:
    cluster = FakeCluster(
        owned("web-0", "StatefulSet", "web").dict, owned("db-0", "StatefulSet", "db").dict
    )
    cluster.owners["statefulsets", "web"] = deployment()

    assert find(cluster, "sts/web").pod == "web-0"


def test_the_selector_is_asked_as_the_api_wants_it() -> None:
    cluster = FakeCluster(of_deployment("web-5d-x").dict)
    rules = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "env", "operator": "NotIn", "values": ["test"]},
        {"key": "app", "operator": "Exists"},
        {"key": "old", "operator": "DoesNotExist"},
    ]
    cluster.owners["deployments", "web"] = deployment(
        matchLabels={"app": "web"}, matchExpressions=rules
    )

    find(cluster, "deploy/web")

    assert cluster.asked[-1] == "list pods app=web,tier in (a,b),env notin (test),app,!old"


def test_the_container_that_was_asked_for_is_taken() -> None:
    cluster = FakeCluster(pod().container("app").container("sidecar").dict)

    assert find(cluster, "web", "sidecar").container == "sidecar"
