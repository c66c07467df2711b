"""Brings the holder to the pod, as an ephemeral container, and waits until it runs."""

import secrets
from collections.abc import Callable

from kubectl_stress.clock import Clock
from kubectl_stress.errors import Conflict, InjectionError, TargetError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder import ephemeral_container, live_holder
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.targets.holder_start import HOPELESS_REASONS, remedy
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from kubectl_stress.text import clean

_POLL_S = 0.25


def bring_holder(
    cluster: Cluster,
    target: Target,
    holder: HolderSpec,
    *,
    clock: Clock,
    tell: Callable[[str], None],
) -> str:
    """The name of a running holder: a live one is reused, otherwise one is added and awaited.

    Raises InjectionError with the kubelet's own words where it does not start.
    """
    pod = cluster.get_pod(target.namespace, target.pod)
    refuse_changed_target(pod, target)
    name = live_holder(pod, target, holder)
    if name is not None:
        tell(f"reusing ephemeral container {name}")
        return name
    name = _add(cluster, target, holder)
    # From here on the entry stays in the pod: the API has no way to remove an ephemeral container.
    tell(f"added ephemeral container {name} (image {holder.image})")
    _await_running(cluster, target, name, timeout_ms=holder.start_timeout_ms, clock=clock)
    return name


def refuse_changed_target(pod: Pod, target: Target) -> None:
    """Raise TargetError where the container is not the one that the plan was made for."""
    status = ContainerStatus.from_pod(pod, target.container)
    is_same = pod["metadata"]["uid"] == target.pod_uid
    if not is_same or status.container_id != target.container_id or status.state != "running":
        raise TargetError(
            f'container "{target.container}" of pod "{target.pod}" restarted in the meantime: '
            "run the command again"
        )


def _add(cluster: Cluster, target: Target, holder: HolderSpec) -> str:
    for attempts_left in (2, 1, 0):
        container = ephemeral_container(target, holder, secrets.token_hex(3))
        try:
            cluster.add_ephemeral_container(target.namespace, target.pod, container)
        except Conflict:
            if not attempts_left:
                raise
        else:
            return str(container["name"])
    raise AssertionError("unreachable")


def _await_running(
    cluster: Cluster, target: Target, name: str, *, timeout_ms: int, clock: Clock
) -> None:
    deadline_ms = clock.now_ms() + timeout_ms
    while True:
        state = _holder_state(cluster.get_pod(target.namespace, target.pod), name)
        kind = next(iter(state), "waiting")
        detail = state.get(kind) or {}
        if kind == "running":
            return
        is_late = clock.now_ms() >= deadline_ms
        if kind == "terminated" or detail.get("reason") in HOPELESS_REASONS or is_late:
            raise InjectionError(_did_not_start(name, kind, detail))
        clock.sleep(_POLL_S)


def _holder_state(pod: Pod, name: str) -> dict[str, dict[str, str]]:
    for status in pod.get("status", {}).get("ephemeralContainerStatuses") or ():
        if status["name"] == name:
            return dict(status.get("state") or {})
    return {}


def _did_not_start(name: str, kind: str, detail: dict[str, str]) -> str:
    reason, message = clean(detail.get("reason") or kind), clean(detail.get("message", ""))
    return (
        f"ephemeral container {name} did not start ({reason}{message and ': ' + message})"
        f"{remedy(reason, message)}. Its entry stays in the pod, since Kubernetes cannot remove it"
    )
