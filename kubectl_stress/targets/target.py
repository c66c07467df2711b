"""The target as the API server describes it: one container of one pod. Pure: no I/O.

`Target.from_pod` is the only reader of pod specs. Limits come from `status.containerStatuses[]
.resources` (what the kubelet has applied, since in-place resize) and from the spec otherwise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kubectl_stress.errors import TargetError
from kubectl_stress.quantity import parse_quantity
from kubectl_stress.targets.eligibility import refuse_impossible_pods, refuse_unless_running
from kubectl_stress.targets.pod import (
    Pod,
    container_spec,
    container_status,
    copied_security,
    describe,
    probe_texts,
    restart_policy,
    targetable,
    user,
    user_guess,
)
from kubectl_stress.text import clean

DEFAULT_CONTAINER_ANNOTATION = "kubectl.kubernetes.io/default-container"
_CRITICAL_PRIORITY_CLASSES = ("system-cluster-critical", "system-node-critical")


@dataclass(frozen=True)
class Owner:
    """The controller of the pod, as far as it could be read; `replicas` None: unknown."""

    kind: str
    name: str
    replicas: int | None = None

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name}"


@dataclass(frozen=True)
class Sibling:
    """Another container that runs in the target's pod; sizes in bytes."""

    name: str
    limit_bytes: int | None
    request_bytes: int | None


@dataclass(frozen=True)
class Target:
    """The container under stress; sizes in bytes, None where there is no limit or request."""

    namespace: str
    pod: str
    pod_uid: str
    node: str
    container: str
    container_id: str
    container_choice: str
    image: str
    qos_class: str
    limit_bytes: int | None
    pod_limit_bytes: int | None
    request_bytes: int | None
    user: tuple[int, int] | None
    probes: tuple[str, ...] = ()
    security: Mapping[str, Any] = field(default_factory=dict)
    has_own_pid_namespace: bool = True
    priority_class: str = ""
    owner: Owner | None = None
    siblings: tuple[Sibling, ...] = ()
    pod_cgroup_limit_bytes: int | None = None
    restart_policy: str = "Always"
    probe_texts: Mapping[str, str] = field(default_factory=dict)
    user_guess: tuple[int, int] = (0, 0)

    @classmethod
    def from_pod(cls, pod: Pod, container: str | None = None) -> "Target":
        """The target in `pod`; TargetError for a container that is not there or not alive."""
        refuse_impossible_pods(pod)
        name, choice = _choose_container(pod, container)
        spec, status = container_spec(pod, name), container_status(pod, name)
        refuse_unless_running(pod, name)
        meta, pod_spec = pod["metadata"], pod["spec"]
        return cls(
            namespace=meta["namespace"],
            pod=meta["name"],
            pod_uid=meta["uid"],
            node=pod_spec.get("nodeName", ""),
            container=name,
            container_id=status["containerID"],
            container_choice=choice,
            image=clean(spec.get("image", "")),
            qos_class=pod["status"].get("qosClass", "BestEffort"),
            limit_bytes=_memory(status, spec, "limits"),
            pod_limit_bytes=_pod_limit_bytes(pod),
            request_bytes=_memory(status, spec, "requests"),
            user=user(pod, name),
            user_guess=user_guess(pod, name),
            probes=tuple(kind for kind in ("liveness", "readiness") if f"{kind}Probe" in spec),
            security=copied_security(pod, name),
            has_own_pid_namespace=not (
                pod_spec.get("shareProcessNamespace") or pod_spec.get("hostPID")
            ),
            priority_class=pod_spec.get("priorityClassName", ""),
            owner=_owner(meta),
            siblings=tuple(_siblings(pod, name)),
            pod_cgroup_limit_bytes=_pod_cgroup_limit_bytes(pod),
            restart_policy=restart_policy(pod, name),
            probe_texts=probe_texts(pod, name),
        )

    @property
    def effective_limit_bytes(self) -> int | None:
        """The lower of the container's and the pod's limit."""
        limits = [limit for limit in (self.limit_bytes, self.pod_limit_bytes) if limit is not None]
        return min(limits, default=None)

    @property
    def is_critical(self) -> bool:
        """In kube-system, or of a priority class that the node cannot do without."""
        return self.namespace == "kube-system" or self.priority_class in _CRITICAL_PRIORITY_CLASSES

    def at_pod_level(self) -> "Target":
        """The target as a load meets it that stays in the pod's cgroup, beside the container's."""
        limit = self.pod_cgroup_limit_bytes
        return replace(self, limit_bytes=None, pod_limit_bytes=limit, request_bytes=None)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.pod}/{self.container}"


def _choose_container(pod: Pod, wanted: str | None) -> tuple[str, str]:
    names = [container["name"] for container in targetable(pod)]
    regular = [container["name"] for container in pod["spec"]["containers"]]
    default = pod["metadata"].get("annotations", {}).get(DEFAULT_CONTAINER_ANNOTATION)
    if wanted is not None:
        if wanted not in names:
            known = ", ".join(names)
            raise TargetError(f'no container "{wanted}" in {describe(pod)}: it has {known}')
        return wanted, "as asked"
    if default in regular:
        return default, f"by the annotation {DEFAULT_CONTAINER_ANNOTATION}"
    if len(regular) == 1:
        return regular[0], "the only one"
    return regular[0], f"the first of {', '.join(regular)}; choose with -c"


def _bytes(text: str | None) -> int | None:
    return None if text is None else int(parse_quantity(text))


def _memory(status: Mapping[str, Any], spec: Mapping[str, Any], kind: str) -> int | None:
    for source in (status, spec):
        resources = source.get("resources")
        if resources:
            return _bytes(resources.get(kind, {}).get("memory"))
    return None


def _pod_limit_bytes(pod: Pod) -> int | None:
    resources = pod["spec"].get("resources") or {}
    return _bytes(resources.get("limits", {}).get("memory"))


def _running_together(pod: Pod) -> Iterator[Mapping[str, Any]]:
    """Regular containers and sidecars."""
    yield from pod["spec"]["containers"]
    for container in pod["spec"].get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            yield container


def _siblings(pod: Pod, name: str) -> Iterator[Sibling]:
    for spec in _running_together(pod):
        if spec["name"] != name:
            status = container_status(pod, spec["name"])
            limit, request = _memory(status, spec, "limits"), _memory(status, spec, "requests")
            yield Sibling(spec["name"], limit, request)


def _pod_cgroup_limit_bytes(pod: Pod) -> int | None:
    """What the kubelet sets for the pod's cgroup (pkg/kubelet/cm/helpers_linux.go).

    The pod's own limit, else the sum where every container has one: equal to the container's limit
    in a pod of one container, whose ephemeral containers then count against it.
    """
    declared = _pod_limit_bytes(pod)
    if declared is not None:
        return declared
    limits = {
        spec["name"]: _memory(container_status(pod, spec["name"]), spec, "limits")
        for spec in targetable(pod)
    }
    if any(limit is None for limit in limits.values()):
        return None
    together = sum(limits[spec["name"]] or 0 for spec in _running_together(pod))
    overhead = _bytes((pod["spec"].get("overhead") or {}).get("memory")) or 0
    return max(together, *(limit or 0 for limit in limits.values())) + overhead


def _owner(meta: Mapping[str, Any]) -> Owner | None:
    for reference in meta.get("ownerReferences") or ():
        if reference.get("controller"):
            return Owner(reference["kind"], reference["name"])
    return None
