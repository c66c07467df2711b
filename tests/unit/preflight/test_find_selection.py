"""A target is found again by the selector that is written for it."""

import pytest

from kubectl_stress.errors import NotFound, TargetError
from kubectl_stress.preflight.find_selection import find_selection
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.selector import LabelRule, Operator, PodSelector
from tests.builders.pods import pod
from tests.fakes.cluster import FakeCluster

DEPLOYMENT = {
    "metadata": {"name": "web"},
    "spec": {
        "selector": {
            "matchLabels": {"app": "web"},
            "matchExpressions": [{"key": "canary", "operator": "DoesNotExist"}],
        },
        "template": {
            "metadata": {"annotations": {"kubectl.kubernetes.io/default-container": "app"}},
            "spec": {"containers": [{"name": "proxy"}, {"name": "app"}]},
        },
    },
}


def cluster() -> FakeCluster:
    made = FakeCluster(pod().container("proxy").container("app").dict)
    made.owners[("deployments", "web")] = DEPLOYMENT
    return made


def test_a_pod_is_meant_by_its_name() -> None:
    found = find_selection(cluster(), TargetRef.parse("web"), "default", "app")

    assert found == (PodSelector(pods=(("default", "web"),)), "app")


def test_an_owner_is_meant_by_the_labels_of_its_pods() -> None:
    found = find_selection(cluster(), TargetRef.parse("deploy/web"), "default", None)

    rules = (LabelRule.equal("app", "web"), LabelRule("canary", Operator.DOES_NOT_EXIST))
    assert found == (PodSelector(("default",), rules), "app")


@pytest.mark.parametrize("target", ["web", "deploy/web"])
def test_a_container_that_is_not_there_is_refused(target: str) -> None:
    with pytest.raises(TargetError, match='no container "db" in pod "web": it has proxy, app'):
        find_selection(cluster(), TargetRef.parse(target), "default", "db")


@pytest.mark.parametrize("target", ["other", "deploy/other"])
def test_a_target_that_is_not_there_is_not_found(target: str) -> None:
    with pytest.raises(NotFound):
        find_selection(cluster(), TargetRef.parse(target), "default", None)
