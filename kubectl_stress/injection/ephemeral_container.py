"""Brings the holder to the pod, as an ephemeral container, and waits until it runs."""

import math
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from kubectl_stress.clock import Clock
from kubectl_stress.errors import (
    Conflict,
    InjectionError,
    NotFound,
    StressError,
    TargetError,
)
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder import (
    ephemeral_container,
    image_of,
    interpreter_of,
    live_holder,
    starting_holder,
)
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.target_image_refusal import earlier_refusal, refusal
from kubectl_stress.quantity import format_duration
from kubectl_stress.targets.api_events import last_message
from kubectl_stress.targets.holder_start import HOPELESS_REASONS, lacks_program, remedy
from kubectl_stress.targets.pod import Pod, ephemeral_states
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from kubectl_stress.text import clean

_LINE_EVERY_S = 5
_RETRY_S = 0.25
_NOT_BEGUN = "the kubelet has not begun yet"
_WAIT_LONGER = ": the node may be busy; wait longer with --timeout"


class Brought(NamedTuple):
    """A running holder; `is_new`: this run added it, and nobody else has used it yet."""

    name: str
    is_new: bool


def bring_holder(
    cluster: Cluster,
    target: Target,
    holder: HolderSpec,
    *,
    clock: Clock,
    tell: Callable[[str], None],
) -> Brought:
    """A running holder: a live one is reused, otherwise one is added and awaited.

    Raises InjectionError with the kubelet's own words where it does not start.
    """
    pod: Pod = cluster.get_pod(target.namespace, target.pod)
    refuse_changed_target(pod, target)
    name = reused_holder(pod, target, holder, tell=tell)
    if name is not None:
        return Brought(name, is_new=False)
    name = starting_holder(pod, target, holder)
    is_new = name is None
    if name is not None:
        tell(f"sharing ephemeral container {name}, which another run has just added")
    else:
        refuse_failed_before(pod, target, holder)
        name, pod = _add(cluster, target, holder)
        # From here on the entry stays in the pod: the API cannot remove an ephemeral container.
        tell(f"added ephemeral container {name} (image {image_of(target, holder)})")
    _Start(cluster, target, holder, name, clock=clock, tell=tell).wait(pod)
    return Brought(name, is_new)


def reused_holder(
    pod: Pod, target: Target, holder: HolderSpec, *, tell: Callable[[str], None]
) -> str | None:
    """The name of a live holder that fits, told; None where there is none."""
    name = live_holder(pod, target, holder)
    if name is not None:
        tell(f"reusing ephemeral container {name}")
    return name


def refuse_failed_before(pod: Pod, target: Target, holder: HolderSpec) -> None:
    """Raise InjectionError where the target's image has shown already that it is of no use."""
    known = earlier_refusal(pod, target, holder) if holder.uses_target_image else None
    if known is not None:
        raise known


def refuse_changed_target(pod: Pod, target: Target) -> None:
    """Raise TargetError where the container is not the one that the plan was made for."""
    status = ContainerStatus.from_pod(pod, target.container)
    is_same = pod["metadata"]["uid"] == target.pod_uid
    if not is_same or status.container_id != target.container_id or status.state != "running":
        raise TargetError(
            f'container "{target.container}" of pod "{target.pod}" restarted in the meantime: '
            "run the command again"
        )


def _add(cluster: Cluster, target: Target, holder: HolderSpec) -> tuple[str, Pod]:
    """The name of a new holder, and the pod with it."""
    for attempts_left in (2, 1, 0):
        container = ephemeral_container(target, holder, secrets.token_hex(3))
        try:
            pod = cluster.add_ephemeral_container(target.namespace, target.pod, container)
        except Conflict:
            if not attempts_left:
                raise
        else:
            return str(container["name"]), pod
    raise AssertionError("unreachable")


class _Start:
    """The start of one ephemeral container, told while it takes its time."""

    def __init__(
        self,
        cluster: Cluster,
        target: Target,
        holder: HolderSpec,
        name: str,
        *,
        clock: Clock,
        tell: Callable[[str], None],
    ) -> None:
        self._cluster, self._target, self._holder, self._name = cluster, target, holder, name
        self._clock, self._tell = clock, tell
        self._began_ms = clock.now_ms()
        self._taken_up_ms: int | None = None  # when the kubelet has a state for it

    @property
    def _deadline_ms(self) -> int:
        """As long as was asked for, for the kubelet to take it up, and for its start from then."""
        since_ms = self._began_ms if self._taken_up_ms is None else self._taken_up_ms
        return since_ms + self._holder.start_timeout_ms

    def wait(self, pod: Pod) -> None:
        """Return once it runs, from this state of the pod on.

        Raises InjectionError where it does not, or not in time.
        """
        next_line_ms = self._clock.now_ms() + 1_000 * _LINE_EVERY_S
        while True:
            kind, detail = self._watched(pod)
            if kind == "running":
                return
            now_ms = self._clock.now_ms()
            if kind == "terminated" or _is_hopeless(detail) or now_ms >= self._deadline_ms:
                raise self._did_not_start(kind, detail)
            if now_ms >= next_line_ms:
                next_line_ms = now_ms + 1_000 * _LINE_EVERY_S
                self._tell(f"waiting for {self._name} to start: {self._kubelet_says(detail)}")
            pod = self._newest()

    def _newest(self) -> Pod:
        try:
            return self._cluster.get_pod(self._target.namespace, self._target.pod)
        except NotFound as error:
            raise InjectionError(
                f'pod "{self._target.pod}" was deleted while ephemeral container {self._name} '
                "was starting"
            ) from error

    def _watched(self, pod: Pod) -> tuple[str, dict[str, str]]:
        """Its state once that decides, or after some seconds: a watch ends by itself."""
        kind, detail = self._seen_in(pod)
        left_s = math.ceil((self._deadline_ms - self._clock.now_ms()) / 1_000)
        if kind != "waiting" or _is_hopeless(detail) or left_s <= 0:
            return kind, detail
        try:
            for newer in self._pods(pod, min(left_s, _LINE_EVERY_S)):
                kind, detail = self._seen_in(newer)
                if kind != "waiting" or _is_hopeless(detail):
                    break
        except StressError:
            self._clock.sleep(_RETRY_S)  # it broke off; an API server that is gone is told above
        return kind, detail

    def _pods(self, pod: Pod, seconds: int) -> Iterator[Pod]:
        """The newer states of this pod."""
        with self._cluster.watch(
            "pods",
            self._target.namespace,
            field_selector=f"metadata.name={self._target.pod}",
            resource_version=pod["metadata"].get("resourceVersion", ""),
            timeout_seconds=seconds,
        ) as watch:
            yield from (seen for change, seen in watch if change in ("ADDED", "MODIFIED"))

    def _did_not_start(self, kind: str, detail: dict[str, str]) -> InjectionError:
        uses_target_image = self._holder.uses_target_image
        if uses_target_image:
            error = refusal(self._target, interpreter_of(self._holder), detail)
            if error is not None:
                return error
        reason, message = clean(detail.get("reason") or kind), clean(detail.get("message", ""))
        if self._taken_up_ms is None:
            reason = _NOT_BEGUN
        is_late = kind == "waiting" and not _is_hopeless(detail)
        within = f"within {format_duration(self._holder.start_timeout_ms)} " if is_late else ""
        known = remedy(reason, message, uses_target_image=uses_target_image)
        if is_late and self._taken_up_ms is not None:
            reason = self._kubelet_says(detail)
        return InjectionError(
            f"ephemeral container {self._name} did not start {within}"
            f"({reason}{message and ': ' + message})"
            f"{known or (_WAIT_LONGER if is_late else '')}. "
            "Its entry stays in the pod, since Kubernetes cannot remove it"
        )

    def _seen_in(self, pod: Pod) -> tuple[str, dict[str, str]]:
        state = ephemeral_states(pod).get(self._name, {})
        if state and self._taken_up_ms is None:
            self._taken_up_ms = self._clock.now_ms()
        kind = next(iter(state), "waiting")
        return kind, dict(state.get(kind) or {})

    def _kubelet_says(self, detail: dict[str, str]) -> str:
        """Its last event on this container, else the state: that says only "ContainerCreating"."""
        selector = f"involvedObject.uid={self._target.pod_uid}"
        try:
            found = self._cluster.list_events(self._target.namespace, field_selector=selector)
        except StressError:
            found = {"items": []}  # events may be forbidden
        said = last_message(found["items"], ephemeral_container=self._name)
        return said or clean(detail.get("reason", "")) or _NOT_BEGUN


def _is_hopeless(detail: Mapping[str, str]) -> bool:
    return detail.get("reason") in HOPELESS_REASONS or lacks_program(detail)
