"""How long the agent may take to start where a small CPU limit slows its start down. Pure.

An exec is begun by the container runtime in the container's own cgroup, under its CPU quota: runc
takes some 100 ms of CPU time, which at 10m are ten seconds.
"""

from kubectl_stress.quantity import format_millicores
from kubectl_stress.targets.target import Target

# The runtime starts the process first: more than 20 s were seen on a node short of CPU.
_START_MS = 60_000
_SLOW_MILLICORES, _MOST_TIMES = 100, 10


def start_patience_ms(target: Target) -> int:
    """For how long the agent is waited for before its first message."""
    limit = target.effective_limit_millicores
    if limit is None or limit >= _SLOW_MILLICORES:
        return _START_MS
    return int(_START_MS * min(_MOST_TIMES, _SLOW_MILLICORES / limit))


def slow_start(target: Target) -> str | None:
    """Why the start may take long, in one sentence; None where it does not."""
    limit = target.effective_limit_millicores
    if limit is None or limit >= _SLOW_MILLICORES:
        return None
    return (
        f"the CPU limit of {format_millicores(limit)} holds for the start of the agent too, which "
        "may take a while"
    )
