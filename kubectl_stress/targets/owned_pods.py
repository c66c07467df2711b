"""Which pods a workload owns, and which of them run. Pure: no I/O."""

from collections.abc import Iterable

from kubectl_stress.targets.pod import Pod, is_being_deleted
from kubectl_stress.targets.ref import TargetRef


def owned_pods(ref: TargetRef, pods: Iterable[Pod]) -> list[Pod]:
    """The pods of the workload that are not being deleted and have not ended, by name.

    Labels alone may match a stranger's pod.
    """
    found = [pod for pod in pods if _is_of(pod, ref) and not _is_over(pod)]
    return sorted(found, key=lambda pod: str(pod["metadata"]["name"]))


def phase(pod: Pod) -> str:
    """The phase that the kubelet reports."""
    return str((pod.get("status") or {}).get("phase", "Pending"))


def is_running(pod: Pod) -> bool:
    """Whether its containers have been started."""
    return phase(pod) == "Running"


def _is_over(pod: Pod) -> bool:
    return is_being_deleted(pod) or phase(pod) in ("Succeeded", "Failed")


def _is_of(pod: Pod, ref: TargetRef) -> bool:
    for reference in pod["metadata"].get("ownerReferences") or ():
        if ref.kind == "deployment" and reference["kind"] == "ReplicaSet":
            template = pod["metadata"].get("labels", {}).get("pod-template-hash", "")
            return bool(reference["name"] == f"{ref.name}-{template}")
        if reference["kind"].lower() == ref.kind and reference["name"] == ref.name:
            return True
    return False
