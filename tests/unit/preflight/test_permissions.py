"""What must be allowed, and how the lack of it is told."""

from typing import Any

import pytest

from kubectl_stress.preflight.permissions import (
    Permission,
    full_role_permissions,
    refusal,
    required_permissions,
    role,
)


def rules() -> dict[tuple[str, str], set[str]]:
    return {
        (group, resource): set(rule["verbs"])
        for rule in role("shop")["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def test_the_role_grants_no_more_than_a_run_does() -> None:
    assert rules() == {
        ("", "pods"): {"get", "list", "watch"},
        ("", "pods/ephemeralcontainers"): {"patch"},
        ("", "pods/exec"): {"get", "create"},
        ("", "pods/attach"): {"get", "create"},
        ("", "pods/log"): {"get"},
        ("", "events"): {"list", "watch"},
        ("events.k8s.io", "events"): {"create"},
        ("apps", "deployments"): {"get"},
        ("apps", "statefulsets"): {"get"},
        ("apps", "daemonsets"): {"get"},
        ("apps", "replicasets"): {"get"},
        ("batch", "jobs"): {"get"},
        ("metrics.k8s.io", "pods"): {"get"},
    }


def test_the_role_is_of_the_namespace() -> None:
    manifest = role("shop")

    assert (manifest["kind"], manifest["metadata"]["namespace"]) == ("Role", "shop")


def test_an_exec_over_a_websocket_needs_get_and_create() -> None:
    assert rules()["", "pods/exec"] == {"get", "create"}


def test_the_role_writes_nothing_but_ephemeral_containers_and_events() -> None:
    writing = {
        resource for (_, resource), verbs in rules().items() if verbs - {"get", "list", "watch"}
    }

    assert writing == {"pods/ephemeralcontainers", "pods/exec", "pods/attach", "events"}


@pytest.mark.parametrize(
    ("kind", "owner"),
    [
        ("deployment", "get deployments.apps"),
        ("statefulset", "get statefulsets.apps"),
        ("daemonset", "get daemonsets.apps"),
        ("replicaset", "get replicasets.apps"),
        ("job", "get jobs.batch"),
    ],
)
def test_a_target_by_its_owner_needs_the_owner(kind: str, owner: str) -> None:
    needed = [str(permission) for permission in required_permissions(kind)]

    assert needed[-1] == owner
    assert set(required_permissions(kind)) <= set(full_role_permissions())


def test_a_target_by_the_name_of_a_pod_needs_no_owner() -> None:
    groups = {permission.group for permission in required_permissions("pod") if permission.needed}

    assert groups == {""}


def test_events_attach_logs_and_metrics_are_a_convenience() -> None:
    optional = [str(entry) for entry in full_role_permissions() if not entry.needed]

    attach = ["get pods/attach", "create pods/attach", "get pods/log"]
    events = ["list events", "watch events"]
    rest = ["get pods.metrics.k8s.io", "create events.events.k8s.io"]
    assert optional == [*attach, *events, *rest]


def test_a_refusal_is_one_line_with_all_that_is_missing_and_the_remedy() -> None:
    missing = [Permission("patch", "pods/ephemeralcontainers"), Permission("get", "jobs", "batch")]

    text = refusal(missing, "shop")

    assert "\n" not in text
    assert 'in namespace "shop": patch pods/ephemeralcontainers, get jobs.batch. ' in text
    assert '"kubectl stress role -n shop"' in text


def test_the_servers_reason_is_passed_on() -> None:
    text = refusal([Permission("get", "pods")], "shop", {"get pods": "no RBAC policy matched"})

    assert "get pods (no RBAC policy matched). " in text


def test_ports_are_forwarded_only_where_that_was_asked_for() -> None:
    def resources(manifest: dict[str, Any]) -> set[str]:
        return {name for rule in manifest["rules"] for name in rule["resources"]}

    assert "pods/portforward" not in resources(role("shop"))
    assert "pods/portforward" in resources(role("shop", with_port_forward=True))


def test_pods_are_created_and_deleted_only_where_that_was_asked_for() -> None:
    def verbs(manifest: dict[str, Any]) -> set[str]:
        rules = (rule for rule in manifest["rules"] if "pods" in rule["resources"])
        return {verb for rule in rules for verb in rule["verbs"]}

    assert not {"create", "delete"} & verbs(role("shop"))
    assert {"create", "delete"} <= verbs(role("shop", with_copy=True))
