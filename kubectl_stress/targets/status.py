"""What the API server says of a container at one moment. Pure: no I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_stress.targets.pod import Pod, container_status, is_being_deleted
from kubectl_stress.text import clean


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
            clean(state.get("reason", "")),
            state.get("exitCode", 0),
            state.get("startedAt") or "",
            state.get("finishedAt") or "",
            clean(state.get("message", "")),
        )

    @property
    def is_oom_kill(self) -> bool:
        """Whether kubelet and runtime call it one; containerd says so of any end after one."""
        return self.reason == "OOMKilled"

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
    is_all_restarting: bool = False

    @classmethod
    def from_pod(cls, pod: Pod, container: str) -> "ContainerStatus":
        """The status of `container`; a container without a status yet is `waiting`."""
        entry, status = container_status(pod, container), pod.get("status", {})
        state = entry.get("state") or {"waiting": {}}
        kind = next(iter(state))
        return cls(
            container_id=entry.get("containerID", ""),
            state=kind,
            reason=clean((state[kind] or {}).get("reason", "")),
            restart_count=entry.get("restartCount", 0),
            ready=bool(entry.get("ready")),
            termination=Termination.from_state(state.get("terminated")),
            last_termination=Termination.from_state(
                (entry.get("lastState") or {}).get("terminated")
            ),
            pod_phase=status.get("phase", ""),
            pod_reason=clean(status.get("reason", "")),
            pod_message=clean(status.get("message", "")),
            is_deleting=is_being_deleted(pod),
            neighbour_ends=tuple(_neighbour_ends(pod, container)),
            is_all_restarting=_is_true(pod, "AllContainersRestarting"),
        )

    @classmethod
    def unseen(cls, container_id: str) -> "ContainerStatus":
        """Of a container that ran when it was chosen and has not been looked at since."""
        return cls(
            container_id,
            state="running",
            reason="",
            restart_count=0,
            ready=False,
            termination=None,
            last_termination=None,
            pod_phase="",
            pod_reason="",
            pod_message="",
        )

    @property
    def last_end(self) -> Termination | None:
        """How the container ended last: for good, or before it was started again."""
        return self.termination or self.last_termination


def _is_true(pod: Pod, condition: str) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(c["type"] == condition and c.get("status") == "True" for c in conditions)


def _neighbour_ends(pod: Pod, container: str) -> Iterator[NeighbourEnd]:
    for entry in pod.get("status", {}).get("containerStatuses") or ():
        states = (entry.get("state") or {}, entry.get("lastState") or {})
        ends = [Termination.from_state(state.get("terminated")) for state in states]
        if entry["name"] != container:
            yield from (NeighbourEnd(entry["name"], end) for end in ends if end)
