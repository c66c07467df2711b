"""Limits and requests of containers and of their pod, as the kubelet applies them. Pure.

What the kubelet has applied stands in `status.containerStatuses[].resources` since in-place resize;
otherwise the spec counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_stress.quantity import parse_quantity
from kubectl_stress.targets.pod import Pod, container_spec, container_status, is_init, targetable

_UNLIMITED_BYTES = 1 << 62


@dataclass(frozen=True)
class Sibling:
    """Another container that runs in the target's pod; sizes in bytes.

    `usage_bytes` is None where nobody told it.
    """

    name: str
    limit_bytes: int | None
    request_bytes: int | None
    usage_bytes: int | None = None


def limit_bytes(pod: Pod, name: str) -> int | None:
    """The container's memory limit; a limit of 0 is none."""
    return _memory(pod, name, "limits") or None


def request_bytes(pod: Pod, name: str) -> int | None:
    """The container's memory request."""
    return _memory(pod, name, "requests")


def limit_millicores(pod: Pod, name: str) -> float | None:
    """The container's CPU limit in thousandths of a CPU; a limit of 0 is none."""
    return _millicores(_resources(pod, name).get("limits")) or None


def request_millicores(pod: Pod, name: str) -> float | None:
    """The container's CPU request in thousandths of a CPU."""
    return _millicores(_resources(pod, name).get("requests"))


def pod_limit_millicores(pod: Pod) -> float | None:
    """The CPU limit that the pod declares beside its containers'."""
    return _millicores((pod["spec"].get("resources") or {}).get("limits")) or None


def _memory(pod: Pod, name: str, kind: str) -> int | None:
    return _bytes(_resources(pod, name).get(kind))


def _resources(pod: Pod, name: str) -> Mapping[str, Any]:
    """What the kubelet has applied where it says so, else what was asked for."""
    sources = (container_status(pod, name), container_spec(pod, name))
    return next((found for source in sources if (found := source.get("resources"))), {})


def _millicores(quantities: Mapping[str, Any] | None) -> float | None:
    text = (quantities or {}).get("cpu")
    return None if text is None else float(parse_quantity(str(text)) * 1_000)


def _bytes(quantities: Mapping[str, Any] | None) -> int | None:
    text = (quantities or {}).get("memory")
    return None if text is None else int(parse_quantity(text))


def siblings(pod: Pod, name: str) -> Iterator[Sibling]:
    """The regular containers and sidecars beside this one."""
    for spec in targetable(pod):
        other = spec["name"]
        if other != name and not is_init(pod, other):
            yield Sibling(other, limit_bytes(pod, other), request_bytes(pod, other))


def pod_limit_bytes(pod: Pod) -> int | None:
    """The limit of the pod beside its containers': what it declares, or a lower one that it has.

    After a resize the pod's cgroup may still have the limit of before (seen with Kubernetes 1.36).
    """
    declared, applied = _declared_pod_limit_bytes(pod), _applied_pod_limit_bytes(pod)
    if applied is None:
        return declared
    intended = _intended_pod_cgroup_limit_bytes(pod)
    return declared if intended is not None and applied >= intended else applied


def _declared_pod_limit_bytes(pod: Pod) -> int | None:
    return _bytes((pod["spec"].get("resources") or {}).get("limits")) or None


def _applied_pod_limit_bytes(pod: Pod) -> int | None:
    """The memory.max of the pod's cgroup as the kubelet reads it back (Kubernetes 1.36).

    Of a cgroup v1 without a limit it is PAGE_COUNTER_MAX (include/linux/page_counter.h), LONG_MAX
    rounded to pages of whatever size.
    """
    status = pod.get("status") or {}
    found = _bytes((status.get("resources") or {}).get("limits")) or None
    return None if found is not None and found >= _UNLIMITED_BYTES else found


def pod_cgroup_limit_bytes(pod: Pod) -> int | None:
    """The limit of the pod's cgroup: what the kubelet reads back from it, else what it sets."""
    return _applied_pod_limit_bytes(pod) or _intended_pod_cgroup_limit_bytes(pod)


def _intended_pod_cgroup_limit_bytes(pod: Pod) -> int | None:
    """What the kubelet sets for the pod's cgroup (pkg/kubelet/cm/helpers_linux.go).

    The pod's own limit, else what its containers need together where every one of them has a limit,
    and the RuntimeClass' overhead (k8s.io/component-helpers/resource, PodLimits). In a pod of one
    container it equals the container's, and ephemeral containers then count against it.
    """
    limit = _declared_pod_limit_bytes(pod)
    if limit is None:
        limits = {spec["name"]: limit_bytes(pod, spec["name"]) for spec in targetable(pod)}
        known = {name: limit for name, limit in limits.items() if limit is not None}
        if len(known) < len(limits):
            return None
        limit = _needed_together(pod, known)
    return limit + (_bytes(pod["spec"].get("overhead")) or 0)


def _needed_together(pod: Pod, limits: Mapping[str, int]) -> int:
    """The most that run at once: an init container runs beside the sidecars started before it."""
    sidecars = during_init = 0
    for spec in pod["spec"].get("initContainers") or ():
        limit = limits[spec["name"]]
        if is_init(pod, spec["name"]):
            during_init = max(during_init, sidecars + limit)
        else:
            sidecars += limit
    regular = sum(limits[spec["name"]] for spec in pod["spec"]["containers"])
    return max(during_init, regular + sidecars)
