"""Whose autoscalers and budgets they are, and what they will do."""

from typing import Any

import pytest

from kubectl_stress.targets.hpa_vpa_pdb import hpa_texts, pdb_texts, vpa_texts

OWNERS = [("ReplicaSet", "web-abc"), ("Deployment", "web")]
LABELS = {"app": "web", "tier": "front"}


def named(name: str, **values: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, **values}


def hpa(name: str, target: str, **spec: Any) -> dict[str, Any]:
    reference = {"kind": "Deployment", "name": target}
    return named(name, spec={"scaleTargetRef": reference, "maxReplicas": 5, **spec})


def test_an_hpa_of_the_owner_is_told_with_what_it_scales_on() -> None:
    memory = {"type": "Resource", "resource": {"name": "memory"}}
    custom = {"type": "Pods", "pods": {"metric": {"name": "requests"}}}
    mine = hpa("web", "web", minReplicas=2, metrics=[memory, custom])

    assert hpa_texts([mine, hpa("other", "db")], OWNERS) == [
        "web scales on memory, requests, 2 to 5 replicas; the load counts as the app's own memory"
    ]


def test_an_hpa_without_metrics_scales_on_cpu() -> None:
    assert hpa_texts([hpa("web", "web")], OWNERS) == ["web scales on cpu, 1 to 5 replicas"]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"updateMode": "Off"}, "updateMode Off: only recommends"),
        ({}, "updateMode Auto: may resize or evict the pod"),
        (
            {"updateMode": "Initial"},
            "updateMode Initial: sets the requests of new pods, and leaves",
        ),
        ({"updateMode": "Recreate"}, "updateMode Recreate: may evict the pod"),
        (
            {"updateMode": "InPlaceOrRecreate"},
            "updateMode InPlaceOrRecreate: may resize the pod in",
        ),
    ],
)
def test_a_vpa_is_told_with_what_it_may_do(policy: dict[str, str], words: str) -> None:
    reference = {"kind": "Deployment", "name": "web"}
    found = named("web", spec={"targetRef": reference, "updatePolicy": policy})

    (text,) = vpa_texts([found], OWNERS)
    assert text.startswith(f"web has {words}")
    assert text.endswith("raises its recommendation for days")


@pytest.mark.parametrize(
    ("selector", "selects"),
    [
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "db"}}, False),
        ({}, True),
        (None, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["y"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, False),
    ],
    ids=str,
)
def test_a_budget_is_told_where_it_selects_the_pod(selector: Any, selects: bool) -> None:
    budget = named("web", spec={"selector": selector}, status={"disruptionsAllowed": 1})

    assert bool(pdb_texts([budget], LABELS)) is selects


def test_a_budget_is_told_with_what_it_does_not_hold_back() -> None:
    (text,) = pdb_texts([named("web", spec={"selector": {}})], LABELS)

    assert text.startswith("web allows 0 disruptions; it prevents neither OOM kills nor")
