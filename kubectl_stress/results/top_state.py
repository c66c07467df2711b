"""What `top` answers: the latest of each target, in its JSON form. Pure: no clock."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from kubectl_stress.results.report import sample_dict, target_dict, victim_dict
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.targets.status import ContainerStatus

SCHEMA = "kubectl-stress/top/v1"


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
    last = status.last_end
    return {
        "container_id": status.container_id,
        "state": status.state,
        "reason": status.reason,
        "ready": status.ready,
        "restart_count": status.restart_count,
        "last_state": asdict(last) if last else None,
    }
