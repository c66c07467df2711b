"""What a SelfSubjectRulesReview grants, by a recorded answer and by the rules of RBAC."""

import json
from pathlib import Path
from typing import Any

import pytest

from kubectl_stress.kube.shapes import RULES, fault
from kubectl_stress.preflight.granted_rules import is_granted
from kubectl_stress.preflight.permissions import Permission, full_role_permissions
from tests.fakes.cluster import FakeCluster

# Recorded of Kubernetes 1.37, for a user with nothing but the printed Role.
RECORDED = Path(__file__).parents[2] / "testdata/reviews/rules-of-the-printed-role.json"
GET_EXEC = Permission("get", "pods/exec")


@pytest.fixture
def review() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORDED.read_text())
    return found


def rule(**changed: list[str]) -> dict[str, list[str]]:
    return {"verbs": ["get"], "apiGroups": [""], "resources": ["pods/exec"], **changed}


@pytest.mark.parametrize("permission", full_role_permissions(), ids=str)
def test_the_recorded_rules_grant_what_the_printed_role_does(
    review: dict[str, Any], permission: Permission
) -> None:
    assert fault(review, RULES) is None
    assert is_granted(permission, review["status"]["resourceRules"])


def test_the_recorded_rules_grant_nothing_else(review: dict[str, Any]) -> None:
    rules = review["status"]["resourceRules"]

    for permission in (
        Permission("delete", "pods"),
        Permission("get", "pods/portforward"),
        Permission("get", "jobs"),
        Permission("watch", "events", "events.k8s.io"),
    ):
        assert not is_granted(permission, rules)


def test_the_fake_lists_rules_as_the_real_server_does(review: dict[str, Any]) -> None:
    recorded, fake = review["status"], FakeCluster().rules("rules")

    forwarded = {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]}
    assert fake["resourceRules"] == [*recorded["resourceRules"], forwarded]
    assert fake["incomplete"] is recorded["incomplete"]


@pytest.mark.parametrize(
    "granting",
    [
        rule(),
        rule(verbs=["list", "*"]),
        rule(apiGroups=["*"]),
        rule(resources=["*"]),
        rule(resources=["*/exec"]),
        rule(resources=["pods", "pods/exec"], resourceNames=[]),
    ],
)
def test_a_rule_that_matches_grants(granting: dict[str, Any]) -> None:
    assert is_granted(GET_EXEC, [rule(verbs=[]), granting])


@pytest.mark.parametrize(
    "other",
    [
        rule(verbs=["create"]),
        rule(apiGroups=["apps"]),
        rule(apiGroups=[]),
        rule(resources=["pods"]),
        rule(resources=["pods/*"]),
        rule(resources=["*/attach"]),
        rule(resourceNames=["web-0"]),
        {"verbs": ["*"]},
    ],
)
def test_a_rule_of_something_else_grants_nothing(other: dict[str, Any]) -> None:
    assert not is_granted(GET_EXEC, [other])
