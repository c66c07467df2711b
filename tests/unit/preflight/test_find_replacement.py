"""Which new pod stands in for one that an owner lost, each given once."""

from dataclasses import replace

import pytest

from kubectl_stress.errors import NotRunning
from kubectl_stress.preflight.find_replacement import Replacements
from kubectl_stress.targets.owners import Owner
from kubectl_stress.targets.target import Target
from tests.builders.pods import PodBuilder, pod
from tests.fakes.cluster import FakeCluster

KINDS = {"statefulset": "StatefulSet", "daemonset": "DaemonSet", "replicaset": "ReplicaSet"}


def owned(name: str, kind: str, uid: str = "", node: str = "node-1") -> PodBuilder:
    reference = {"kind": KINDS[kind], "name": "web", "controller": True}
    built = pod(name).container("app").with_spec(nodeName=node)
    return built.with_metadata(ownerReferences=[reference], uid=uid or f"uid-of-{name}")


def cluster(kind: str, *pods: PodBuilder) -> FakeCluster:
    made = FakeCluster(*(one.dict for one in pods))
    spec = {"selector": {"matchLabels": {"app": "web"}}}
    made.owners[f"{kind}s", "web"] = {"metadata": {"name": "web"}, "spec": spec}
    return made


def lost(name: str, kind: str) -> Target:
    return replace(Target.from_pod(owned(name, kind).dict), owner=Owner(kind, "web"))


def test_a_pod_that_ran_before_is_none_and_a_new_one_is_given_once() -> None:
    found_in = cluster("replicaset", owned("web-a", "replicaset"), owned("web-b", "replicaset"))
    gone = lost("web-a", "replicaset")
    new = Replacements(found_in, [gone])
    del found_in.pods["web-a"]

    with pytest.raises(NotRunning, match="replicaset/web has no new pod yet"):
        new.find(gone, must_be_ready=False)
    found_in.pods["web-c"] = owned("web-c", "replicaset").dict
    assert new.find(gone, must_be_ready=False).pod == "web-c"
    with pytest.raises(NotRunning):
        new.find(gone, must_be_ready=False)


def test_that_of_a_statefulset_has_the_same_name() -> None:
    found_in = cluster("statefulset", owned("web-0", "statefulset"), owned("web-1", "statefulset"))
    gone = lost("web-0", "statefulset")
    new = Replacements(found_in, [gone])
    found_in.pods["web-2"] = owned("web-2", "statefulset").dict

    with pytest.raises(NotRunning):
        new.find(gone, must_be_ready=False)
    found_in.pods["web-0"] = owned("web-0", "statefulset", "another").dict
    assert new.find(gone, must_be_ready=False).pod_uid == "another"


def test_that_of_a_daemonset_stands_on_the_same_node() -> None:
    found_in = cluster("daemonset", owned("web-a", "daemonset"))
    gone = lost("web-a", "daemonset")
    new = Replacements(found_in, [gone])
    found_in.pods = {"web-x": owned("web-x", "daemonset", node="node-2").dict}

    with pytest.raises(NotRunning):
        new.find(gone, must_be_ready=False)
    found_in.pods["web-y"] = owned("web-y", "daemonset").dict
    assert new.find(gone, must_be_ready=False).pod == "web-y"


def test_one_that_was_pending_before_the_run_is_new_once_it_runs() -> None:
    late = owned("web-b", "replicaset").with_status(phase="Pending")
    found_in = cluster("replicaset", owned("web-a", "replicaset"), late)
    gone = lost("web-a", "replicaset")
    new = Replacements(found_in, [gone])

    with pytest.raises(NotRunning, match='pod "web-b" has not started'):
        new.find(gone, must_be_ready=False)
    found_in.pods["web-b"]["status"]["phase"] = "Running"
    assert new.find(gone, must_be_ready=False).pod == "web-b"
