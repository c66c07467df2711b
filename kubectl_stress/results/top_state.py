"""What `top` knows of one target: its latest reading and status, and its JSON form. Pure: no clock.

Unlike a run it keeps no series: `top` may go on for a day.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from kubectl_stress.agent.protocol import Hello, Message, Processes
from kubectl_stress.agent.samples import Process, Sample, load_rss_bytes
from kubectl_stress.errors import StressError
from kubectl_stress.plan.prediction import victim_now
from kubectl_stress.results.report import sample_dict, target_dict, victim_dict
from kubectl_stress.targets.changes import Change
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target

SCHEMA = "kubectl-stress/top/v1"


class TargetState:
    """The latest of everything; `error` says why there are no more readings."""

    def __init__(self, target: Target, status: ContainerStatus) -> None:
        self.target = target
        self.status = status
        self.holder = ""
        self.hello: Hello | None = None
        self.sample: Sample | None = None
        self.peak_usage_bytes: int | None = None
        self.processes: tuple[Process, ...] = ()
        self.changes: list[Change] = []
        self.is_over = False
        self.error: StressError | None = None

    def hear(self, message: Message) -> None:
        """Keep what the agent says."""
        if isinstance(message, Hello):
            self.hello = message
        elif isinstance(message, Processes) and self.hello is not None:
            self.processes = message.beside(self.hello)
        elif isinstance(message, Sample):
            self.sample = message
            usages = (self.peak_usage_bytes, message.memory.usage_bytes)
            self.peak_usage_bytes = max((u for u in usages if u is not None), default=None)

    def end(self, error: StressError | None) -> None:
        """No more readings come; what an ended container held is no news of what it holds."""
        self.is_over, self.error = True, error
        if error is not None:
            self.sample, self.processes = None, ()

    @property
    def stress_bytes(self) -> int | None:
        """What a load of ours, started from anywhere, holds in the target."""
        return load_rss_bytes(self.processes) if self.processes else None

    @property
    def first_victim(self) -> Process | None:
        """Who would die first if the memory ran out as it is now."""
        if self.hello is None or self.sample is None:
            return None
        return victim_now(self.target, self.hello, self.sample.memory, self.processes)


def top_dict(states: Sequence[TargetState]) -> dict[str, Any]:
    """The answer for `-o json` and `-o yaml`; sizes in bytes, None where nothing was read."""
    return {"schema": SCHEMA, "targets": [target_state_dict(state) for state in states]}


def target_state_dict(state: TargetState) -> dict[str, Any]:
    """One target."""
    sample = state.sample
    return {
        "target": _target(state),
        "memory": sample_dict(sample) if sample else None,
        "peak_usage_bytes": state.peak_usage_bytes,
        "stress_bytes": state.stress_bytes,
        "node": _node(state),
        "status": _status(state.status),
        "processes": [asdict(process) for process in state.processes],
        "first_victim": victim_dict(state.first_victim),
        "error": str(state.error) if state.error else None,
    }


def _target(state: TargetState) -> dict[str, Any]:
    target = state.target
    known = target_dict(target, state.hello, state.holder or None)
    return {**known, "pod_cgroup_limit_bytes": target.pod_cgroup_limit_bytes}


def _node(state: TargetState) -> dict[str, Any]:
    hello = state.hello
    return {
        "total_bytes": hello.node_total_bytes if hello else None,
        "available_bytes": available_bytes(state),
        "swap_total_bytes": hello.node_swap_total_bytes if hello else None,
    }


def available_bytes(state: TargetState) -> int | None:
    """MemAvailable of the node's /proc/meminfo, as of the latest reading."""
    if state.sample is not None and state.sample.node_available_bytes is not None:
        return state.sample.node_available_bytes
    return state.hello.node_available_bytes if state.hello else None


def _status(status: ContainerStatus) -> dict[str, Any]:
    last = status.last_termination
    return {
        "container_id": status.container_id,
        "state": status.state,
        "reason": status.reason,
        "ready": status.ready,
        "restart_count": status.restart_count,
        "last_state": asdict(last) if last else None,
    }
