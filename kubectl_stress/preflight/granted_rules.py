"""What the rules of a SelfSubjectRulesReview grant. Pure: no I/O.

A rule matches as RBAC has it (pkg/apis/rbac/v1/evaluation_helpers.go): `*` is every verb, group or
resource, subresources too; `*/exec` is that subresource of every resource. One that names objects
grants nothing that is asked of all of them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kubectl_stress.preflight.permissions import Permission


def is_granted(permission: Permission, rules: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of the `resourceRules` grants it."""
    return any(_grants(rule, permission) for rule in rules)


def _grants(rule: Mapping[str, Any], permission: Permission) -> bool:
    _, has_subresource, subresource = permission.resource.partition("/")
    resources = {"*", permission.resource}
    if has_subresource:
        resources.add(f"*/{subresource}")
    return (
        not rule.get("resourceNames")
        and not {"*", permission.verb}.isdisjoint(rule.get("verbs") or ())
        and not {"*", permission.group}.isdisjoint(rule.get("apiGroups") or ())
        and not resources.isdisjoint(rule.get("resources") or ())
    )
