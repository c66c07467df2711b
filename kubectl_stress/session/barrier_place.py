"""One target's place at the barrier: its agent has joined and read, and waits to be told to go."""

from kubectl_stress.agent.commands import hold_command, wait_for_go_arguments
from kubectl_stress.agent.protocol import Done, PhaseStart
from kubectl_stress.agent.samples import Phase, Sample
from kubectl_stress.errors import InjectionError, Silent, StressError
from kubectl_stress.plan.decide import run_options
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.slow_start import start_patience_ms
from kubectl_stress.session.agent_stream import SteeredAgent
from kubectl_stress.session.barrier import Barrier, Waiting
from kubectl_stress.session.event_loop import Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.node_gate import NodeGate
from kubectl_stress.session.turn import Turn
from kubectl_stress.verdict.findings import ENDED_BY_WATCHDOG

# Those of a node start beside each other, and share its CPU.
_TIMES_LONGER = 3


class BarrierPlace:
    """Brings one agent to the barrier, and waits there with it.

    No more agents of a node start at once than `gate` lets in: 40 execs at once on a slow node kept
    its runtime from answering any of them.
    """

    def __init__(self, barrier: Barrier, intake: Intake, gate: NodeGate) -> None:
        self._barrier, self._intake, self._turn = barrier, intake, Turn(gate, intake)

    @property
    def words(self) -> list[str]:
        """What is added to the agent's arguments."""
        return wait_for_go_arguments(self._barrier.go_timeout_ms)

    @property
    def has_gone(self) -> bool:
        """Whether the load was told to begin."""
        return self._barrier.has_gone(self._intake.number)

    def take_turn(self) -> Procedure[None]:
        """Return when the node has room for one more start; raises NotLoaded for another's."""
        yield from self._turn.take()
        self._refuse_problem()

    def end_turn(self) -> None:
        """The agent has started, or is not going to; once is enough."""
        self._turn.end()

    def _refuse_problem(self) -> None:
        if self._barrier.problem is not None:
            raise self._barrier.problem

    def leave(self, error: StressError) -> None:
        """This target is not loaded: the others need not wait for it."""
        self._barrier.leave(self._intake.number, self._intake.state.target.pod, error)

    def wait(self, agent: SteeredAgent, plan: Plan) -> Procedure[None]:
        """Return when the agent was told to go, or has ended; raises NotLoaded for another's."""
        intake, started_ms = self._intake, self._intake.now_ms()
        waiting = Waiting(agent, hold_command(run_options(plan).duration_ms))
        while not self.has_gone and intake.collector.ending is None:
            self._refuse_problem()
            arrival = yield from intake.take_next()
            if isinstance(arrival, Sample | PhaseStart | Done):
                waiting.hear(arrival.elapsed_ms, intake.now_ms())
            if isinstance(arrival, PhaseStart) and arrival.phase is Phase.READY:
                self.end_turn()
                self._barrier.arrive(intake.number, waiting)
            if isinstance(arrival, Done):
                self._barrier.answered(intake.number)
            self._barrier.release_due()
            patience_ms = _TIMES_LONGER * start_patience_ms(intake.state.target)
            if intake.collector.hello is None and intake.now_ms() - started_ms > patience_ms:
                raise Silent(f"no message from the agent for {patience_ms // 1000} s")

    def refuse_if_ended(self) -> None:
        """Raise InjectionError where the agent ended without having been told to go."""
        collector = self._intake.collector
        if self.has_gone or collector.ending is None:
            return
        said = [error.message for error in collector.errors]
        reason = f"the agent ended: {collector.bye.reason}" if collector.bye else "its stream broke"
        if collector.ending.is_by_watchdog:
            reason = ENDED_BY_WATCHDOG
        raise InjectionError(f"the load ended before it began: {'; '.join(said) or reason}")
