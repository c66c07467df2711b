"""How several targets are loaded in one run, and what is asked before it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubectl_stress.plan.plan import Plan
from kubectl_stress.quantity import format_duration
from kubectl_stress.targets.target import Target
from kubectl_stress.text import few_of

# Up to so many each has its own summary and its own lines.
FEW = 3
_MOST_AT_FULL_RATE = 10
FULL_RATE_INTERVAL_MS, _SLOWEST_INTERVAL_MS = 100, 1_000


@dataclass(frozen=True)
class Together:
    """What was asked of a run over several targets.

    `parallel`: how many ephemeral containers are started on a node at the same time; None adapts to
    the node. `stagger_ms` lies between one load's start and the next one's; 0 starts all at once.
    `follow`: a pod that replaces a target's is loaded too, for what is left of the run. `yes`:
    whatever it would have to ask is confirmed.
    """

    parallel: int | None = None
    keep_going: bool = False
    stagger_ms: int = 0
    force: bool = False
    follow: bool = False
    yes: bool = False


def sample_interval_ms(target_count: int) -> int:
    """How often each agent reports: 100 readings a second over all targets, each at most 10."""
    if target_count <= _MOST_AT_FULL_RATE:
        return FULL_RATE_INTERVAL_MS
    return min(_SLOWEST_INTERVAL_MS, target_count * FULL_RATE_INTERVAL_MS // _MOST_AT_FULL_RATE)


def questions(plans: Sequence[Plan], together: Together) -> tuple[str, ...]:
    """What a person must say yes to before anything is changed: how many, where, and why."""
    targets = [plan.target for plan in plans]
    own = dict.fromkeys(question for plan in plans for question in plan.questions)
    several = (_several(targets, together),) if len(plans) > 1 else ()
    return (*several, *_whole_owners(targets), *own)


def _several(targets: Sequence[Target], together: Together) -> str:
    by_node: dict[str, list[str]] = {}
    for target in targets:
        by_node.setdefault(target.node, []).append(target.pod)
    where = "; ".join(f"{len(p)} on node {node} ({few_of(p)})" for node, p in by_node.items())
    apart = format_duration(together.stagger_ms)
    how = f"one after another, {apart} apart" if together.stagger_ms else "at the same time"
    return f"{len(targets)} containers will be loaded {how}: {where}"


def _whole_owners(targets: Sequence[Target]) -> Iterator[str]:
    """Owners of which no replica is left alone."""
    pods_by_owner: dict[tuple[str, str], set[str]] = {}
    for target in targets:
        if target.owner and target.owner.replicas and target.owner.replicas > 1:
            key = (target.namespace, str(target.owner))
            pods_by_owner.setdefault(key, set()).add(target.pod)
    replicas = {(t.namespace, str(t.owner)): t.owner.replicas for t in targets if t.owner}
    for key, pods in pods_by_owner.items():
        if len(pods) >= (replicas[key] or 0):
            yield f"these are all {len(pods)} replicas of {key[1]}: no other one is left"
