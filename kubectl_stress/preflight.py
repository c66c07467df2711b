"""Asks the API server what is allowed, before anything is done."""

from kubectl_stress.cluster import Cluster
from kubectl_stress.errors import Forbidden
from kubectl_stress.holder import ephemeral_container
from kubectl_stress.permissions import Permission, refusal, required_permissions
from kubectl_stress.spec import HolderSpec, TargetRef
from kubectl_stress.target import Target


def check_permissions(cluster: Cluster, ref: TargetRef, namespace: str) -> list[Permission]:
    """Raise Forbidden naming all that is missing; returns what is missing but not needed."""
    missing: list[Permission] = []
    reasons: dict[str, str] = {}
    for permission in required_permissions(ref.kind):
        allowed, reason = _ask(cluster, permission, namespace)
        if not allowed:
            missing.append(permission)
            reasons[str(permission)] = reason
    needed = [permission for permission in missing if permission.needed]
    if needed:
        first = needed[0]
        raise Forbidden(
            refusal(needed, namespace, reasons), verb=first.verb, resource=first.resource
        )
    return missing


def _ask(cluster: Cluster, permission: Permission, namespace: str) -> tuple[bool, str]:
    resource, _, subresource = permission.resource.partition("/")
    return cluster.can_i(
        permission.verb,
        resource,
        namespace=namespace,
        subresource=subresource,
        group=permission.group,
    )


def check_admission(cluster: Cluster, target: Target, holder: HolderSpec) -> None:
    """Have the API server judge the very patch without keeping it; raises Rejected or Forbidden.

    Runs validation, Pod Security and webhooks (`dryRun=All`); image pulls and the node's own
    policies are not seen by it.
    """
    container = ephemeral_container(target, holder, "dry-run")
    cluster.add_ephemeral_container(target.namespace, target.pod, container, dry_run=True)
