"""Finds the target in the cluster: a pod by name, or the one pod of an owner."""

from dataclasses import replace
from typing import Any

from kubectl_stress.errors import Forbidden, NotFound, TargetError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.targets.label_selector import as_query
from kubectl_stress.targets.missing_pods import refuse_missing_pods
from kubectl_stress.targets.owner_kinds import owner_kind
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.target import Owner, Target


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
    replicas = (owner.get("spec") or {}).get("replicas")
    target = Target.from_pod(pod, container)
    return replace(target, owner=Owner(ref.kind, ref.name, replicas))


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
    return replace(owner, replicas=(found.get("spec") or {}).get("replicas"))


def _only_pod(cluster: Cluster, ref: TargetRef, owner: dict[str, Any], namespace: str) -> Pod:
    selector = as_query(owner["spec"].get("selector") or {})
    pods = cluster.list_pods(namespace, label_selector=selector)["items"]
    alive = [pod for pod in pods if _is_of(pod, ref) and _is_alive(pod)]
    if len(alive) == 1:
        return dict(alive[0])
    if not alive:
        refuse_missing_pods(owner, ref, namespace)
    names = ", ".join(sorted(pod["metadata"]["name"] for pod in alive))
    raise TargetError(f"{ref} has {len(alive)} pods ({names}): choose one of them, like pod/NAME")


def _is_of(pod: Pod, ref: TargetRef) -> bool:
    """Whether the pod belongs to the owner itself: labels alone may match a stranger's pod."""
    for reference in pod["metadata"].get("ownerReferences") or ():
        if ref.kind == "deployment" and reference["kind"] == "ReplicaSet":
            template = pod["metadata"].get("labels", {}).get("pod-template-hash", "")
            return bool(reference["name"] == f"{ref.name}-{template}")
        if reference["kind"].lower() == ref.kind and reference["name"] == ref.name:
            return True
    return False


def _is_alive(pod: Pod) -> bool:
    is_deleting = "deletionTimestamp" in pod["metadata"]
    return not is_deleting and pod.get("status", {}).get("phase") == "Running"
