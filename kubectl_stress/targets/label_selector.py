"""The `selector` field of workloads and budgets: as a query, and whether it selects a pod. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from kubectl_stress.targets.selector import LabelRule, Operator

Selector = Mapping[str, Any]


def as_query(selector: Selector) -> str:
    """What the API's `labelSelector` takes."""
    return ",".join(str(rule) for rule in rules(selector))


def selects(selector: Selector | None, labels: Mapping[str, str]) -> bool:
    """As in policy/v1: none selects nothing, an empty one every pod of the namespace."""
    return selector is not None and all(rule.matches(labels) for rule in rules(selector))


def rules(selector: Selector) -> Iterator[LabelRule]:
    """What it requires, of `matchLabels` and `matchExpressions`."""
    for key, value in (selector.get("matchLabels") or {}).items():
        yield LabelRule.equal(key, value)
    for rule in selector.get("matchExpressions") or ():
        yield LabelRule(rule["key"], Operator(rule["operator"]), tuple(rule.get("values") or ()))
