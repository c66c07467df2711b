"""What is known of a target before a load, and how well: read, assumed or unknown. Pure: no I/O.

The API server tells limits, probes and owners; the cgroup version, memory.oom.group, the processes
and the node's headroom only an agent can read (plan/read_facts.py). What is assumed is what the
kubelet does by default.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kubectl_stress.plan.guards import needed_headroom_bytes
from kubectl_stress.quantity import format_bytes, format_millicores
from kubectl_stress.targets.target import Target

PROBE_HINT = "use --probe to read it"

# As Kubernetes and the kernel write them, where that is not the key's own words.
_LABELS = {
    "qos_class": "QoS class",
    "cpu_limit": "CPU limit",
    "cpu_request": "CPU request",
    "memory_oom_group": "memory.oom.group",
    "memory_high": "memory.high",
    "oom_score_adj": "oom_score_adj",
    "hpa": "HPA",
    "vpa": "VPA",
    "pdb": "PDB",
}


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
        name = self.key.removesuffix("_bytes").removesuffix("_millicores")
        return _LABELS.get(name) or name.replace("_", " ")


def facts(
    target: Target, reactions: Mapping[str, str], of_node: Iterable[Fact]
) -> tuple[Fact, ...]:
    """All facts, in the order in which they are told; `reactions` by key, in words.

    `of_node` are those that an agent read (`read_facts`), or `assumed_facts`.
    """
    return (
        *_of_pod(target),
        *_of_probes(target),
        *(Fact(key, text, text) for key, text in reactions.items()),
        text_fact("recommenders", _RECOMMENDERS, Known.ASSUMED),
        *of_node,
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


def bytes_fact(key: str, value: int | None, known: Known = Known.READ) -> Fact:
    """A size, or none."""
    return Fact(key, value, "none" if value is None else format_bytes(value), known)


def _cpu(key: str, value: float | None) -> Fact:
    return Fact(key, value, "none" if value is None else format_millicores(value))


def text_fact(key: str, text: str, known: Known = Known.READ) -> Fact:
    """What is a sentence for scripts too."""
    return Fact(key, text, text, known)


def _of_pod(target: Target) -> Iterator[Fact]:
    yield text_fact("container", f"{target.container} ({target.container_choice})")
    yield text_fact("node", target.node)
    yield text_fact("qos_class", target.qos_class)
    yield bytes_fact("limit_bytes", target.limit_bytes)
    yield bytes_fact("request_bytes", target.request_bytes)
    yield _cpu("cpu_limit_millicores", target.effective_limit_millicores)
    yield _cpu("cpu_request_millicores", target.request_millicores)
    pod_known = Known.READ if target.pod_limit_bytes is not None else Known.ASSUMED
    yield bytes_fact("pod_limit_bytes", target.pod_cgroup_limit_bytes, pod_known)
    others = [
        f"{sibling.name} (limit {format_bytes(sibling.limit_bytes)})" for sibling in target.siblings
    ]
    yield Fact("other_containers", others, ", ".join(others) or "none")
    if target.start_doubts:
        yield text_fact("start", "; ".join(target.start_doubts), Known.ASSUMED)
    needed = needed_headroom_bytes(target)
    text = f"{format_bytes(needed)}, which the runtime takes while it starts the agent"
    yield Fact("needed_headroom_bytes", needed, text, Known.ASSUMED)
    yield text_fact("restart_policy", target.restart_policy)
    yield _owner(target)


def _owner(target: Target) -> Fact:
    owner = target.owner
    if owner is None:
        return Fact("owner", None, "none: nothing replaces this pod if it is evicted")
    if owner.replicas is None:
        return text_fact("owner", f"{owner} (replicas unknown)")
    single = ": a single replica, so a restart is an outage" if owner.replicas == 1 else ""
    return text_fact("owner", f"{owner}, replicas {owner.replicas}{single}")


def _of_probes(target: Target) -> Iterator[Fact]:
    consequences = {
        "startup": "then the container is restarted",
        "liveness": "then the container is restarted, which also ends the load",
        "readiness": "then the pod gets no traffic",
    }
    for kind, consequence in consequences.items():
        text = target.probe_texts.get(kind)
        yield Fact(f"{kind}_probe", text, f"{text}: {consequence}" if text else "none")


def assumed_facts(target: Target) -> Iterator[Fact]:
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
        yield Fact(key, None, PROBE_HINT, Known.UNKNOWN)
    if target.effective_limit_bytes is None:
        yield text_fact("at_the_limit", WITHOUT_LIMIT, Known.ASSUMED)
        return
    again = "fails" if target.restart_policy == "Never" else "restarts: each kill is one restart"
    yield text_fact(
        "at_the_limit",
        "the kernel chooses one process and kills the whole container with it, which then "
        f"{again}; on cgroup v1 or with singleProcessOOMKill it kills that process alone",
        Known.ASSUMED,
    )


WITHOUT_LIMIT = (
    "no limit: the load could exhaust the node, which then evicts pods or runs out of memory; "
    "requires --force"
)
