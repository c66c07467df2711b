"""What a person is told of one step, in one sentence."""

from collections.abc import Callable

from kubectl_stress.agent.protocol import (
    AgentError,
    Bye,
    EndReason,
    Hello,
    PhaseStart,
    WorkerKilled,
)
from kubectl_stress.agent.samples import Phase, Sample
from kubectl_stress.plan.gauges import gauges
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.plan.plan import Plan
from kubectl_stress.quantity import format_bytes
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.progress import Finished, LogLine, Milestone, What
from kubectl_stress.targets.changes import Change
from kubectl_stress.verdict.outcome import Outcome

Words = Callable[[TargetState, What], str | None]

_AS_HOPED = ("", Outcome.SURVIVED.value)


def sentence(state: TargetState, what: What) -> str | None:
    """None where the table says it."""
    if isinstance(what, LogLine | Change):
        return what.text
    if isinstance(what, Finished):
        return _end_sentence(state, what)
    if isinstance(what, AgentError):
        return f"agent: {what.message}"
    return None if state.plan is None else _of_load(state.plan, what)


def fleet_sentence(state: TargetState, what: What) -> str | None:
    """Of many targets only what happens to one of them, and not what is done with each."""
    if isinstance(what, Finished) and what.error is not None:
        return str(what.error)
    if isinstance(what, Finished):
        return None if what.outcome in _AS_HOPED else f"verdict: {what.outcome}"
    if isinstance(what, LogLine) and state.replaces is not None and state.plan is None:
        return what.text  # one that joins a run alone, and is waited for
    is_shown = isinstance(what, Milestone | Change | WorkerKilled | AgentError)
    return sentence(state, what) if is_shown else None


def search_sentence(state: TargetState, what: What) -> str | None:
    """Of a search all that comes before its first load; then its tries, and what happens."""
    if state.plan is None or isinstance(what, Milestone | Change | AgentError):
        return sentence(state, what)
    return None


def _end_sentence(state: TargetState, end: Finished) -> str | None:
    """Of a load that could not be run, its command tells."""
    if end.error is None or state.plan is not None:
        return None
    is_newcomer = state.replaces is not None  # of which nothing was shown yet
    return f"{'not loaded' if is_newcomer else 'no more readings'}: {end.error}"


def _of_load(plan: Plan, what: What) -> str | None:
    if isinstance(what, PhaseStart):
        return _phase_sentence(plan, what)
    if isinstance(what, WorkerKilled):
        return (
            f"worker {what.pid} killed by signal {what.signal} holding "
            f"{format_bytes(what.held_bytes)} (oom_kill {what.oom_kill_after})"
        )
    if isinstance(what, Hello):
        return f"agent {what.version} verified its cgroup (v{what.cgroup_version})"
    if isinstance(what, Bye) and what.reason is EndReason.STOPPED and what.by:
        return f"the load was stopped by {what.by} (kubectl stress stop)"
    if isinstance(what, Bye) and what.reason is not EndReason.DURATION:
        return f"the agent ended: {what.reason}"
    return None


def _phase_sentence(plan: Plan, phase: PhaseStart) -> str | None:
    if phase.phase is Phase.HOLD:
        step = "" if phase.step is None else f" (step {phase.step})"
        held = (gauge.holding(plan, phase.held_bytes) for gauge in gauges(plan.spec))
        return f"holding {' and '.join(held)}{step}"
    if phase.phase is Phase.SETTLE:
        return "load released; waiting for the kernel's counters to settle"
    return None


def sample_sentence(state: TargetState, sample: Sample) -> str:
    """A reading, where there is no table to show it."""
    is_loaded = state.spec is not None
    read = (gauge.reading(sample, state.cpu, is_loaded=is_loaded) for gauge in gauges(state.spec))
    return "; ".join(read)


class Marks:
    """What stands before a line: whose it is where there are several targets, and a warning.

    The warning is for a load that does not meet the target's own limit.
    """

    def __init__(self, target_count: int) -> None:
        self._has_several = target_count > 1

    def __call__(self, state: TargetState) -> str:
        """Empty, or with a space at its end."""
        name = f"{state.target.pod}: " if self._has_several else ""
        is_pod_level = state.plan is not None and state.plan.join is Join.POD
        return f"{'[pod level only] ' if is_pod_level else ''}{name}"
