"""A copy of a pod that no traffic reaches: how it is built, and where it cannot be. Pure: no I/O.

As `kubectl debug --copy-to` (k8s.io/kubectl/pkg/cmd/debug) it drops labels, owner, node and
ephemeral containers, but it keeps the probes: they are part of what is tested.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from kubectl_stress.errors import TargetError
from kubectl_stress.targets.eligibility import refuse_impossible_pods
from kubectl_stress.targets.owned_pods import phase
from kubectl_stress.targets.pod import Pod, describe, targetable

COPY_LABELS: Mapping[str, str] = {
    "app.kubernetes.io/managed-by": "kubectl-stress",
    "app.kubernetes.io/component": "stress-copy",
}
COPY_SELECTOR = ",".join(f"{key}={value}" for key, value in COPY_LABELS.items())
COPY_OF_ANNOTATION = "kubectl-stress/copy-of"

# Others belong to whoever wrote them: a network plugin keeps the pod's own IP address in one.
_KEPT_ANNOTATIONS = (
    "kubectl.kubernetes.io/default-container",
    "container.apparmor.security.beta.kubernetes.io/",
)
# Of this very pod: its place, and what the API server derives from its priority class. With its
# host name a copy would pass for the same member of a StatefulSet. Readiness gates are opened by
# controllers that find a pod by its labels.
_DROPPED = (
    "nodeName",
    "priority",
    "preemptionPolicy",
    "ephemeralContainers",
    "hostname",
    "subdomain",
    "hostnameOverride",
    "readinessGates",
    "schedulingGates",
)
_LONGEST_NAME = 63  # that a host name can be
# Any of these, and the claim may belong to one node or one pod alone.
_EXCLUSIVE = ("ReadWriteOnce", "ReadWriteOncePod")


def copy_name(pod: Pod, suffix: str) -> str:
    """The name of a copy; `suffix` tells it from others of the same pod."""
    ending = f"-stress-{suffix}"
    return str(pod["metadata"]["name"])[: _LONGEST_NAME - len(ending)].rstrip("-.") + ending


def pod_copy(pod: Pod, name: str, *, deadline_s: int) -> dict[str, Any]:
    """The copy to create, which the kubelet ends `deadline_s` after it has accepted it."""
    meta = pod["metadata"]
    kept = {
        key: value
        for key, value in (meta.get("annotations") or {}).items()
        if key.startswith(_KEPT_ANNOTATIONS)
    }
    spec = {key: value for key, value in pod["spec"].items() if key not in _DROPPED}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "labels": dict(COPY_LABELS),
            "annotations": kept | {COPY_OF_ANNOTATION: str(meta["name"])},
        },
        "spec": spec | {"activeDeadlineSeconds": deadline_s},
    }


def claims(pod: Pod) -> list[str]:
    """The persistent volume claims that a copy would share with the pod."""
    found = (volume.get("persistentVolumeClaim") for volume in pod["spec"].get("volumes") or ())
    return [str(claim["claimName"]) for claim in found if claim]


def refuse_uncopyable(pod: Pod) -> None:
    """Raise TargetError for a pod of which there can be only one on a node, or none at all."""
    refuse_impossible_pods(pod)
    if pod["spec"].get("hostNetwork"):
        raise TargetError(
            f"--copy: {describe(pod)} uses the node's network, where a copy would want the same "
            "ports: stress the pod itself"
        )
    for name, port in _host_ports(pod):
        raise TargetError(
            f'--copy: container "{name}" of {describe(pod)} uses port {port} of the node '
            "(hostPort), which a copy cannot have too: stress the pod itself"
        )


def _host_ports(pod: Pod) -> Iterator[tuple[str, int]]:
    for container in targetable(pod):
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                yield container["name"], port["hostPort"]


def refuse_exclusive_claim(pod: Pod, claim: Mapping[str, Any]) -> None:
    """Raise TargetError for a volume that is for one node or one pod: its app expects no other."""
    modes = (claim.get("spec") or {}).get("accessModes") or ()
    exclusive = next((mode for mode in modes if mode in _EXCLUSIVE), None)
    if exclusive:
        raise TargetError(
            f'--copy: {describe(pod)} uses the volume claim "{claim["metadata"]["name"]}" '
            f"({exclusive}), which a copy must not share: stress the pod itself"
        )


def is_copy(pod: Pod) -> bool:
    """Whether the pod is a copy that this program made."""
    labels = pod["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in COPY_LABELS.items())


def copied_name(pod: Pod) -> str | None:
    """The name of the pod that it is a copy of, by this program; None for any other pod."""
    if not is_copy(pod):
        return None
    return str((pod["metadata"].get("annotations") or {}).get(COPY_OF_ANNOTATION, ""))


def is_ended_copy(pod: Pod) -> bool:
    """Whether it is a copy whose client is gone: its deadline has ended it."""
    return is_copy(pod) and phase(pod) in ("Succeeded", "Failed")
