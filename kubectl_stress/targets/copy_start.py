"""Whether a pod that was just created can be loaded, and what it waits for. Pure: no I/O."""

from collections.abc import Iterator

from kubectl_stress.errors import TargetError
from kubectl_stress.targets.owned_pods import is_running, phase
from kubectl_stress.targets.pod import Pod, describe
from kubectl_stress.text import clean


def is_ready(pod: Pod) -> bool:
    """Whether the kubelet calls the pod ready."""
    return _condition(pod, "Ready").get("status") == "True"


def await_reason(pod: Pod, *, must_be_ready: bool) -> str:
    """What it still waits for, "" for nothing; raises TargetError where it has ended."""
    if phase(pod) in ("Succeeded", "Failed"):
        reason = (pod.get("status") or {}).get("reason") or phase(pod)
        raise TargetError(f"{describe(pod)} has ended before it was loaded ({clean(reason)})")
    if is_ready(pod) if must_be_ready else is_running(pod):
        return ""
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return f"is not scheduled ({clean(scheduled.get('message', ''))})"
    waiting = ", ".join(_waiting(pod))
    if waiting:
        return f"waits for {waiting}"
    return "runs and is not ready" if is_running(pod) else "has not started"


def _condition(pod: Pod, kind: str) -> dict[str, str]:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return next((dict(one) for one in conditions if one["type"] == kind), {})


def _waiting(pod: Pod) -> Iterator[str]:
    """Each container that does not run yet, with the kubelet's reason."""
    status = pod.get("status") or {}
    for kind in ("initContainerStatuses", "containerStatuses"):
        for entry in status.get(kind) or ():
            reason = ((entry.get("state") or {}).get("waiting") or {}).get("reason")
            if reason:
                yield f'container "{clean(entry["name"])}" ({clean(reason)})'
