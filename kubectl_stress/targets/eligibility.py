"""Which pods can be a target, which cannot, and which cannot now. Pure: no I/O."""

from collections.abc import Mapping
from typing import Any

from kubectl_stress.errors import NotRunning, TargetError
from kubectl_stress.targets.pod import Pod, container_status, describe, is_init, restart_policy
from kubectl_stress.text import clean

_MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
# Runtimes whose containers share no kernel with the node: there is no cgroup to enter.
_SANDBOXES = ("gvisor", "runsc", "kata")


def refuse_impossible_pods(pod: Pod) -> None:
    """Raise TargetError for a pod that takes no load, whatever its containers do."""
    meta = pod["metadata"]
    if meta.get("deletionTimestamp"):
        raise TargetError(f"{describe(pod)} is being deleted: choose another pod")
    if _MIRROR_ANNOTATION in (meta.get("annotations") or {}):
        raise TargetError(
            f"{describe(pod)} is a static pod, and static pods cannot have ephemeral containers: "
            f"choose a pod managed by the API server"
        )
    _refuse_foreign_runtimes(pod)


def _refuse_foreign_runtimes(pod: Pod) -> None:
    spec = pod["spec"]
    selected = (spec.get("nodeSelector") or {}).get("kubernetes.io/os", "linux")
    system = (spec.get("os") or {}).get("name", selected)
    if system != "linux":
        raise TargetError(f"{describe(pod)} runs on {system}: only Linux is supported")
    runtime = spec.get("runtimeClassName") or ""
    if any(word in runtime.lower() for word in _SANDBOXES):
        raise TargetError(
            f'{describe(pod)} uses RuntimeClass "{runtime}": its containers run on a kernel of '
            "their own, whose cgroups cannot be entered through Kubernetes"
        )


def refuse_unless_running(pod: Pod, name: str) -> None:
    """Raise NotRunning for a container that may run later, TargetError for one that will not."""
    status = container_status(pod, name)
    state = status.get("state") or {}
    if "running" in state:
        return
    kind = next(iter(state), "not created yet")
    detail = clean((state.get(kind) or {}).get("reason", ""))
    phase = (pod.get("status") or {}).get("phase", "Pending")
    text = (
        f'container "{name}" of {describe(pod)} is not running '
        f"({kind}{detail and ': ' + detail}, pod phase {phase})"
    )
    if phase in ("Succeeded", "Failed") or _stays_ended(pod, name, state.get("terminated")):
        raise TargetError(f"{text} and will not start again: choose a running one")
    if detail == "CrashLoopBackOff":
        # The kubelet waits at most 5 minutes before it starts a container again.
        raise NotRunning(
            f"{text}, and is crash-looping ({_last_end(status)})",
            remedy="fix it first",
            wait="use --wait 5m to start with its next restart",
        )
    raise NotRunning(
        text,
        remedy=f"see kubectl describe pod {pod['metadata']['name']}",
        wait="use --wait 1m to wait for it",
    )


def _stays_ended(pod: Pod, name: str, ended: Mapping[str, Any] | None) -> bool:
    if not ended:
        return False
    policy, has_failed = restart_policy(pod, name), ended.get("exitCode", 0) != 0
    if is_init(pod, name) and not has_failed:
        return True
    return policy == "Never" or (policy == "OnFailure" and not has_failed)


def _last_end(status: Mapping[str, Any]) -> str:
    ended = (status.get("lastState") or {}).get("terminated") or {}
    return f"{clean(ended.get('reason', 'unknown'))}, exit code {ended.get('exitCode', 'unknown')}"
