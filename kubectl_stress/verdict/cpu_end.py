"""Rules and facts for a CPU load that ran to its end. Pure."""

from collections import Counter

from kubectl_stress.agent.cpu_use import CpuUse, held_use
from kubectl_stress.agent.samples import Phase, Sample
from kubectl_stress.plan.cpu_gauge import asked_millicores, limit_millicores
from kubectl_stress.plan.plan import Plan
from kubectl_stress.quantity import format_duration, format_millicores
from kubectl_stress.verdict.evidence import Evidence
from kubectl_stress.verdict.findings import Findings
from kubectl_stress.verdict.level_end import shares
from kubectl_stress.verdict.outcome import Outcome, Verdict

# A worker that was kept from its CPU makes up for it in a burst, which throttled up to 3 % of the
# periods at 60 % of a quota on a busy machine of two CPUs.
_THROTTLED_PERCENT = 5
_SHORT_PERCENT = 10
_WHY = {
    "quota": "the CPU quota throttled the container",
    "cpus": "more was asked for than there are CPUs",
    "contention": "other processes had the CPUs",
}


def cpu_verdict(plan: Plan, findings: Findings) -> Verdict | None:
    """Throttled, or less than was asked for; None where the load had all of it, and no CPU load."""
    use = held_use(findings.samples.samples)
    if plan.cpu is None or use is None:
        return None
    evidence, short = cpu_evidence(plan, findings), _shortfall(findings, use)
    share = use.throttled_percent
    if share is not None and share >= _THROTTLED_PERCENT:
        lost = f"; {short}" if short else ""
        sentence = (
            f"the CPU quota throttled the container in {share:.0f}% of its periods; nothing was "
            f"killed{lost}"
        )
        return Verdict(Outcome.THROTTLED, sentence, evidence)
    if short:
        why = _WHY.get(_reason(findings) or "", "nothing says why")
        sentence = f"{short} ({why}), so what was asked for was not tested"
        return Verdict(Outcome.INCONCLUSIVE, sentence, evidence)
    return None


def _asked(findings: Findings) -> float | None:
    held = _held(findings)
    return asked_millicores(held[-1].cpu_load) if held else None


def _shortfall(findings: Findings, use: CpuUse) -> str:
    if level := _level(findings):
        return _below(level, findings)
    asked, had = _asked(findings), use.load_millicores
    if asked is None or had is None or had >= asked * (100 - _SHORT_PERCENT) / 100:
        return ""
    return f"the load got {format_millicores(had)} of the {format_millicores(asked)} asked for"


def _level(findings: Findings) -> float | None:
    """The level that the container was to be held at, in thousandths of a CPU."""
    held = _held(findings)
    load = held[-1].cpu_load if held else None
    return load.level_percent * 10 if load and load.level_percent else None


def _level_states(findings: Findings) -> list[str | None]:
    """How the last level was held, sample by sample: steps before it were of other levels."""
    loads = [sample.cpu_load for sample in _held(findings) if sample.cpu_load]
    return [load.level_state for load in loads if load.level_percent == loads[-1].level_percent]


def _below(level: float, findings: Findings) -> str:
    """Nothing where the level was met at all, or where the app alone was above it."""
    states = _level_states(findings)
    if "at" in states or "above" in states:
        return ""
    return f"the level {format_millicores(level)} was not reached"


def _held(findings: Findings) -> list[Sample]:
    return [sample for sample in findings.samples.samples if sample.phase is Phase.HOLD]


def _reason(findings: Findings) -> str | None:
    """Why the load fell short, most of the time."""
    loads = [sample.cpu_load for sample in _held(findings)]
    reasons = Counter(load.short_reason for load in loads if load and load.short_reason)
    return reasons.most_common(1)[0][0] if reasons else None


def cpu_evidence(plan: Plan, findings: Findings) -> tuple[Evidence, ...]:
    """What was used while the load was held, and the kernel's counters of throttling."""
    held, use = _held(findings), held_use(findings.samples.samples)
    if plan.cpu is None or use is None:
        return ()
    at_ms, limit = held[-1].at_ms, limit_millicores(plan.target, held[-1])
    of_limit = "" if limit is None else f" of the limit {format_millicores(limit)}"
    asked, level = _asked(findings), _level(findings)
    of_asked = "" if asked is None or level else f" of {format_millicores(asked)} asked for"
    text = (
        f"over {format_duration(use.passed_ms)} the container used "
        f"{format_millicores(use.used_millicores)} CPU{of_limit}, the load "
        f"{format_millicores(use.load_millicores)}{of_asked}"
    )
    facts = (Evidence(at_ms, "agent", text), *_counters(use, at_ms))
    if level is None:
        return facts
    words = shares(_level_states(findings))
    return (*facts, Evidence(at_ms, "agent", f"level {format_millicores(level)}: {words}"))


def _counters(use: CpuUse, at_ms: int) -> tuple[Evidence, ...]:
    if not use.periods or use.throttled_periods is None:
        return (Evidence(at_ms, "cgroup", "no CPU quota: nothing can throttle the container"),)
    lost = "" if use.throttled_us is None else f", for {use.throttled_us / 1_000_000:.1f} s in all"
    text = f"nr_throttled +{use.throttled_periods} of +{use.periods} periods{lost}"
    return (Evidence(at_ms, "cgroup", text),)
