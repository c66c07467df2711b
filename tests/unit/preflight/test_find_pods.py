"""Which pods a command means that takes several."""

from typing import Any

import pytest

from kubectl_stress.errors import NotFound, Rejected, UsageError
from kubectl_stress.preflight.find_pods import find_pods
from kubectl_stress.targets.pod_copy import COPY_SELECTOR, pod_copy
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.selection import Selection
from tests.builders.pods import pod
from tests.fakes.cluster import FakeCluster, forbidden


def names(cluster: FakeCluster, *refs: str, labels: str = "") -> list[str]:
    chosen = Selection("default", tuple(map(TargetRef.parse, refs)), labels)
    return [found["metadata"]["name"] for found in find_pods(cluster, chosen).pods]


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


def missing(cluster: FakeCluster, *refs: str) -> list[tuple[str, type[Exception]]]:
    chosen = Selection("default", tuple(map(TargetRef.parse, refs)))
    return [(name, type(error)) for name, error in find_pods(cluster, chosen).missing]


def test_what_is_not_there_keeps_none_of_the_others_from_being_found() -> None:
    cluster = FakeCluster(pod("web").container("app").dict)

    assert names(cluster, "gone", "web", "deploy/db") == ["web"]
    assert missing(cluster, "gone", "web", "deploy/db") == [
        ("gone", NotFound),
        ("deployment/db", NotFound),
    ]


def copy_of(name: str) -> dict[str, Any]:
    return pod_copy(pod(name).container("app").dict, f"{name}-stress-1", deadline_s=60)


class WithCopies(FakeCluster):
    """Answers for copies by their labels."""

    def __init__(self, *pods: dict[str, Any], copies: tuple[str, ...]) -> None:
        super().__init__(*pods)
        self.made = [copy_of(name) for name in copies]
        for one in self.made:
            one["metadata"]["uid"] = one["metadata"]["name"]

    def list_pods(
        self, namespace: str | None, label_selector: str = "", field_selector: str = ""
    ) -> dict[str, Any]:
        if label_selector == COPY_SELECTOR:
            return {"items": self.made}
        return super().list_pods(namespace, label_selector, field_selector)


@pytest.mark.parametrize("labels", ["", "app=web"])
def test_copies_of_a_pod_are_meant_with_it_and_those_of_others_are_not(labels: str) -> None:
    cluster = WithCopies(pod("web").container("app").dict, copies=("web", "db"))

    assert names(cluster, *(() if labels else ("web",)), labels=labels) == ["web", "web-stress-1"]


def test_the_copy_of_a_pod_that_is_gone_is_found_by_its_name() -> None:
    cluster = WithCopies(copies=("web",))

    assert names(cluster, "web") == ["web-stress-1"]
    assert missing(cluster, "web", "db") == [("db", NotFound)]


def test_who_may_not_list_pods_still_finds_the_one_that_is_named() -> None:
    cluster = FakeCluster(pod("web").container("app").dict)
    cluster.errors["list pods"] = [forbidden("list pods")]

    assert names(cluster, "web") == ["web"]


def test_a_selector_that_the_server_does_not_understand_is_wrong_usage() -> None:
    cluster = FakeCluster()
    cluster.errors["list pods"] = [Rejected("unable to parse requirement")]

    with pytest.raises(
        UsageError, match=r'^-l "a in" cannot be read: unable to parse requirement; write'
    ):
        names(cluster, labels="a in")
