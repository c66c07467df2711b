"""Which pods a command means that takes several."""

import pytest

from kubectl_stress.errors import NotFound, Rejected, UsageError
from kubectl_stress.preflight.find_pods import find_pods
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.selection import Selection
from tests.builders.pods import pod
from tests.fakes.cluster import FakeCluster


def names(cluster: FakeCluster, *refs: str, labels: str = "") -> list[str]:
    chosen = Selection("default", tuple(map(TargetRef.parse, refs)), labels)
    return [found["metadata"]["name"] for found in find_pods(cluster, chosen)]


def of_statefulset(name: str) -> dict[str, object]:
    reference = {"kind": "StatefulSet", "name": "web", "controller": True}
    built = pod(name).container("app").with_metadata(ownerReferences=[reference], uid=name)
    return built.dict


def test_all_pods_of_the_namespace_are_meant_where_none_is_named() -> None:
    cluster = FakeCluster(pod("a").container("app").dict, pod("b").container("app").dict)

    assert names(cluster) == ["a", "b"]


def test_an_owner_means_all_of_its_pods_and_each_pod_counts_once() -> None:
    cluster = FakeCluster(of_statefulset("web-0"), of_statefulset("web-1"))
    cluster.owners["statefulsets", "web"] = {"spec": {"selector": {"matchLabels": {"app": "x"}}}}

    assert names(cluster, "sts/web", "pod/web-1") == ["web-0", "web-1"]
    assert "list pods app=x" in cluster.asked


def test_a_pod_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        names(FakeCluster(), "web")


def test_a_selector_that_the_server_does_not_understand_is_wrong_usage() -> None:
    cluster = FakeCluster()
    cluster.errors["list pods"] = [Rejected("unable to parse requirement")]

    with pytest.raises(UsageError, match='selector "a in": unable to parse requirement'):
        names(cluster, labels="a in")
