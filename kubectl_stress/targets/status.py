"""What the API server says of a container over time, and what changed. Pure: no I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from kubectl_stress.targets.pod import Pod, container_status


@dataclass(frozen=True)
class Termination:
    """A terminated state: `reason` and `exit_code` are the kubelet's words, never ours."""

    container_id: str
    reason: str
    exit_code: int
    started_at: str
    finished_at: str
    message: str = ""

    @classmethod
    def from_state(cls, state: Mapping[str, Any] | None) -> "Termination | None":
        """From `state.terminated` or `lastState.terminated`."""
        if not state:
            return None
        return cls(
            state.get("containerID", ""),
            state.get("reason", ""),
            state.get("exitCode", 0),
            state.get("startedAt") or "",
            state.get("finishedAt") or "",
            state.get("message", ""),
        )

    def __str__(self) -> str:
        return f"{self.reason or 'Terminated'} ({self.exit_code})"


@dataclass(frozen=True)
class NeighbourEnd:
    """How another container of the pod last ended."""

    container: str
    termination: Termination


@dataclass(frozen=True)
class ContainerStatus:
    """One container's status, with the pod's phase and reason, and how its neighbours ended."""

    container_id: str
    state: str
    reason: str
    restart_count: int
    ready: bool
    termination: Termination | None
    last_termination: Termination | None
    pod_phase: str
    pod_reason: str
    pod_message: str
    is_deleting: bool = False
    neighbour_ends: tuple[NeighbourEnd, ...] = ()

    @classmethod
    def from_pod(cls, pod: Pod, container: str) -> "ContainerStatus":
        """The status of `container`; a container without a status yet is `waiting`."""
        entry, status = container_status(pod, container), pod.get("status", {})
        state = entry.get("state") or {"waiting": {}}
        kind = next(iter(state))
        return cls(
            container_id=entry.get("containerID", ""),
            state=kind,
            reason=(state[kind] or {}).get("reason", ""),
            restart_count=entry.get("restartCount", 0),
            ready=bool(entry.get("ready")),
            termination=Termination.from_state(state.get("terminated")),
            last_termination=Termination.from_state(
                (entry.get("lastState") or {}).get("terminated")
            ),
            pod_phase=status.get("phase", ""),
            pod_reason=status.get("reason", ""),
            pod_message=status.get("message", ""),
            is_deleting="deletionTimestamp" in pod["metadata"],
            neighbour_ends=tuple(_neighbour_ends(pod, container)),
        )


def _neighbour_ends(pod: Pod, container: str) -> Iterator[NeighbourEnd]:
    for entry in pod.get("status", {}).get("containerStatuses") or ():
        states = (entry.get("state") or {}, entry.get("lastState") or {})
        ends = [Termination.from_state(state.get("terminated")) for state in states]
        if entry["name"] != container:
            yield from (NeighbourEnd(entry["name"], end) for end in ends if end)


class ChangeKind(Enum):
    """The kinds of change that matter to a verdict."""

    TERMINATED = "terminated"
    STARTED = "started"
    NOT_READY = "not-ready"
    READY = "ready"
    WAITING = "waiting"
    EVICTED = "evicted"
    DELETED = "deleted"
    NEIGHBOUR = "neighbour-terminated"
    EVENT = "event"
    STREAM = "stream"


@dataclass(frozen=True)
class Change:
    """Something that happened to the target, `at_ms` after the run's start by the client's clock.

    `source` says who said so: `status` (the container's status), `event` (an API event), `stream`
    (the connection to the agent). `reason` is the API's own word where it has one.
    """

    at_ms: int
    kind: ChangeKind
    text: str
    source: str = "status"
    reason: str = ""
    termination: Termination | None = None


def changes(before: ContainerStatus, after: ContainerStatus, *, at_ms: int) -> list[Change]:
    """What is new in `after`; nothing that `before` already showed is told again."""
    found = [
        *_terminations(before, after),
        *_starts(before, after),
        *_readiness(before, after),
        *_pod_level(before, after),
        *_neighbours(before, after),
    ]
    return [replace(change, at_ms=at_ms) for change in found]


def known_terminations(status: ContainerStatus) -> set[tuple[str, str]]:
    """Identities of the terminations that a status shows: old ones are never counted again."""
    ended = (status.termination, status.last_termination)
    return {(end.container_id, end.finished_at) for end in ended if end}


def _terminations(before: ContainerStatus, after: ContainerStatus) -> list[Change]:
    known = known_terminations(before)
    new = [
        end
        for end in (after.last_termination, after.termination)
        if end and (end.container_id, end.finished_at) not in known
    ]
    return [
        Change(0, ChangeKind.TERMINATED, f"container terminated: {end}", "status", end.reason, end)
        for end in new
    ]


def _starts(before: ContainerStatus, after: ContainerStatus) -> list[Change]:
    if after.state == "running" and after.container_id != before.container_id:
        text = f"container started again (restart {after.restart_count})"
        return [Change(0, ChangeKind.STARTED, text)]
    if after.state == "waiting" and (before.state, before.reason) != (after.state, after.reason):
        return [Change(0, ChangeKind.WAITING, f"container waiting: {after.reason}")]
    return []


def _readiness(before: ContainerStatus, after: ContainerStatus) -> list[Change]:
    if before.ready == after.ready:
        return []
    if after.ready:
        return [Change(0, ChangeKind.READY, "container is ready")]
    return [Change(0, ChangeKind.NOT_READY, "container is not ready")]


def _pod_level(before: ContainerStatus, after: ContainerStatus) -> list[Change]:
    found = []
    if after.pod_reason == "Evicted" and before.pod_reason != "Evicted":
        text = f"pod evicted: {after.pod_message}"
        found.append(Change(0, ChangeKind.EVICTED, text, "status", "Evicted"))
    if after.is_deleting and not before.is_deleting:
        found.append(Change(0, ChangeKind.DELETED, "pod is being deleted"))
    return found


def _neighbours(before: ContainerStatus, after: ContainerStatus) -> list[Change]:
    known = set(before.neighbour_ends)
    return [
        Change(
            0,
            ChangeKind.NEIGHBOUR,
            f'container "{end.container}" of the same pod terminated: {end.termination}',
            "status",
            end.termination.reason,
            end.termination,
        )
        for end in after.neighbour_ends
        if end not in known
    ]


_REPORTED_EVENTS = {
    "Unhealthy", "Killing", "BackOff", "Evicted", "OOMKilling", "FailedKillPod",
    "Preempting", "NodeNotReady", "ExceededGracePeriod", "ProbeWarning",
}  # fmt: skip


def is_reported(event: Mapping[str, Any], container: str) -> bool:
    """Whether an API event belongs on the time axis of a run on this container.

    An event of another container of the pod does not: it names it as `spec.containers{NAME}`.
    """
    path = (event.get("involvedObject") or {}).get("fieldPath") or ""
    is_of_another = "{" in path and not path.endswith(f"{{{container}}}")
    return event.get("reason", "") in _REPORTED_EVENTS and not is_of_another


def event_change(event: Mapping[str, Any], *, at_ms: int) -> Change:
    """An API event as a change; its text is the kubelet's own."""
    reason, message = event.get("reason", ""), " ".join(event.get("message", "").split())
    return Change(at_ms, ChangeKind.EVENT, f"{reason}: {message}", "event", reason)


def event_time(event: Mapping[str, Any]) -> datetime | None:
    """When an event last happened, by the clock of its reporter; None where it does not say."""
    series = event.get("series") or {}
    for text in (
        series.get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event.get("firstTimestamp"),
    ):
        if text:
            return datetime.fromisoformat(text)
    return None
