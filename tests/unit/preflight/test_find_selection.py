"""A target is found again by the selector that is written for it."""

from typing import Any

import pytest

from kubectl_stress.errors import NotFound, TargetError, UsageError
from kubectl_stress.preflight.find_selection import find_selection
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.selector import LabelRule, Operator, PodSelector
from kubectl_stress.targets.target_selection import TargetSelection
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


def asked(*targets: str, container: str | None = None, **values: Any) -> TargetSelection:
    refs = tuple(TargetRef.parse(target) for target in targets)
    return TargetSelection(refs, container=container, **values)


def cluster() -> FakeCluster:
    made = FakeCluster(pod().container("proxy").container("app").dict)
    made.owners[("deployments", "web")] = DEPLOYMENT
    return made


def test_a_pod_is_meant_by_its_name() -> None:
    found = find_selection(cluster(), asked("web", container="app"))

    assert found == (PodSelector(pods=(("default", "web"),)), "app", "web")


def test_an_owner_is_meant_by_the_labels_of_its_pods() -> None:
    found = find_selection(cluster(), asked("deploy/web"))

    rules = (LabelRule.equal("app", "web"), LabelRule("canary", Operator.DOES_NOT_EXIST))
    assert found == (PodSelector(("default",), rules), "app", "web")


@pytest.mark.parametrize("target", ["web", "deploy/web"])
def test_a_container_that_is_not_there_is_refused(target: str) -> None:
    with pytest.raises(TargetError, match='no container "db" in pod "web": it has proxy, app'):
        find_selection(cluster(), asked(target, container="db"))


@pytest.mark.parametrize("target", ["other", "deploy/other"])
def test_a_target_that_is_not_there_is_not_found(target: str) -> None:
    with pytest.raises(NotFound):
        find_selection(cluster(), asked(target))


def two(*containers: str) -> FakeCluster:
    """A pod each with this one container."""
    made = (pod(f"web-{n}").container(name).dict for n, name in enumerate(containers))
    return FakeCluster(*made)


def test_several_pods_are_meant_by_their_names() -> None:
    found = find_selection(two("app", "app"), asked("web-0", "web-1"))

    pods = (("default", "web-0"), ("default", "web-1"))
    assert found == (PodSelector(pods=pods), "app", "web-0")


def test_pods_are_meant_by_the_selectors_of_the_command_line() -> None:
    wanted = asked(
        label_selector="app=web,tier notin (a, b),!canary", field_selector="metadata.name=web-0"
    )

    selector, container, name = find_selection(two("app", "app"), wanted)

    rules = (
        LabelRule.equal("app", "web"),
        LabelRule("tier", Operator.NOT_IN, ("a", "b")),
        LabelRule("canary", Operator.DOES_NOT_EXIST),
    )
    assert selector == PodSelector(("default",), rules, fields=(("metadata.name", "web-0"),))
    assert (container, name) == ("app", "web")


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (asked("deploy/web", "web-0"), "cannot express deployment/web beside other TARGETs"),
        (asked(label_selector="app=web", all_namespaces=True), "cannot express -A"),
        (asked(field_selector="spec.nodeName!=n1"), "--field-selector spec.nodeName!=n1"),
        (asked(label_selector="app=web"), r"other containers \(api, app\): name one with -c"),
    ],
)
def test_what_one_stresschaos_cannot_mean_is_refused_by_name(
    wanted: TargetSelection, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        find_selection(two("app", "api"), wanted)


def test_a_selector_of_pods_that_are_not_there_yet_needs_the_container() -> None:
    wanted = asked(label_selector="app=web")

    with pytest.raises(TargetError, match="its container is unknown: name it with -c"):
        find_selection(FakeCluster(), wanted)
    named = asked(label_selector="app=web", container="db")
    assert find_selection(FakeCluster(), named).container == "db"
