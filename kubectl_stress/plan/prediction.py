"""What will happen at the limit and who dies first, predicted before the load begins. Pure: no I/O.

The kernel ends the process with the highest badness of the cgroup that ran out (mm/oom_kill.c,
oom_badness): rss + swap + page tables + oom_score_adj × ⌊pages of the limit and its swap / 1000⌋.
At the limit that is not who ranks highest now: the load will have grown by then.
"""

from collections.abc import Sequence
from dataclasses import replace

from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Memory, Process, Sample, first_victim
from kubectl_stress.plan.cpu import at_quota
from kubectl_stress.plan.memory import is_page_cache
from kubectl_stress.plan.memory_level import at_level
from kubectl_stress.plan.oom_domain import (
    OomDomain,
    Scope,
    candidates,
    container_swap_bytes,
    oom_domain,
)
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.shared_limit import SharedLimit, shared_limit
from kubectl_stress.quantity import format_bytes
from kubectl_stress.targets.target import Target

WORKER_COMMAND = "agent-worker"
# What the kernel charges beside the size, as measured: page tables and the workers' own structures.
_KERNEL_BYTES_A_MIB, _KERNEL_BYTES_A_WORKER = 2 << 10, 75 << 10


def prediction(plan: Plan, hello: Hello, reading: Sample, processes: tuple[Process, ...]) -> str:
    """The end in one sentence."""
    parts = [_of_memory(plan, hello, reading, processes)] if plan.memory else []
    parts += [at_quota(plan, hello)] if plan.cpu else []
    return "; ".join(parts)


def _of_memory(plan: Plan, hello: Hello, reading: Sample, processes: tuple[Process, ...]) -> str:
    assert plan.size_bytes is not None
    memory = reading.memory
    limit, usage = memory.limit_bytes, memory.usage_bytes
    if limit is None or usage is None:
        return "no limit: the load could exhaust the node"
    if plan.memory and plan.memory.level_bytes:
        return _of_level(plan, plan.memory.level_bytes, hello, memory, processes)
    shared = shared_limit(plan.target, memory)
    if shared is not None:
        return _in_shared_pod(plan, shared, hello, memory, processes)
    level = usage + plan.size_bytes
    made_of = f"{format_bytes(usage)} in use and {format_bytes(plan.size_bytes)} of load"
    percent = f"{100 * level / limit:.0f}% of the limit {format_bytes(limit)} ({made_of})"
    if level < limit:
        return f"usage will reach about {format_bytes(level)}, {percent}"
    return f"usage would reach {percent}: {_at_limit_with_load(plan, hello, memory, processes)}"


def _of_level(
    plan: Plan, level: int, hello: Hello, memory: Memory, processes: tuple[Process, ...]
) -> str:
    """No loop is as fast as an app that takes more at once than there is to the limit."""
    assert plan.spec.memory is not None
    limit = memory.limit_bytes or 0
    killed = at_limit(plan.target, hello, memory, _with_load(plan, hello, memory, processes))
    if level >= limit:
        return f"the level {format_bytes(level)} reaches the limit: {killed}"
    held = at_level(level, plan.spec.memory, memory)
    gap = format_bytes(limit - level)
    return f"{held}; if the app takes more than {gap} at once, {killed}"


def _in_shared_pod(
    plan: Plan, shared: SharedLimit, hello: Hello, memory: Memory, processes: tuple[Process, ...]
) -> str:
    """The end where the pod's limit is reached first, which other containers use too."""
    size, usage = plan.size_bytes or 0, memory.usage_bytes or 0
    level = usage + shared.used_bytes + size
    parts = f"{format_bytes(usage)} in use{shared.used_words} and {format_bytes(size)} of load"
    of_limit = f"{100 * level / shared.limit_bytes:.0f}% of the pod's limit "
    of_limit += f"{format_bytes(shared.limit_bytes)} ({parts}{shared.unseen_words})"
    at_least = "at least" if shared.unseen else "about"
    if level < shared.limit_bytes:
        return f"usage of the pod will reach {at_least} {format_bytes(level)}, {of_limit}"
    at_limit_ = _at_limit_with_load(
        plan, hello, memory, processes, room_bytes=shared.limit_bytes - shared.used_bytes
    )
    return (
        f"usage of the pod would reach {'at least ' * bool(shared.unseen)}{of_limit}: {at_limit_}"
    )


def _at_limit_with_load(
    plan: Plan,
    hello: Hello,
    memory: Memory,
    processes: tuple[Process, ...],
    *,
    room_bytes: int | None = None,
) -> str:
    """What the kernel will do about a load that reaches the limit, or what a pod has left of its.

    `room_bytes` is that for the container and its load together.
    """
    if is_page_cache(plan.spec):
        return "the load is page cache, which the kernel will reclaim at the limit"
    need, kept = _needed_bytes(plan), _kept_bytes(memory)
    room = (memory.limit_bytes or 0 if room_bytes is None else room_bytes) - kept
    swap = _swap_left_bytes(hello, memory)
    if need < room:
        cache = format_bytes((memory.usage_bytes or 0) - kept)
        return f"the kernel will reclaim page cache first ({cache}), so no OOM kill is expected"
    if need < room + swap:
        return f"the kernel will swap first ({format_bytes(swap)} left), so no OOM kill is expected"
    later = f", after {format_bytes(swap)} of swap has been used up" if swap else ""
    return at_limit(plan.target, hello, memory, _with_load(plan, hello, memory, processes)) + later


def at_limit(target: Target, hello: Hello, memory: Memory, processes: Sequence[Process]) -> str:
    """Whom the kernel will kill once the limit is reached, in one clause."""
    domain = oom_domain(target, hello, memory)
    there = candidates(domain, hello, memory, processes)
    victim = first_victim(there)
    if victim is None:
        return "the kernel will kill a process of this container; which one is unknown"
    words = _killed(victim, hello)
    if victim.role == "holder":
        others = tuple(process for process in there if process.role != "holder")
        then = first_victim(others)
        words += f", and then {_killed(then, hello)}" if then else ""
    return f"the kernel will {words}{_unless(domain)}"


def _killed(victim: Process, hello: Hello) -> str:
    who = f"{victim.command}, badness {format_bytes(victim.badness_bytes)}"
    if victim.role == "holder":
        return f"kill the ephemeral container of kubectl stress ({who}), which frees almost nothing"
    if hello.oom_group:
        return f"choose one process ({who}) and kill the whole container with it (memory.oom.group)"
    return f"kill one process ({who})"


def _unless(domain: OomDomain) -> str:
    """What cannot be seen from here and may turn it."""
    if domain.scope is Scope.POD and domain.unseen:
        names = ", ".join(sibling.name for sibling in domain.unseen)
        return f", unless an unseen process of {names} has a higher badness"
    if not domain.is_certain:
        return ", unless the pod's other containers reach the pod's limit first"
    return ""


def victim_at_limit(
    plan: Plan, hello: Hello, reading: Sample, processes: tuple[Process, ...]
) -> Process | None:
    """The first victim if the limit is reached: one of `processes` or a worker of the load.

    The worker has pid 0, since it does not exist yet.
    """
    memory = reading.memory
    return victim_now(plan.target, hello, memory, _with_load(plan, hello, memory, processes))


def victim_now(
    target: Target, hello: Hello, memory: Memory, processes: Sequence[Process]
) -> Process | None:
    """The first victim if the memory ran out as it is now."""
    domain = oom_domain(target, hello, memory)
    return first_victim(candidates(domain, hello, memory, processes))


def _with_load(
    plan: Plan, hello: Hello, memory: Memory, processes: tuple[Process, ...]
) -> tuple[Process, ...]:
    worker = _grown_worker(plan, hello, memory)
    return (*processes, worker) if worker else processes


def _grown_worker(plan: Plan, hello: Hello, memory: Memory) -> Process | None:
    """A worker of the load as it is when the limit is reached, weighed as the agent does."""
    load, size_bytes = plan.spec.memory, plan.size_bytes
    if load is None or memory.limit_bytes is None or size_bytes is None:
        return None
    adjustment = load.oom_score_adj
    if adjustment is None:
        adjustment = hello.target_oom_score_adj
    if adjustment is None:
        return None
    swap = container_swap_bytes(hello, memory)
    room = max(0, memory.limit_bytes - _kept_bytes(memory)) + _swap_left_bytes(hello, memory)
    grown = min(size_bytes, room) // load.workers
    worker = Process(0, WORKER_COMMAND, "load", grown, adjustment, None)
    if adjustment == -1000:
        return worker
    own = OomDomain(Scope.CONTAINER, memory.limit_bytes, swap)
    return replace(worker, badness_bytes=grown + adjustment * own.point_bytes)


def _needed_bytes(plan: Plan) -> int:
    """The size with what the kernel charges on top of it."""
    assert plan.size_bytes is not None
    assert plan.spec.memory is not None
    pages = (plan.size_bytes >> 20) * _KERNEL_BYTES_A_MIB
    return plan.size_bytes + pages + plan.spec.memory.workers * _KERNEL_BYTES_A_WORKER


def _kept_bytes(memory: Memory) -> int:
    """Usage that stays under pressure: without page cache, which the kernel can drop."""
    cache = (memory.file_bytes or 0) - (memory.shmem_bytes or 0)
    return max(0, (memory.usage_bytes or 0) - max(0, cache))


def _swap_left_bytes(hello: Hello, memory: Memory) -> int:
    return max(0, container_swap_bytes(hello, memory) - (memory.swap_bytes or 0))
