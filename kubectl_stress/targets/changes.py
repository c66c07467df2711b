"""What changed between two states of a container. Pure: no I/O."""

from dataclasses import dataclass, replace
from enum import Enum

from kubectl_stress.targets.status import ContainerStatus, Termination


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
    RESIZED = "resized"
    PRESSURE = "memory-pressure"
    ALL_RESTARTING = "all-containers-restarting"
    EVENT = "event"


@dataclass(frozen=True)
class Change:
    """Something that happened to the target, `at_ms` after the run's start by the client's clock.

    `source` says who said so: `status` (the container's status), `event` (an API event), `cgroup`
    (what the agent reads there). `reason` is the API's own word where it has one; `container` the
    name where it is of another container of the pod.
    """

    at_ms: int
    kind: ChangeKind
    text: str
    source: str = "status"
    reason: str = ""
    termination: Termination | None = None
    container: str = ""

    @property
    def is_oom_kill(self) -> bool:
        """Whether a container ended, as its status says by an OOM kill."""
        return self.termination is not None and self.termination.is_oom_kill

    @property
    def is_failed_probe(self) -> bool:
        """Whether it is the event of a probe that failed."""
        return self.kind is ChangeKind.EVENT and self.reason == "Unhealthy"


def changes(before: ContainerStatus, after: ContainerStatus, *, at_ms: int) -> list[Change]:
    """What is new in `after`; nothing that `before` already showed."""
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
    if after.is_all_restarting and not before.is_all_restarting:
        text = "all containers of the pod are being restarted (RestartAllContainers)"
        found.append(
            Change(0, ChangeKind.ALL_RESTARTING, text, "status", "AllContainersRestarting")
        )
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
            end.container,
        )
        for end in after.neighbour_ends
        if end not in known
    ]
