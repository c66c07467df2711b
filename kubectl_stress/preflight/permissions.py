"""What a user must be allowed to do, and the Role that allows it. Pure: no I/O.

The websocket handshake of exec is a GET, so the API server asks for `get` on pods/exec, and since
Kubernetes 1.35 for `create` too (pkg/registry/core/pod/rest/subresources.go). None of the default
ClusterRoles `edit` and `admin` holds pods/ephemeralcontainers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_stress.targets.owner_kinds import OWNER_KINDS, OwnerKind, owner_kind
from kubectl_stress.targets.selection import Selection

ROLE_NAME = "kubectl-stress"


@dataclass(frozen=True)
class Permission:
    """One verb on one resource of the target's namespace.

    `without` says what is missed where it is not allowed; one that is empty is needed.
    """

    verb: str
    resource: str
    group: str = ""
    without: str = ""

    @property
    def needed(self) -> bool:
        """Whether nothing works without it."""
        return not self.without

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}" + (f".{self.group}" if self.group else "")


@dataclass(frozen=True)
class Answer:
    """What the API server says of a permission; `reason` is its own word, often none."""

    permission: Permission
    is_allowed: bool
    reason: str = ""


_UNSEEN = "events are not shown"
_NOT_COUNTED = "predictions leave out what other containers use of the pod's limit"
_SLOWER = "stop does not work, and reusing an ephemeral container needs one more exec request"
_ATTACHED = "each new ephemeral container needs one more attach request"
POD_PERMISSIONS = (
    Permission("get", "pods"),
    Permission("list", "pods"),
    Permission("watch", "pods"),
    Permission("patch", "pods/ephemeralcontainers"),
    Permission("get", "pods/exec"),
    Permission("create", "pods/exec"),
    Permission("get", "pods/attach", without=_SLOWER),
    Permission("create", "pods/attach", without=_SLOWER),
    Permission("get", "pods/log", without=_ATTACHED),
    Permission("list", "events", without=_UNSEEN),
    Permission("watch", "events", without=_UNSEEN),
    Permission("get", "pods", "metrics.k8s.io", without=_NOT_COUNTED),
)

# Asked for beside the others by what loads; nothing else writes Events.
ANNOUNCE = Permission(
    "create", "events", "events.k8s.io", without="no Events on the pod announce a run"
)

# For `find-limit --health-url` alone: who may forward ports may speak with every pod there.
PORT_FORWARD = tuple(Permission(verb, "pods/portforward") for verb in ("get", "create"))

# For `--copy` alone: who may create pods may run anything under any service account of the
# namespace. The claims say whether a copy may share the pod's volumes.
COPY = (
    Permission("create", "pods"),
    Permission("delete", "pods"),
    Permission("get", "persistentvolumeclaims", without="--copy of pods with volume claims"),
)


def required_permissions(kind: str) -> tuple[Permission, ...]:
    """All permissions for a target given by a pod's or an owner's name."""
    owner = owner_kind(kind)
    return POD_PERMISSIONS if owner is None else (*POD_PERMISSIONS, _get(owner))


def stop_permissions(selection: Selection) -> tuple[Permission, ...]:
    """What `stop` takes: the pods that are meant, and an attach to their holders."""
    kinds = {ref.kind: owner_kind(ref.kind) for ref in selection.refs}
    owners = [_get(kind) for kind in kinds.values() if kind is not None]
    named = [Permission("get", "pods")] if "pod" in kinds else []
    listed = [Permission("list", "pods")] if owners or not kinds else []
    attach = [Permission(verb, "pods/attach") for verb in ("get", "create")]
    return (*owners, *named, *listed, *attach)


def full_role_permissions() -> tuple[Permission, ...]:
    """What the printed Role grants: targets by the name of a pod or of any owner."""
    return (*POD_PERMISSIONS, ANNOUNCE, *(_get(kind) for kind in OWNER_KINDS))


def _get(kind: OwnerKind) -> Permission:
    return Permission("get", kind.plural, kind.group)


def role(
    namespace: str | None, *, with_port_forward: bool = False, with_copy: bool = False
) -> dict[str, Any]:
    """The least Role with which every kind of target works; a ClusterRole for all namespaces."""
    further = PORT_FORWARD * with_port_forward + COPY * with_copy
    is_everywhere = namespace is None
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole" if is_everywhere else "Role",
        "metadata": {"name": ROLE_NAME} | ({} if is_everywhere else {"namespace": namespace}),
        "rules": _rules((*full_role_permissions(), *further)),
    }


def _rules(permissions: Iterable[Permission]) -> list[dict[str, Any]]:
    verbs: dict[tuple[str, str], list[str]] = {}
    for permission in permissions:
        verbs.setdefault((permission.group, permission.resource), []).append(permission.verb)
    return [
        {"apiGroups": [group], "resources": [resource], "verbs": found}
        for (group, resource), found in verbs.items()
    ]


def refusal(
    missing: Iterable[Permission], namespace: str | None, reasons: Mapping[str, str] | None = None
) -> str:
    """One line on what is missing and how to get it."""
    missing = list(missing)
    words = ", ".join(str(permission) for permission in missing)
    reason = next((text for text in (reasons or {}).values() if text), "")
    where = "all namespaces" if namespace is None else f'namespace "{namespace}"'
    flag, kind = ("-A", "ClusterRole") if namespace is None else (f"-n {namespace}", "Role")
    options = {" --copy": COPY, " --port-forward": PORT_FORWARD}
    added = "".join(option for option, needed in options.items() if set(missing) & set(needed))
    return (
        f"missing permission in {where}: {words}{reason and f' ({reason})'}. "
        f'Ask an administrator for the {kind} that "kubectl stress role {flag}{added}" prints'
    )
