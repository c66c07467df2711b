"""Finds the target in the cluster: a pod by name, or the one pod of an owner."""

from dataclasses import replace
from typing import Any

from kubectl_stress.errors import Forbidden, NotFound, TargetError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.targets.missing_pods import refuse_missing_pods
from kubectl_stress.targets.owned_pods import is_running, owned_pods
from kubectl_stress.targets.owner_kinds import owner_kind
from kubectl_stress.targets.owners import Owner, owner_of, replicas
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.target import Target


def find_target(
    cluster: Cluster, ref: TargetRef, *, namespace: str, container: str | None
) -> Target:
    """The target of `ref`; raises NotFound or TargetError."""
    if ref.kind == "pod":
        target = Target.from_pod(cluster.get_pod(namespace, ref.name), container)
        return replace(target, owner=with_replicas(cluster, target))
    owner, running = owner_and_pods(cluster, ref, namespace)
    if len(running) > 1:
        names = ", ".join(pod["metadata"]["name"] for pod in running)
        raise TargetError(
            f"{ref} has {len(running)} pods ({names}): choose one of them, like pod/NAME"
        )
    target = Target.from_pod(running[0], container)
    return replace(target, owner=Owner(ref.kind, ref.name, replicas(owner)))


def with_replicas(cluster: Cluster, target: Target) -> Owner | None:
    """The pod's owner with its replicas, as far as the user may read it.

    Of a Deployment's pod that is the Deployment, whose replicas are those of all its ReplicaSets.
    """
    owner = target.owner
    if owner is None or owner.kind not in ("ReplicaSet", "StatefulSet"):
        return owner
    found = _read_if_allowed(cluster, owner, target.namespace)
    if found is None:
        return owner
    above = owner_of(found)
    if above is not None and above.kind == "Deployment":
        deployment = _read_if_allowed(cluster, above, target.namespace)
        if deployment is not None:
            return replace(above, replicas=replicas(deployment))
    return replace(owner, replicas=replicas(found))


def _read_if_allowed(cluster: Cluster, owner: Owner, namespace: str) -> dict[str, Any] | None:
    kind = owner_kind(owner.kind)
    assert kind is not None
    try:
        return cluster.get_object(kind.api_prefix, kind.plural, namespace, owner.name)
    except (Forbidden, NotFound):
        return None


def owner_and_pods(
    cluster: Cluster, ref: TargetRef, namespace: str
) -> tuple[dict[str, Any], list[Pod]]:
    """An owner, and its pods that run, by name; raises NotRunning where there are none."""
    owner, owned = read_owner(cluster, ref, namespace)
    running = [pod for pod in owned if is_running(pod)]
    if not running:
        refuse_missing_pods(owner, ref, namespace, owned)
    return owner, running


def read_owner(
    cluster: Cluster, ref: TargetRef, namespace: str
) -> tuple[dict[str, Any], list[Pod]]:
    """An owner, and its pods that are not over, by name."""
    from kubectl_stress.targets.label_selector import as_query  # a pod is found without

    kind = owner_kind(ref.kind)
    assert kind is not None
    owner = cluster.get_object(kind.api_prefix, kind.plural, namespace, ref.name)
    selector = as_query(owner["spec"].get("selector") or {})
    return owner, owned_pods(ref, cluster.list_pods(namespace, label_selector=selector)["items"])
