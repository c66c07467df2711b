"""Brings the agent to the pod: the holder as an ephemeral container, then exec.

The holder only holds the binary. A reading is exec'd in the holder itself, so that it costs the
target nothing; the load is exec'd in the target, as /proc/HOLDER_PID/root/agent, so that the
runtime places it in the target's own cgroup.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from kubectl_stress.agent import (
    PROTOCOL,
    AgentError,
    Decoder,
    Hello,
    Message,
    Processes,
    probe_arguments,
)
from kubectl_stress.channels import Channel
from kubectl_stress.cluster import Cluster
from kubectl_stress.errors import Conflict, InjectionError, StressError, TargetError
from kubectl_stress.exec_stream import ExecStream
from kubectl_stress.holder import AGENT_PATH, ephemeral_container, live_holder
from kubectl_stress.plan import Plan
from kubectl_stress.pod import Pod
from kubectl_stress.samples import Process, Sample
from kubectl_stress.spec import HolderSpec
from kubectl_stress.status import ContainerStatus
from kubectl_stress.target import Target

_HOPELESS = {
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImagePullBackOff",
    "CreateContainerConfigError",
}
_POLL_S = 0.25
_READING_TIMEOUT_MS = 30_000


@dataclass(frozen=True)
class Reading:
    """One reading of the agent: who it is, the target's memory and its processes."""

    hello: Hello
    sample: Sample
    processes: tuple[Process, ...]


@dataclass(frozen=True)
class Clock:
    """Time as the pipeline sees it: `now_ms` is monotonic, `sleep` takes seconds."""

    now_ms: Callable[[], int]
    sleep: Callable[[float], None]


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
        if kind == "terminated" or detail.get("reason") in _HOPELESS or is_late:
            raise InjectionError(_did_not_start(name, kind, detail))
        clock.sleep(_POLL_S)


def _holder_state(pod: Pod, name: str) -> dict[str, dict[str, str]]:
    for status in pod.get("status", {}).get("ephemeralContainerStatuses") or ():
        if status["name"] == name:
            return dict(status.get("state") or {})
    return {}


def _did_not_start(name: str, kind: str, detail: dict[str, str]) -> str:
    reason = detail.get("reason") or kind
    message = " ".join(detail.get("message", "").split())
    hint = ""
    if "Image" in reason:
        hint = ": give an image that the node can pull with --image, or set --image-pull-policy"
    return (
        f"ephemeral container {name} did not start ({reason}{message and ': ' + message}){hint}. "
        "Its entry stays in the pod, since Kubernetes cannot remove it"
    )


def take_reading(cluster: Cluster, target: Target, holder: str, *, clock: Clock) -> Reading:
    """One reading by a probe in the holder; raises InjectionError where none comes."""
    command = [AGENT_PATH, *probe_arguments()]
    with cluster.exec(target.namespace, target.pod, holder, command, stdin=True) as stream:
        messages, errors = _read_all(stream, clock)
    return _as_reading(messages, errors or _words(stream))


def _read_all(stream: ExecStream, clock: Clock) -> tuple[list[Message], str]:
    decoder, messages, errors = Decoder(), list[Message](), b""
    deadline_ms = clock.now_ms() + _READING_TIMEOUT_MS
    while not stream.ended and clock.now_ms() < deadline_ms:
        for channel, data in stream.receive(0.5):
            if channel is Channel.STDOUT:
                messages += decoder.feed(data)
            elif channel is Channel.STDERR:
                errors += data
    return messages, errors.decode("utf-8", "replace").strip()


def _words(stream: ExecStream) -> str:
    if stream.status is not None and stream.status.message:
        return stream.status.message
    return stream.lost or "no reading came"


def _as_reading(messages: list[Message], errors: str) -> Reading:
    hello = next((message for message in messages if isinstance(message, Hello)), None)
    sample = next((message for message in messages if isinstance(message, Sample)), None)
    found = next((message for message in messages if isinstance(message, Processes)), None)
    if hello is not None:
        refuse_other_protocol(hello)
    if hello is None or sample is None:
        told = [message.message for message in messages if isinstance(message, AgentError)]
        raise InjectionError(f"the agent gave no reading: {'; '.join(told) or errors}")
    return Reading(hello, sample, found.beside(hello) if found else ())


def refuse_other_protocol(hello: Hello) -> None:
    """Raise InjectionError where the image is of another generation than the plugin."""
    if hello.protocol != PROTOCOL:
        raise InjectionError(
            f"the image's agent {hello.version} speaks protocol {hello.protocol}, this plugin "
            f"{PROTOCOL}: use the image that belongs to the plugin's version"
        )


def start_load(cluster: Cluster, plan: Plan, holder_pid: int) -> ExecStream:
    """Exec the agent in the target; the caller reads the stream, beats, and closes it.

    The pod is looked at again first: the exec goes by the container's name, and a restarted one
    has another process at `holder_pid`. Raises TargetError, or a ClusterError.
    """
    target = plan.target
    refuse_changed_target(cluster.get_pod(target.namespace, target.pod), target)
    command = [f"/proc/{holder_pid}/root{AGENT_PATH}", *plan.load().arguments(holder_pid)]
    return cluster.exec(target.namespace, target.pod, target.container, command, stdin=True)


def try_reading(cluster: Cluster, target: Target, holder: str, *, clock: Clock) -> Reading | None:
    """A reading, or None where the holder is gone or cannot be reached."""
    try:
        return take_reading(cluster, target, holder, clock=clock)
    except StressError:
        return None
