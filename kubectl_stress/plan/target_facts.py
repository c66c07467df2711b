"""What is known of a target before a load, and how well: read, assumed or unknown. Pure: no I/O.

The API server tells limits, probes and owners; the cgroup version, memory.oom.group, the processes
and the node's headroom only an agent can read. What is assumed is what the kubelet does by default.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Memory, Process
from kubectl_stress.plan.guards import needed_headroom_bytes
from kubectl_stress.plan.oom_domain import Scope, container_swap_bytes, oom_domain
from kubectl_stress.plan.prediction import at_limit, victim_now
from kubectl_stress.quantity import format_bytes, format_millicores
from kubectl_stress.targets.target import Target


class Known(Enum):
    """How well a fact is known."""

    READ = "read"
    ASSUMED = "assumed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Fact:
    """One fact: `key` in the answer as data, with its unit; `text` for a person."""

    key: str
    value: Any
    text: str
    known: Known = Known.READ

    @property
    def label(self) -> str:
        """The key as a person reads it."""
        return self.key.removesuffix("_bytes").removesuffix("_millicores").replace("_", " ")


@dataclass(frozen=True)
class Found:
    """What a probe read."""

    hello: Hello
    memory: Memory
    processes: tuple[Process, ...]


def facts(target: Target, reactions: Mapping[str, str], found: Found | None) -> tuple[Fact, ...]:
    """All facts, in the order in which they are told; `reactions` by key, in words."""
    return (
        *_of_pod(target),
        *_of_probes(target),
        *(Fact(key, text, text) for key, text in reactions.items()),
        _text("recommenders", _RECOMMENDERS, Known.ASSUMED),
        *(_as_assumed(target) if found is None else _as_read(target, found)),
    )


# VPA: autoscaler#9521; krr: robusta-dev/krr#324 (strategies of 7 to 14 days). kube-soomkiller and
# preoomkiller-controller act on usage alone. Neither VPA (docs/flags.md of its recommender) nor krr
# (StrategySettings.history_duration) can leave out a window: see docs/recommenders.md.
_RECOMMENDERS = (
    "VPA and krr keep the peak and the OOM kills of a run for days (krr the maximum of 7 to 14 "
    "days), and controllers that end pods near their limit (kube-soomkiller, preoomkiller) take "
    "the load for the app's own. Neither leaves a time out by itself: run krr with a "
    "--history_duration that begins after the run; docs/recommenders.md says what works for VPA"
)


def _bytes(key: str, value: int | None, known: Known = Known.READ) -> Fact:
    return Fact(key, value, "none" if value is None else format_bytes(value), known)


def _cpu(key: str, value: float | None) -> Fact:
    return Fact(key, value, "none" if value is None else format_millicores(value))


def _text(key: str, text: str, known: Known = Known.READ) -> Fact:
    return Fact(key, text, text, known)


def _of_pod(target: Target) -> Iterator[Fact]:
    yield _text("container", f"{target.container} ({target.container_choice})")
    yield _text("node", target.node)
    yield _text("qos_class", target.qos_class)
    yield _bytes("limit_bytes", target.limit_bytes)
    yield _bytes("request_bytes", target.request_bytes)
    yield _cpu("cpu_limit_millicores", target.effective_limit_millicores)
    yield _cpu("cpu_request_millicores", target.request_millicores)
    pod_known = Known.READ if target.pod_limit_bytes is not None else Known.ASSUMED
    yield _bytes("pod_limit_bytes", target.pod_cgroup_limit_bytes, pod_known)
    others = [
        f"{sibling.name} (limit {format_bytes(sibling.limit_bytes)})" for sibling in target.siblings
    ]
    yield Fact("other_containers", others, ", ".join(others) or "none")
    if target.start_doubts:
        yield _text("start", "; ".join(target.start_doubts), Known.ASSUMED)
    needed = needed_headroom_bytes(target)
    text = f"{format_bytes(needed)}, which the runtime takes while it starts the agent"
    yield Fact("needed_headroom_bytes", needed, text, Known.ASSUMED)
    yield _text("restart_policy", target.restart_policy)
    yield _owner(target)


def _owner(target: Target) -> Fact:
    owner = target.owner
    if owner is None:
        return Fact("owner", None, "none: nothing replaces this pod if it is evicted")
    if owner.replicas is None:
        return _text("owner", f"{owner} (replicas unknown)")
    single = ": a single replica, so a restart is an outage" if owner.replicas == 1 else ""
    return _text("owner", f"{owner}, replicas {owner.replicas}{single}")


def _of_probes(target: Target) -> Iterator[Fact]:
    consequences = {
        "startup": "then the container is restarted",
        "liveness": "then the container is restarted, which also ends the load",
        "readiness": "then the pod gets no traffic",
    }
    for kind, consequence in consequences.items():
        text = target.probe_texts.get(kind)
        yield Fact(f"{kind}_probe", text, f"{text}: {consequence}" if text else "none")


def _as_assumed(target: Target) -> Iterator[Fact]:
    """The kubelet's defaults, and what only `--probe` tells."""
    yield Fact("cgroup_version", 2, "v2", Known.ASSUMED)
    yield Fact("memory_oom_group", True, "1: an OOM kill ends the whole container", Known.ASSUMED)
    fixed = {"Guaranteed": -997, "BestEffort": 1000}.get(target.qos_class)
    if fixed is not None:
        yield Fact("oom_score_adj", fixed, str(fixed), Known.ASSUMED)
    else:
        yield Fact("oom_score_adj", None, "3 to 999, by request and node", Known.UNKNOWN)
    for key in (
        "usage_bytes",
        "swap_limit_bytes",
        "processes",
        "first_victim",
        "node_headroom_bytes",
    ):
        yield Fact(key, None, "use --probe to read it", Known.UNKNOWN)
    if target.effective_limit_bytes is None:
        yield _text("at_the_limit", _WITHOUT_LIMIT, Known.ASSUMED)
        return
    again = "fails" if target.restart_policy == "Never" else "restarts: each kill is one restart"
    yield _text(
        "at_the_limit",
        "the kernel chooses one process and kills the whole container with it, which then "
        f"{again}; on cgroup v1 or with singleProcessOOMKill it kills that process alone",
        Known.ASSUMED,
    )


_WITHOUT_LIMIT = (
    "no limit: the load could exhaust the node, which then evicts pods or runs out of memory; "
    "requires --force"
)


def _as_read(target: Target, found: Found) -> Iterator[Fact]:
    hello, memory = found.hello, found.memory
    yield Fact("cgroup_version", hello.cgroup_version, f"v{hello.cgroup_version}")
    yield _oom_group(hello)
    yield Fact("oom_score_adj", hello.target_oom_score_adj, str(hello.target_oom_score_adj))
    yield _bytes("usage_bytes", memory.usage_bytes)
    yield _bytes("memory_high_bytes", memory.high_bytes)
    yield _swap(hello, memory)
    processes = ", ".join(_process(process) for process in found.processes[:8])
    yield Fact("processes", len(found.processes), processes)
    victim = victim_now(target, hello, memory, found.processes)
    known = Known.READ if victim else Known.UNKNOWN
    yield Fact("first_victim", victim and victim.pid, _process(victim) if victim else "-", known)
    yield _node_headroom(hello)
    domain = oom_domain(target, hello, memory)
    if domain.scope is Scope.NODE:
        yield _text("at_the_limit", _WITHOUT_LIMIT)
    else:
        where = f"in the {domain.scope.value}'s cgroup "
        yield _text("at_the_limit", where + at_limit(target, hello, memory, found.processes))


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
