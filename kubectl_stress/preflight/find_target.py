"""Finds the target in the cluster: a pod by name, or the one pod of an owner."""

from dataclasses import replace
from typing import Any

from kubectl_stress.errors import Forbidden, NotFound, TargetError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.targets.label_selector import as_query
from kubectl_stress.targets.missing_pods import refuse_missing_pods
from kubectl_stress.targets.owned_pods import is_running, owned_pods
from kubectl_stress.targets.owner_kinds import owner_kind
from kubectl_stress.targets.owners import Owner, replicas
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.target import Target


def find_target(
    cluster: Cluster, ref: TargetRef, *, namespace: str, container: str | None
) -> Target:
    """The target of `ref`; raises NotFound or TargetError."""
    if ref.kind == "pod":
        target = Target.from_pod(cluster.get_pod(namespace, ref.name), container)
        return replace(target, owner=_with_replicas(cluster, target))
    kind = owner_kind(ref.kind)
    assert kind is not None
    owner = cluster.get_object(kind.api_prefix, kind.plural, namespace, ref.name)
    pod = _only_pod(cluster, ref, owner, namespace)
    target = Target.from_pod(pod, container)
    return replace(target, owner=Owner(ref.kind, ref.name, replicas(owner)))


def _with_replicas(cluster: Cluster, target: Target) -> Owner | None:
    """The pod's owner with its replicas, as far as the user may read it."""
    owner = target.owner
    if owner is None or owner.kind not in ("ReplicaSet", "StatefulSet"):
        return owner
    kind = owner_kind(owner.kind)
    assert kind is not None
    try:
        found = cluster.get_object(kind.api_prefix, kind.plural, target.namespace, owner.name)
    except (Forbidden, NotFound):
        return owner
    return replace(owner, replicas=replicas(found))


def _only_pod(cluster: Cluster, ref: TargetRef, owner: dict[str, Any], namespace: str) -> Pod:
    selector = as_query(owner["spec"].get("selector") or {})
    pods = cluster.list_pods(namespace, label_selector=selector)["items"]
    owned = owned_pods(ref, pods)
    running = [pod for pod in owned if is_running(pod)]
    if len(running) == 1:
        return running[0]
    if not running:
        refuse_missing_pods(owner, ref, namespace, owned)
    names = ", ".join(pod["metadata"]["name"] for pod in running)
    raise TargetError(f"{ref} has {len(running)} pods ({names}): choose one of them, like pod/NAME")
