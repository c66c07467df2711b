"""How many starts at the same time a node takes: of ephemeral containers, then of loads."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

# On a slow node 30 starts at once took longer, all in all, than 10 at a time.
_FIRST, _LEAST, _MOST = 4, 2, 10
# Beside each other each takes longer, and the kubelet's answer to an exec is waited for 30 s. Where
# the node's CPU is what they wait for, more at once get no more done.
_QUICK_MS, _SLOW_MS = 10_000, 15_000


@dataclass
class _Node:
    limit: int
    inside: int = 0
    waiting: deque[int] = field(default_factory=deque)


class NodeGate:
    """Lets in so many targets of each node; without `parallel` it adapts to how long they take.

    `wake` has a target that waits try again.
    """

    def __init__(self, wake: Callable[[int], None], *, parallel: int | None = None) -> None:
        self._wake, self._parallel = wake, parallel
        self._nodes: dict[str, _Node] = {}

    def enter(self, node: str, number: int) -> bool:
        """Whether this target may begin; else it is woken when there is room."""
        found = self._nodes.setdefault(node, _Node(self._parallel or _FIRST))
        if found.inside < found.limit:
            found.inside += 1
            if number in found.waiting:
                found.waiting.remove(number)
            return True
        if number not in found.waiting:
            found.waiting.append(number)
        return False

    def leave(self, node: str, took_ms: int) -> None:
        """A target is prepared, or is not going to be."""
        found = self._nodes[node]
        found.inside -= 1
        if self._parallel is None:
            _adapt(found, took_ms)
        for _ in range(min(found.limit - found.inside, len(found.waiting))):
            self._wake(found.waiting.popleft())

    def limit_of(self, node: str) -> int:
        """How many are let in at the moment."""
        return self._nodes[node].limit


def _adapt(node: _Node, took_ms: int) -> None:
    """More while one is done soon, fewer where one takes nearly too long."""
    if took_ms <= _QUICK_MS:
        node.limit = min(_MOST, node.limit + 1)
    elif took_ms > _SLOW_MS:
        node.limit = max(_LEAST, node.limit - 1)
