"""What is asked before anything is done."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from kubectl_stress.errors import Forbidden, NotFound, Rejected, StressError
from kubectl_stress.plan.holder_spec import HolderSpec, Join
from kubectl_stress.preflight.admission import (
    admission_refusals,
    check_admission,
    check_permissions,
)
from kubectl_stress.preflight.permissions import required_permissions
from kubectl_stress.targets.owners import Owner
from tests.builders.pods import pod, target
from tests.fakes.cluster import FakeCluster

KINDS = ("deployment",)


def cluster(*denied: str, reason: str = "") -> FakeCluster:
    built = FakeCluster(pod().container("app", limit="128Mi").dict)
    built.denied = dict.fromkeys(denied, reason)
    return built


def test_a_user_who_may_do_everything_is_let_through() -> None:
    assert check_permissions(cluster(), KINDS, "default") == []


@pytest.mark.parametrize(
    "permission", [p for p in required_permissions("deployment") if p.needed], ids=str
)
def test_each_missing_permission_is_refused_by_its_name(permission: object) -> None:
    with pytest.raises(Forbidden, match=f": {permission}[.] Ask an administrator for the Role"):
        check_permissions(cluster(str(permission)), KINDS, "default")


def test_all_that_is_missing_is_told_at_once() -> None:
    asked = cluster("get pods/exec", "create pods/exec", reason="no rule")

    with pytest.raises(Forbidden) as raised:
        check_permissions(asked, KINDS, "default")

    assert "get pods/exec, create pods/exec (no rule)" in str(raised.value)
    assert (raised.value.verb, raised.value.resource) == ("get", "pods/exec")


def test_what_is_missing_for_one_of_several_kinds_of_targets_is_told_of_all_of_them() -> None:
    asked = cluster("get deployments.apps", "get statefulsets.apps")

    with pytest.raises(Forbidden) as raised:
        check_permissions(asked, ("pod", "deployment", "statefulset"), "default")

    assert "get deployments.apps, get statefulsets.apps. Ask" in str(raised.value)


def test_events_that_may_not_be_read_are_only_told() -> None:
    unseen = check_permissions(cluster("list events", "watch events"), KINDS, "default")

    assert [str(permission) for permission in unseen] == ["list events", "watch events"]


def test_all_rules_are_asked_for_once_and_what_they_refuse_for_its_reason() -> None:
    asked = cluster("create pods/exec", "list events", reason="no rule")

    with pytest.raises(Forbidden, match=r"create pods/exec \(no rule\)"):
        check_permissions(asked, KINDS, "default")

    assert asked.reviews == ["rules default", "create pods/exec"]


def incomplete(asked: FakeCluster) -> None:
    asked.lists_all_rules = False


def failing(error: StressError) -> Callable[[FakeCluster], None]:
    def change(asked: FakeCluster) -> None:
        asked.errors["rules"] = [error]

    return change


@pytest.mark.parametrize(
    "change",
    [
        incomplete,
        failing(Rejected("no namespace on request")),
        failing(NotFound("no such resource")),
        failing(Forbidden("not allowed", verb="create", resource="selfsubjectrulesreviews")),
    ],
)
def test_rules_that_are_not_all_listed_are_asked_one_by_one(
    change: Callable[[FakeCluster], None],
) -> None:
    asked = cluster("create pods/exec")
    change(asked)

    with pytest.raises(Forbidden, match=r": create pods/exec[.] "):
        check_permissions(asked, KINDS, "default")

    assert sorted(asked.reviews[1:]) == sorted(map(str, required_permissions("deployment")))


def test_all_namespaces_have_no_list_of_rules() -> None:
    asked = cluster()

    check_permissions(asked, KINDS, None)

    assert sorted(asked.reviews) == sorted(map(str, required_permissions("deployment")))


def test_the_very_patch_is_judged_and_not_kept() -> None:
    asked = cluster()

    check_admission(asked, target(), HolderSpec("agent:1"))

    assert asked.asked == ["try ephemeral container"]
    assert asked.added == []


def test_what_pod_security_says_is_passed_on() -> None:
    asked = cluster()
    asked.errors["try ephemeral"] = [Rejected('violates PodSecurity "restricted:latest"')]

    with pytest.raises(Rejected, match="violates PodSecurity"):
        check_admission(asked, target(), HolderSpec("agent:1"))


def test_each_template_is_judged_once_for_all_its_pods() -> None:
    asked = cluster()
    asked.errors["try ephemeral"] = [Rejected("violates PodSecurity")]
    owner = Owner("ReplicaSet", "web-1")
    targets = [replace(target(), pod=name, owner=owner) for name in ("a", "b")]

    found = admission_refusals(asked, targets, HolderSpec("agent:1", join=Join.CGROUP))

    assert list(map(str, found)) == ["violates PodSecurity"] * 2
    assert asked.asked == ["try ephemeral container"]


def test_what_is_refused_of_one_template_is_not_refused_of_another() -> None:
    asked = FakeCluster(*(pod(name).container("app").dict for name in "ab"))
    asked.errors["try ephemeral"] = [Rejected("violates PodSecurity")]
    targets = [replace(target(), pod=name) for name in ("a", "b")]

    found = admission_refusals(asked, targets, HolderSpec("agent:1", join=Join.CGROUP))

    assert sorted(map(str, found)) == ["None", "violates PodSecurity"]
