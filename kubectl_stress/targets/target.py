"""The target as the API server describes it: one container of one pod. Pure: no I/O.

`Target.from_pod` is the only reader of pod specs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kubectl_stress.errors import TargetError
from kubectl_stress.targets import resources
from kubectl_stress.targets.eligibility import (
    refuse_impossible_pods,
    refuse_unless_running,
    start_doubts,
)
from kubectl_stress.targets.owners import Owner, owner_of
from kubectl_stress.targets.pod import (
    Pod,
    container_spec,
    container_status,
    copied_security,
    describe,
    has_own_pid_namespaces,
    liveness_failures,
    memory_volumes,
    probe_texts,
    restart_policy,
    spare_empty_dir,
    stop_signal,
    targetable,
    user,
    user_guess,
)
from kubectl_stress.targets.pod_copy import copied_name
from kubectl_stress.targets.probe_timing import ProbeTiming, probe_timing

DEFAULT_CONTAINER_ANNOTATION = "kubectl.kubernetes.io/default-container"
_CRITICAL_PRIORITY_CLASSES = ("system-cluster-critical", "system-node-critical")


@dataclass(frozen=True)
class Target:
    """The container under stress; None where there is no limit or request.

    Memory is in bytes, CPU time in thousandths of a CPU.
    """

    namespace: str
    pod: str
    pod_uid: str
    node: str
    container: str
    container_id: str
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
    siblings: tuple[resources.Sibling, ...] = ()
    pod_cgroup_limit_bytes: int | None = None
    restart_policy: str = "Always"
    probe_texts: Mapping[str, str] = field(default_factory=dict)
    user_guess: tuple[int, int] = (0, 0)
    is_container_asked: bool = False
    container_choice: str = ""
    stop_signal: str = ""
    liveness_failures: int | None = None
    has_restart_rules: bool = False
    memory_volumes: tuple[str, ...] = ()
    limit_millicores: float | None = None
    pod_limit_millicores: float | None = None
    request_millicores: float | None = None
    start_doubts: tuple[str, ...] = ()
    entrypoint: str = ""
    spare_volume: str = ""
    probe_timing: ProbeTiming = field(default_factory=ProbeTiming)
    copy_of: str = ""  # the name of the pod that this one is a copy of (--copy)

    @classmethod
    def from_pod(cls, pod: Pod, container: str | None = None) -> "Target":
        """The target in `pod`; TargetError for a container that is not there or not alive."""
        refuse_impossible_pods(pod)
        name, choice = choose_container(pod, container)
        refuse_unless_running(pod, name)
        return replace(
            _read(pod, name),
            container_choice=choice,
            is_container_asked=bool(container),
            spare_volume=spare_empty_dir(pod),
            probe_timing=probe_timing(pod, name),
            copy_of=copied_name(pod) or "",
        )

    @property
    def effective_limit_bytes(self) -> int | None:
        """The lower of the container's and the pod's limit."""
        limits = [limit for limit in (self.limit_bytes, self.pod_limit_bytes) if limit is not None]
        return min(limits, default=None)

    @property
    def effective_limit_millicores(self) -> float | None:
        """The lower of the container's and the pod's CPU limit."""
        limits = (self.limit_millicores, self.pod_limit_millicores)
        return min((limit for limit in limits if limit is not None), default=None)

    @property
    def is_cpu_limited_by_pod(self) -> bool:
        """Whether the pod's CPU limit is the lower one, or the only one."""
        own, pod = self.limit_millicores, self.pod_limit_millicores
        return pod is not None and (own is None or pod < own)

    @property
    def is_limited_by_pod(self) -> bool:
        """Whether the pod's limit is the lower one, or the only one."""
        own, pod = self.limit_bytes, self.pod_limit_bytes
        return pod is not None and (own is None or pod < own)

    @property
    def is_critical(self) -> bool:
        """In kube-system, or of a priority class that the node cannot do without."""
        return self.namespace == "kube-system" or self.priority_class in _CRITICAL_PRIORITY_CLASSES

    def is_restarted_after(self, exit_code: int) -> bool:
        """Whether the kubelet starts the container again; with restart rules it may."""
        if self.has_restart_rules or self.restart_policy == "Always":
            return True
        return self.restart_policy == "OnFailure" and exit_code != 0

    def at_pod_level(self) -> "Target":
        """The target as a load meets it that stays in the pod's cgroup, beside the container's."""
        limit = self.pod_cgroup_limit_bytes
        return replace(
            self,
            limit_bytes=None,
            pod_limit_bytes=limit,
            request_bytes=None,
            limit_millicores=None,
            request_millicores=None,
        )

    def __str__(self) -> str:
        return f"{self.namespace}/{self.pod}/{self.container}"


def _read(pod: Pod, name: str) -> Target:
    meta, spec = pod["metadata"], container_spec(pod, name)
    return Target(
        namespace=meta["namespace"],
        pod=meta["name"],
        pod_uid=meta["uid"],
        node=pod["spec"].get("nodeName", ""),
        container=name,
        container_id=container_status(pod, name)["containerID"],
        image=spec.get("image", ""),
        entrypoint=(spec.get("command") or [""])[0],
        qos_class=pod["status"].get("qosClass", "BestEffort"),
        user=user(pod, name),
        user_guess=user_guess(pod, name),
        probes=tuple(kind for kind in ("liveness", "readiness") if f"{kind}Probe" in spec),
        security=copied_security(pod, name),
        has_own_pid_namespace=has_own_pid_namespaces(pod),
        priority_class=pod["spec"].get("priorityClassName", ""),
        owner=owner_of(pod),
        siblings=tuple(resources.siblings(pod, name)),
        pod_cgroup_limit_bytes=resources.pod_cgroup_limit_bytes(pod),
        probe_texts=probe_texts(pod, name),
        memory_volumes=memory_volumes(pod, name),
        start_doubts=start_doubts(pod),
        **_ways_to_end(pod, name),
        **_resources(pod, name),
    )


def _resources(pod: Pod, name: str) -> dict[str, Any]:
    return {
        "limit_bytes": resources.limit_bytes(pod, name),
        "pod_limit_bytes": resources.pod_limit_bytes(pod),
        "request_bytes": resources.request_bytes(pod, name),
        "limit_millicores": resources.limit_millicores(pod, name),
        "pod_limit_millicores": resources.pod_limit_millicores(pod),
        "request_millicores": resources.request_millicores(pod, name),
    }


def _ways_to_end(pod: Pod, name: str) -> dict[str, Any]:
    """What decides how the container ends, and whether it comes back."""
    return {
        "restart_policy": restart_policy(pod, name),
        "has_restart_rules": bool(container_spec(pod, name).get("restartPolicyRules")),
        "stop_signal": stop_signal(pod, name),
        "liveness_failures": liveness_failures(pod, name),
    }


def choose_container(pod: Pod, wanted: str | None) -> tuple[str, str]:
    """The name of the container that is meant, and why it is that one; TargetError."""
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
