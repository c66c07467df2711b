"""Rules for a run in which nobody was killed: how the load itself ended. Pure."""

from dataclasses import replace

from kubectl_stress.agent.protocol import EndReason
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.stop_on import stop_sign
from kubectl_stress.quantity import format_bytes
from kubectl_stress.targets.api_events import NODE_LOST
from kubectl_stress.targets.changes import ChangeKind
from kubectl_stress.verdict.cpu_end import cpu_evidence, cpu_verdict
from kubectl_stress.verdict.evidence import Evidence, as_evidence, last_sample, load_words, peak
from kubectl_stress.verdict.findings import (
    ENDED_BY_WATCHDOG,
    Findings,
    events,
    of_kind,
    readiness_flips,
)
from kubectl_stress.verdict.level_end import memory_level_evidence, memory_level_verdict
from kubectl_stress.verdict.outcome import Outcome, Verdict

# Far above what reclaim at the limit costs a load that moves on.
_STALLED_PERCENT = 20.0


def stopped(plan: Plan, findings: Findings) -> Verdict | None:
    """Released by `--stop-on`, for what was no outcome by itself."""
    sign, bye = stop_sign(plan.spec.stop_on, findings.changes), findings.ending.bye
    if sign is None or bye is None or bye.reason is not EndReason.STOPPED:
        return None
    held = load_words(findings)
    sentence = (
        f"the load was released at {held} because of --stop-on ({sign.text}); nothing was "
        f"killed, and what would have followed was not tested"
    )
    return Verdict(Outcome.INCONCLUSIVE, sentence, as_evidence([sign]) + peak(findings))


def interrupted(_plan: Plan, findings: Findings) -> Verdict | None:
    """Ctrl-C or a signal, before anything else had ended it."""
    if not findings.interrupted:
        return None
    return Verdict(Outcome.INCONCLUSIVE, findings.interrupted, peak(findings))


def stopped_by_other(_plan: Plan, findings: Findings) -> Verdict | None:
    """`kubectl stress stop`, which brings the name of its user with it."""
    bye = findings.ending.bye
    if bye is None or bye.reason is not EndReason.STOPPED or not bye.by:
        return None
    held = load_words(findings)
    sentence = (
        f"the load was stopped by {bye.by} (kubectl stress stop) at {held}; nothing was killed, "
        "and what would have followed was not tested"
    )
    return Verdict(Outcome.INCONCLUSIVE, sentence, peak(findings))


def broke_off(plan: Plan, findings: Findings) -> Verdict | None:
    bye = findings.ending.bye
    if bye is None:
        return _cut_off(plan, findings)
    if bye.reason is EndReason.DURATION:
        return None
    words = "; ".join(
        error.message if error.code == bye.reason else f"{error.code}: {error.message}"
        for error in findings.errors
    )
    sentence = f"the agent ended early ({bye.reason}{words and ': ' + words})"
    return Verdict(Outcome.INCONCLUSIVE, sentence, last_sample(findings))


def _cut_off(plan: Plan, findings: Findings) -> Verdict:
    """Its stream ended without a goodbye."""
    ending, seen = findings.ending, events(findings, NODE_LOST)
    if seen:
        sentence = (
            f'node "{plan.target.node}" became NotReady during the run: nobody reports what '
            "happened on it"
        )
    elif ending.is_by_watchdog:
        sentence = (
            f"{ENDED_BY_WATCHDOG}: the load was released, no kill was seen, and what would have "
            "followed was not tested"
        )
    elif seen := readiness_flips(findings, since_ms=ending.at_ms):
        sentence = (
            "the connection to the load was lost, as when the kubelet restarts: the container "
            "was not ready for a moment, and no probe had failed"
        )
    else:
        reason = ending.lost or f"the agent ended with exit code {ending.exit_code}"
        sentence = (
            f"the agent's stream broke off, and neither status nor counters say why: {reason}"
        )
    return Verdict(Outcome.INCONCLUSIVE, sentence, as_evidence(seen) + last_sample(findings))


def _why_stalled(findings: Findings) -> str:
    """What pressure tells of a load that got no further, though its cgroup counts no throttling.

    MemoryQoS (on by default in Kubernetes 1.37) sets memory.high on the pod's cgroup too, which no
    container sees.
    """
    felt = [s.memory.pressure_some_avg10_percent or 0.0 for s in findings.samples.samples]
    highest = max(felt, default=0.0)
    if highest < _STALLED_PERCENT:
        return ""
    return (
        f"; its tasks waited for memory {highest:.0f}% of the time (PSI), so a memory.high of the "
        "pod's cgroup (MemoryQoS), which cannot be seen here, may hold it"
    )


def ran_to_its_end(plan: Plan, findings: Findings) -> Verdict | None:
    """The load ran to its end and nobody died."""
    of_cpu = cpu_verdict(plan, findings)
    if of_cpu is not None:
        of_memory = (*memory_level_evidence(plan, findings), *peak(findings)) if plan.memory else ()
        return replace(of_cpu, evidence=(*of_cpu.evidence, *of_memory))
    peak_held = findings.samples.peak_held_bytes
    evidence = (*cpu_evidence(plan, findings), *(peak(findings) if plan.memory else ()))
    throttled = findings.samples.delta("high_events") or 0
    if throttled:
        sentence = f"memory.high throttled the container ({throttled} times); nothing was killed"
        return Verdict(Outcome.THROTTLED, sentence, evidence)
    of_level = memory_level_verdict(plan, findings)
    if of_level is not None:
        return of_level
    evidence = (*memory_level_evidence(plan, findings), *evidence)
    is_sized = plan.spec.memory is not None and plan.spec.memory.metric is None
    if is_sized and plan.size_bytes is not None and peak_held < plan.size_bytes:
        sentence = (
            f"the load held only {format_bytes(peak_held)} of {format_bytes(plan.size_bytes)}, so "
            f"the requested size was not tested{_why_stalled(findings)}"
        )
        return Verdict(Outcome.INCONCLUSIVE, sentence, evidence)
    return _survived(findings, evidence)


def _survived(findings: Findings, evidence: tuple[Evidence, ...]) -> Verdict:
    flips = of_kind(findings, ChangeKind.NOT_READY)
    readiness = (
        "not ready for a moment, but without a failed probe, as after a restart of the kubelet"
        if flips
        else "no loss of readiness"
    )
    sentence = f"the container survived: no OOM kill, no restart, {readiness}"
    back = as_evidence([*flips, *of_kind(findings, ChangeKind.READY)]) if flips else ()
    return Verdict(Outcome.SURVIVED, sentence, back + evidence)
