"""The pods of the matrix on one node, a few at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.e2e.cells import Cell
from tests.e2e.pods import Pods

AHEAD = 3


@dataclass(frozen=True)
class Fleet:
    """A few pods start while one is tried, and then that one goes.

    Each idle pod costs the kubelet of an emulated node; with all of them a cell takes three times
    as long. `levels` has one namespace for each level of Pod Security that is enforced, and
    `waiting` one cell of each pod, in the order in which they are tried.
    """

    levels: Mapping[str, Pods]
    waiting: deque[Cell]
    _begun: deque[Cell] = field(default_factory=deque)

    @classmethod
    def of(cls, cells: Iterable[Cell], levels: Mapping[str, Pods]) -> Fleet:
        """A fleet for these cells; several of them may be joins to the same pod."""
        return cls(levels, deque({cell.pod: cell for cell in cells}.values()))

    def reach(self, cell: Cell) -> Pods:
        """Have the pod of a cell and the next ones begun, and those before it deleted."""
        while self._begun and self._begun[0].pod != cell.pod:
            self._delete(self._begun.popleft())
        while self.waiting and len(self._begun) <= AHEAD:
            self._begin(self.waiting.popleft())
        return self._namespace(cell)

    def _begin(self, cell: Cell) -> None:
        self._namespace(cell).apply(cell.variant.manifest(cell.node))
        self._begun.append(cell)

    def _delete(self, cell: Cell) -> None:
        options = ("--wait=false", "--ignore-not-found")
        self._namespace(cell).kubectl("delete", "pod", cell.pod, *options)

    def _namespace(self, cell: Cell) -> Pods:
        return self.levels[cell.variant.level]
