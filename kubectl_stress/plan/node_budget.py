"""What the loads of one run take from each node together. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Sample
from kubectl_stress.errors import Refused
from kubectl_stress.plan.guards import DEFAULT_EVICTION_THRESHOLD_BYTES
from kubectl_stress.plan.memory import is_page_cache
from kubectl_stress.plan.plan import Plan
from kubectl_stress.quantity import format_bytes
from kubectl_stress.text import few_of


@dataclass(frozen=True)
class NodeShare:
    """The loads on one node: at most so many bytes together, of so many that it has available.

    `available_bytes` is the lowest MemAvailable that one of the agents read there.
    """

    node: str
    pods: tuple[str, ...]
    growth_bytes: int
    available_bytes: int | None

    @property
    def is_within_budget(self) -> bool:
        """Whether the node keeps the kubelet's default eviction threshold."""
        if self.available_bytes is None:
            return True
        return self.available_bytes - self.growth_bytes >= DEFAULT_EVICTION_THRESHOLD_BYTES

    def __str__(self) -> str:
        shared = f'node "{self.node}" is shared by {len(self.pods)} targets ({few_of(self.pods)})'
        if not self.growth_bytes:
            return shared
        has = f", {format_bytes(self.available_bytes)} available" if self.available_bytes else ""
        return f"{shared}: at most {format_bytes(self.growth_bytes)} of load together{has}"


def node_shares(resolved: Iterable[tuple[Plan, Hello, Sample]]) -> list[NodeShare]:
    """The share of each node, from resolved plans and the readings that they were resolved by."""
    by_node: dict[str, list[tuple[Plan, Hello, Sample]]] = {}
    for plan, hello, reading in resolved:
        by_node.setdefault(plan.target.node, []).append((plan, hello, reading))
    return [_share(node, found) for node, found in by_node.items()]


def share_with(
    plan: Plan, hello: Hello, reading: Sample, running: Iterable[tuple[Plan, int]]
) -> NodeShare:
    """The share of a load that joins others on its node, each with what it holds by now."""
    others = list(running)
    growing = sum(max(0, (other.size_bytes or 0) - held) for other, held in others)
    return NodeShare(
        node=plan.target.node,
        pods=(plan.target.pod, *(other.target.pod for other, _ in others)),
        growth_bytes=growth_bytes(plan, reading) + growing,
        available_bytes=hello.node_available_bytes,
    )


def _share(node: str, found: Sequence[tuple[Plan, Hello, Sample]]) -> NodeShare:
    available = [hello.node_available_bytes for _, hello, _ in found]
    return NodeShare(
        node=node,
        pods=tuple(plan.target.pod for plan, _, _ in found),
        growth_bytes=sum(growth_bytes(plan, reading) for plan, _, reading in found),
        available_bytes=min((one for one in available if one is not None), default=None),
    )


def growth_bytes(plan: Plan, reading: Sample) -> int:
    """How much memory the load can take from its node: no more than its limit lets it."""
    if plan.size_bytes is None or is_page_cache(plan.spec):
        return 0
    headroom = reading.memory.headroom_bytes
    return plan.size_bytes if headroom is None else min(plan.size_bytes, headroom)


def refuse_beyond_budget(shares: Iterable[NodeShare]) -> None:
    """Raise Refused where the loads together would take a node below its eviction threshold."""
    for share in shares:
        if len(share.pods) > 1 and not share.is_within_budget:
            raise Refused(
                f"{share}, and the kubelet evicts pods below "
                f"{format_bytes(DEFAULT_EVICTION_THRESHOLD_BYTES)}: use a smaller --size, fewer "
                "targets, or --force"
            )
