"""One target's turn at the gate of its node."""

from kubectl_stress.session.event_loop import Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.node_gate import NodeGate


class Turn:
    """Taken once the node has room for one more, and ended when what it was for has been done."""

    def __init__(self, gate: NodeGate, intake: Intake) -> None:
        self._gate, self._intake = gate, intake
        self._began_ms: int | None = None

    def take(self) -> Procedure[None]:
        """Return when it has come."""
        while not self._gate.enter(self._node, self._intake.number):
            yield from self._intake.take_next()
        self._began_ms = self._intake.now_ms()

    def end(self) -> None:
        """Make room for another one; nothing where it was not taken, or has ended."""
        if self._began_ms is None:
            return
        took_ms, self._began_ms = self._intake.now_ms() - self._began_ms, None
        self._gate.leave(self._node, took_ms)

    @property
    def _node(self) -> str:
        return self._intake.state.target.node
