"""What an agent read of a target and its node, as facts. Pure: no I/O."""

from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Memory, Process
from kubectl_stress.plan.oom_domain import Scope, container_swap_bytes, oom_domain
from kubectl_stress.plan.prediction import at_limit, victim_now
from kubectl_stress.plan.target_facts import WITHOUT_LIMIT, Fact, Known, bytes_fact, text_fact
from kubectl_stress.quantity import format_bytes
from kubectl_stress.targets.target import Target


@dataclass(frozen=True)
class Found:
    """What a probe read."""

    hello: Hello
    memory: Memory
    processes: tuple[Process, ...]


def read_facts(target: Target, found: Found) -> Iterator[Fact]:
    """In the place of `assumed_facts`."""
    hello, memory = found.hello, found.memory
    yield Fact("cgroup_version", hello.cgroup_version, f"v{hello.cgroup_version}")
    yield _oom_group(hello)
    yield Fact("oom_score_adj", hello.target_oom_score_adj, str(hello.target_oom_score_adj))
    yield bytes_fact("usage_bytes", memory.usage_bytes)
    yield bytes_fact("memory_high_bytes", memory.high_bytes)
    yield _swap(hello, memory)
    processes = ", ".join(_process(process) for process in found.processes[:8])
    yield Fact("processes", len(found.processes), processes)
    victim = victim_now(target, hello, memory, found.processes)
    known = Known.READ if victim else Known.UNKNOWN
    yield Fact("first_victim", victim and victim.pid, _process(victim) if victim else "-", known)
    yield _node_headroom(hello)
    domain = oom_domain(target, hello, memory)
    if domain.scope is Scope.NODE:
        yield text_fact("at_the_limit", WITHOUT_LIMIT)
    else:
        where = f"in the {domain.scope.value}'s cgroup "
        yield text_fact("at_the_limit", where + at_limit(target, hello, memory, found.processes))


def _oom_group(hello: Hello) -> Fact:
    if hello.oom_group is None:
        return Fact("memory_oom_group", None, "none on cgroup v1: an OOM kill ends one process")
    what = "the whole container" if hello.oom_group else "one process"
    return Fact(
        "memory_oom_group", hello.oom_group, f"{int(hello.oom_group)}: an OOM kill ends {what}"
    )


def _swap(hello: Hello, memory: Memory) -> Fact:
    swap = container_swap_bytes(hello, memory)
    if not swap:
        return Fact("swap_limit_bytes", 0, "none: no swap for this container")
    text = f"{format_bytes(swap)}: an OOM kill comes later than without swap"
    return Fact("swap_limit_bytes", swap, text)


def _process(process: Process) -> str:
    rss, adjustment = format_bytes(process.rss_bytes), process.oom_score_adj
    return f"{process.pid} {process.command} ({process.shown_role}, rss {rss}, adj {adjustment})"


def _node_headroom(hello: Hello) -> Fact:
    available, total = hello.node_available_bytes, hello.node_total_bytes
    if available is None:
        return Fact("node_headroom_bytes", None, "not readable", Known.UNKNOWN)
    text = f"{format_bytes(available)} of {format_bytes(total)} available"
    return Fact("node_headroom_bytes", available, text)
