"""Brings the holder to the pod, as an ephemeral container, and waits until it runs."""

import secrets
from collections.abc import Callable

from kubectl_stress.clock import Clock
from kubectl_stress.errors import Conflict, InjectionError, StressError, TargetError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder import ephemeral_container, live_holder
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.targets.api_events import last_message
from kubectl_stress.targets.holder_start import HOPELESS_REASONS, remedy
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from kubectl_stress.text import clean

_POLL_S = 0.25
_LINE_EVERY_MS = 5_000


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
    _Start(cluster, target, name, clock=clock, tell=tell).wait(holder.start_timeout_ms)
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


class _Start:
    """The start of one ephemeral container, told while it takes its time."""

    def __init__(
        self,
        cluster: Cluster,
        target: Target,
        name: str,
        *,
        clock: Clock,
        tell: Callable[[str], None],
    ) -> None:
        self._cluster, self._target, self._name = cluster, target, name
        self._clock, self._tell = clock, tell
        self._started_ms = clock.now_ms()

    def wait(self, timeout_ms: int) -> None:
        """Return once it runs; raises InjectionError where it does not, or not in time."""
        next_line_ms = _LINE_EVERY_MS
        while True:
            kind, detail = self._state()
            if kind == "running":
                return
            waited_ms = self._clock.now_ms() - self._started_ms
            is_hopeless = kind == "terminated" or detail.get("reason") in HOPELESS_REASONS
            if is_hopeless or waited_ms >= timeout_ms:
                raise InjectionError(_did_not_start(self._name, kind, detail))
            if waited_ms >= next_line_ms:
                next_line_ms = waited_ms + _LINE_EVERY_MS
                self._tell(f"waiting for {self._name} to start: {self._kubelet_says(kind, detail)}")
            self._clock.sleep(_POLL_S)

    def _state(self) -> tuple[str, dict[str, str]]:
        pod = self._cluster.get_pod(self._target.namespace, self._target.pod)
        for status in pod.get("status", {}).get("ephemeralContainerStatuses") or ():
            if status["name"] == self._name:
                state = status.get("state") or {}
                kind = next(iter(state), "waiting")
                return kind, dict(state.get(kind) or {})
        return "waiting", {}

    def _kubelet_says(self, kind: str, detail: dict[str, str]) -> str:
        """Its last event on this container, else the state: that says only "ContainerCreating"."""
        selector = f"involvedObject.uid={self._target.pod_uid}"
        try:
            found = self._cluster.list_events(self._target.namespace, field_selector=selector)
        except StressError:
            found = {"items": []}  # events may be forbidden
        said = last_message(found["items"], ephemeral_container=self._name)
        return said or clean(detail.get("reason") or kind)


def _did_not_start(name: str, kind: str, detail: dict[str, str]) -> str:
    reason, message = clean(detail.get("reason") or kind), clean(detail.get("message", ""))
    return (
        f"ephemeral container {name} did not start ({reason}{message and ': ' + message})"
        f"{remedy(reason, message)}. Its entry stays in the pod, since Kubernetes cannot remove it"
    )
