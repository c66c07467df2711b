"""Which pod of an owner stands in for one that it lost. Pure: no I/O."""

from collections.abc import Mapping
from typing import Any

from kubectl_stress.errors import TargetError
from kubectl_stress.targets.owners import replicas
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.target import Target


def may_replace(pod: Pod, lost: Target) -> bool:
    """A StatefulSet's has the same name, and a DaemonSet's stands on the same node."""
    kind = lost.owner.kind if lost.owner else ""
    if kind == "statefulset":
        return bool(pod["metadata"]["name"] == lost.pod)
    if kind == "daemonset":
        return bool(pod["spec"].get("nodeName") == lost.node)
    return True


def refuse_unreplaced(workload: Mapping[str, Any], lost: Target, pod_count: int) -> None:
    """Raise TargetError where the owner has all the pods it wants, without one for the lost."""
    wanted = replicas(workload)
    if wanted is not None and pod_count >= wanted:
        raise TargetError(f"{lost.owner} wants {wanted} pods now: none replaces {lost.pod}")
