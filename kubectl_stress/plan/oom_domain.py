"""The cgroup that runs out of memory first: the kernel chooses among its processes. Pure: no I/O.

A charge goes up from the container's cgroup to the pod's, and the first one that is full has the
OOM (mm/page_counter.c, page_counter_try_charge). A pod of one container has the same limit on both,
and its own is full first, since the ephemeral containers and the sandbox are charged to it too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Memory, Process
from kubectl_stress.targets.resources import Sibling
from kubectl_stress.targets.target import Target

_PAGE_BYTES = 4096


class Scope(Enum):
    """Whose cgroup it is."""

    CONTAINER = "container"
    POD = "pod"
    NODE = "node"


@dataclass(frozen=True)
class OomDomain:
    """Where the OOM will be; `limit_bytes` None on the node.

    `swap_bytes` is what the kernel adds to the limit when it weighs oom_score_adj
    (mm/memcontrol.c, mem_cgroup_get_max). `unseen` are containers in it whose processes the agent
    cannot see; `is_certain` False where it depends on how much they use.
    """

    scope: Scope
    limit_bytes: int | None
    swap_bytes: int = 0
    unseen: tuple[Sibling, ...] = ()
    is_certain: bool = True

    @property
    def point_bytes(self) -> int:
        """What one point of oom_score_adj weighs, in the kernel's integer arithmetic."""
        return _point_bytes(self.limit_bytes or 0, self.swap_bytes)


def _point_bytes(limit_bytes: int, swap_bytes: int) -> int:
    return (limit_bytes + swap_bytes) // _PAGE_BYTES // 1000 * _PAGE_BYTES


def container_swap_bytes(hello: Hello, memory: Memory) -> int:
    """The swap that the container may use: its own limit of it, and what the node has."""
    node = hello.node_swap_total_bytes or 0
    return node if memory.swap_limit_bytes is None else min(memory.swap_limit_bytes, node)


def oom_domain(target: Target, hello: Hello, memory: Memory) -> OomDomain:
    """Where the target will run out of memory, by its limits and by its pod's."""
    own, pod = memory.limit_bytes, target.pod_cgroup_limit_bytes
    scope, is_certain = _scope(target, own)
    if scope is Scope.POD:
        node_swap = hello.node_swap_total_bytes or 0  # the kubelet limits it for containers only
        return OomDomain(scope, pod, node_swap, target.siblings, is_certain)
    if scope is Scope.CONTAINER:
        return OomDomain(scope, own, container_swap_bytes(hello, memory), (), is_certain)
    return OomDomain(scope, None)


def _scope(target: Target, own: int | None) -> tuple[Scope, bool]:
    """The scope, and whether it is that one whatever the siblings use."""
    pod = target.pod_cgroup_limit_bytes
    if pod is None:
        return (Scope.NODE if own is None else Scope.CONTAINER), True
    if own is None or pod <= own:
        return Scope.POD, True
    known = [sibling.limit_bytes for sibling in target.siblings if sibling.limit_bytes is not None]
    is_certain = len(known) == len(target.siblings) and sum(known) + own <= pod
    return Scope.CONTAINER, is_certain


def candidates(
    domain: OomDomain, hello: Hello, memory: Memory, processes: Sequence[Process]
) -> tuple[Process, ...]:
    """The processes among which the kernel chooses, with the badness that they have there.

    The agent weighs by the container's limit. The holder is in a cgroup of its own in the pod.
    """
    weighed_by = _point_bytes(memory.limit_bytes or 0, container_swap_bytes(hello, memory))
    difference = domain.point_bytes - weighed_by
    is_whole_pod = domain.scope is not Scope.CONTAINER
    return tuple(
        _reweighed(process, difference)
        for process in processes
        if is_whole_pod or process.role != "holder"
    )


def _reweighed(process: Process, difference: int) -> Process:
    if process.badness_bytes is None or process.oom_score_adj is None:
        return process
    badness = process.badness_bytes + difference * process.oom_score_adj
    return replace(process, badness_bytes=badness)
