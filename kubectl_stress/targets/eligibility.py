"""Which pods can be a target, which cannot, and which cannot now. Pure: no I/O."""

from collections.abc import Mapping, Sequence
from typing import Any

from kubectl_stress.errors import NotRunning, TargetError
from kubectl_stress.targets.pod import (
    Pod,
    container_status,
    describe,
    is_being_deleted,
    is_init,
    restart_policy,
)
from kubectl_stress.text import clean

_MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
# Runtimes whose containers share no kernel with the node: there is no cgroup to enter.
_SANDBOXES = ("gvisor", "runsc", "kata", "firecracker", "microvm", "qemu")
_WEBASSEMBLY = ("wasm", "spin", "slight")
_OS_LABELS = ("kubernetes.io/os", "beta.kubernetes.io/os")
_FARGATE_LABEL = "eks.amazonaws.com/fargate-profile"
_VIRTUAL_KUBELET_TAINT = "virtual-kubelet.io/provider"


def refuse_impossible_pods(pod: Pod) -> None:
    """Raise TargetError for a pod that takes no load, whatever its containers do."""
    meta = pod["metadata"]
    if is_being_deleted(pod):
        raise TargetError(f"{describe(pod)} is being deleted: choose another pod")
    if _MIRROR_ANNOTATION in (meta.get("annotations") or {}):
        raise TargetError(
            f"{describe(pod)} is a static pod, and static pods cannot have ephemeral containers: "
            f"choose a pod managed by the API server"
        )
    _refuse_foreign_runtimes(pod)


def _refuse_foreign_runtimes(pod: Pod) -> None:
    spec = pod["spec"]
    system = (spec.get("os") or {}).get("name") or _selected_system(spec)
    if system != "linux":
        raise TargetError(f"{describe(pod)} runs on {system}: only Linux is supported")
    runtime = spec.get("runtimeClassName") or ""
    if any(word in runtime.lower() for word in _SANDBOXES):
        raise TargetError(
            f'{describe(pod)} uses RuntimeClass "{runtime}": its containers run on a kernel of '
            "their own, whose cgroups cannot be entered through Kubernetes"
        )


def _selected_system(spec: Mapping[str, Any]) -> str:
    """The system that the pod's node must have, by selector or by affinity."""
    selector = spec.get("nodeSelector") or {}
    for label in _OS_LABELS:
        if label in selector:
            return clean(str(selector[label]))
    wanted = [_system_of(term) for term in _required_terms(spec)]
    # The terms are alternatives: only what all of them ask for is certain.
    return wanted[0] if wanted and wanted[0] and len(set(wanted)) == 1 else "linux"


def _required_terms(spec: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    return required.get("nodeSelectorTerms") or ()


def _system_of(term: Mapping[str, Any]) -> str:
    for expression in term.get("matchExpressions") or ():
        values: Sequence[Any] = expression.get("values") or ()
        if expression.get("key") in _OS_LABELS and expression.get("operator") == "In":
            return clean(str(values[0])) if len(values) == 1 else ""
    return ""


def start_doubts(pod: Pod) -> tuple[str, ...]:
    """Why an ephemeral container may be accepted and never start, where that is not certain."""
    spec, found = pod["spec"], []
    runtime = clean(str(spec.get("runtimeClassName") or ""))
    if any(word in runtime.lower() for word in _WEBASSEMBLY):
        found.append(f'RuntimeClass "{runtime}" sounds like WebAssembly')
    if _FARGATE_LABEL in (pod["metadata"].get("labels") or {}):
        found.append(f"the pod runs on AWS Fargate (label {_FARGATE_LABEL})")
    keys = [toleration.get("key") for toleration in spec.get("tolerations") or ()]
    if _VIRTUAL_KUBELET_TAINT in keys:
        found.append(
            f"the pod may run on a virtual kubelet (it tolerates {_VIRTUAL_KUBELET_TAINT})"
        )
    ending = "the API server accepts the ephemeral container, and it may never start"
    return tuple(f"{doubt}: {ending}" for doubt in found)


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
