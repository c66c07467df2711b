"""Rules and facts for a level of memory that was held. Pure."""

from kubectl_stress.agent.samples import Phase, Sample
from kubectl_stress.plan.memory_level import METRIC_WORDS, measured_bytes
from kubectl_stress.plan.plan import Plan
from kubectl_stress.quantity import format_bytes
from kubectl_stress.verdict.evidence import Evidence
from kubectl_stress.verdict.findings import Findings
from kubectl_stress.verdict.outcome import Outcome, Verdict

_STATES = ("at", "below", "above")


def _held(plan: Plan, findings: Findings) -> list[Sample]:
    """The samples while the last level was held; none where no level was asked for."""
    if plan.spec.memory is None or plan.spec.memory.metric is None:
        return []
    samples = findings.samples.samples
    held = [one for one in samples if one.phase is Phase.HOLD and one.level_bytes is not None]
    if not plan.spec.memory.steps:  # a resize moves a level, and it stays the same one
        return held
    return [one for one in held if one.level_bytes == held[-1].level_bytes]


def shares(states: list[str | None]) -> str:
    """How often a level was met, in words."""
    parts = [f"{100 * states.count(state) / len(states):.0f}% {state}" for state in _STATES]
    return f"{parts[0]} it, {parts[1]}, {parts[2]}, of {len(states)} samples"


def memory_level_evidence(plan: Plan, findings: Findings) -> tuple[Evidence, ...]:
    """How the level was held; nothing where none was asked for."""
    held = _held(plan, findings)
    if not held:
        return ()
    last = held[-1]
    words = shares([sample.level_state for sample in held])
    return (Evidence(last.at_ms, "agent", f"level {format_bytes(last.level_bytes)}: {words}"),)


def memory_level_verdict(plan: Plan, findings: Findings) -> Verdict | None:
    """Inconclusive where the level was never met; None where it was, and without a level."""
    held, load = _held(plan, findings), plan.spec.memory
    if not held or load is None or load.metric is None:
        return None
    if any(sample.level_state == "at" for sample in held):
        return None
    found = [measured_bytes(load, sample.memory) or 0 for sample in held]
    metric, level = METRIC_WORDS[load.metric], format_bytes(held[-1].level_bytes)
    least, most = format_bytes(min(found)), format_bytes(max(found))
    if all(sample.level_state == "above" for sample in held):
        sentence = f"the app alone was above the level {level}: its {metric} was {least} or more"
    else:
        sentence = f"the level {level} was not reached: the {metric} was {most} at most"
    return Verdict(Outcome.INCONCLUSIVE, sentence, memory_level_evidence(plan, findings))
