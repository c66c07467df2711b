"""What will happen at the limit and who dies first, foretold before the load begins. Pure: no I/O.

The kernel ends the process with the highest badness of the cgroup that ran out (mm/oom_kill.c,
oom_badness): rss + swap + page tables + oom_score_adj × ⌊pages of the limit and its swap / 1000⌋.
At the limit that is not who ranks highest now: the load will have grown by then.
"""

from dataclasses import replace

from kubectl_stress.agent import Hello
from kubectl_stress.plan import Plan
from kubectl_stress.quantity import format_bytes
from kubectl_stress.samples import Memory, Process, Sample, first_victim

_PAGE_BYTES = 4096
WORKER_COMMAND = "agent-worker"


def prediction(plan: Plan, hello: Hello, reading: Sample, processes: tuple[Process, ...]) -> str:
    """The end in one sentence."""
    assert plan.size_bytes is not None
    limit, usage = reading.memory.limit_bytes, reading.memory.usage_bytes
    if limit is None or usage is None:
        return "no limit: the load presses on the node"
    level = usage + plan.size_bytes
    percent = f"{100 * level / limit:.0f}% of the limit {format_bytes(limit)}"
    if level < limit:
        return f"usage will reach about {format_bytes(level)}, {percent}"
    victim = victim_at_limit(plan, hello, reading, processes)
    first = (
        f"{victim.command}, badness {format_bytes(victim.badness_bytes)}" if victim else "unknown"
    )
    if hello.oom_group:
        return (
            f"{percent} is asked for: the kernel will choose one process ({first}) and kill the "
            "whole container with it (memory.oom.group)"
        )
    return f"{percent} is asked for: the kernel will kill one process ({first})"


def victim_at_limit(
    plan: Plan, hello: Hello, reading: Sample, processes: tuple[Process, ...]
) -> Process | None:
    """The first victim if the limit is reached: one of `processes` or a worker of the load.

    The worker has pid 0, since it does not exist yet.
    """
    worker = _grown_worker(plan, hello, reading.memory)
    return first_victim((*processes, worker)) if worker else first_victim(processes)


def _grown_worker(plan: Plan, hello: Hello, memory: Memory) -> Process | None:
    """A worker of the load as it is when the limit is reached."""
    adjustment = plan.spec.oom_score_adj
    if adjustment is None:
        adjustment = hello.target_oom_score_adj
    if adjustment is None or memory.limit_bytes is None or plan.size_bytes is None:
        return None
    grown = min(plan.size_bytes, memory.headroom_bytes or 0) // plan.spec.workers
    worker = Process(0, WORKER_COMMAND, "load", grown, adjustment, None)
    if adjustment == -1000:
        return worker
    swap = min(memory.swap_limit_bytes or 0, hello.node_swap_total_bytes or 0)
    points = (memory.limit_bytes + swap) // _PAGE_BYTES // 1000
    return replace(worker, badness_bytes=grown + adjustment * points * _PAGE_BYTES)
