"""Rules for a run in which nobody was killed: how the load itself ended. Pure."""

from kubectl_stress.agent.protocol import EndReason
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.stop_on import stop_sign
from kubectl_stress.quantity import format_bytes
from kubectl_stress.targets.changes import ChangeKind
from kubectl_stress.verdict.evidence import as_evidence, last_sample, peak
from kubectl_stress.verdict.findings import Findings, of_kind
from kubectl_stress.verdict.outcome import Outcome, Verdict


def stopped(plan: Plan, findings: Findings) -> Verdict | None:
    """Released by `--stop-on`, for what was no outcome by itself."""
    sign, bye = stop_sign(plan.spec.stop_on, findings.changes), findings.ending.bye
    if sign is None or bye is None or bye.reason is not EndReason.STOPPED:
        return None
    held = format_bytes(findings.samples.peak_held_bytes)
    sentence = (
        f"the load was released at {held} because of --stop-on ({sign.text}); nothing was "
        f"killed, and what would have followed was not tested"
    )
    return Verdict(Outcome.INCONCLUSIVE, sentence, as_evidence([sign]) + peak(findings))


def stopped_by_other(_plan: Plan, findings: Findings) -> Verdict | None:
    """`kubectl stress stop`, which brings the name of its user with it."""
    bye = findings.ending.bye
    if bye is None or bye.reason is not EndReason.STOPPED or not bye.by:
        return None
    held = format_bytes(findings.samples.peak_held_bytes)
    sentence = (
        f"the load was stopped by {bye.by} (kubectl stress stop) at {held}; nothing was killed, "
        "and what would have followed was not tested"
    )
    return Verdict(Outcome.INCONCLUSIVE, sentence, peak(findings))


def broke_off(_plan: Plan, findings: Findings) -> Verdict | None:
    ending = findings.ending
    if ending.bye is None:
        reason = ending.lost or f"the agent ended with exit code {ending.exit_code}"
        sentence = (
            f"the agent's stream broke off, and neither status nor counters say why: {reason}"
        )
        return Verdict(Outcome.INCONCLUSIVE, sentence, last_sample(findings))
    if ending.bye.reason is not EndReason.DURATION:
        words = "; ".join(f"{error.code}: {error.message}" for error in findings.errors)
        sentence = f"the agent ended early ({ending.bye.reason}{words and ': ' + words})"
        return Verdict(Outcome.INCONCLUSIVE, sentence, last_sample(findings))
    return None


def ran_to_its_end(plan: Plan, findings: Findings) -> Verdict | None:
    """The load ran to its end and nobody died."""
    peak_held, evidence = findings.samples.peak_held_bytes, peak(findings)
    throttled = findings.samples.delta("high_events") or 0
    if throttled:
        sentence = f"memory.high throttled the container ({throttled} times); nothing was killed"
        return Verdict(Outcome.THROTTLED, sentence, evidence)
    if plan.size_bytes is not None and peak_held < plan.size_bytes:
        sentence = (
            f"the load held only {format_bytes(peak_held)} of {format_bytes(plan.size_bytes)}, so "
            f"the requested size was not tested"
        )
        return Verdict(Outcome.INCONCLUSIVE, sentence, evidence)
    flips = of_kind(findings, ChangeKind.NOT_READY)
    readiness = (
        "not ready for a moment, but without a failed probe, as after a restart of the kubelet"
        if flips
        else "no loss of readiness"
    )
    sentence = f"the container survived: no OOM kill, no restart, {readiness}"
    back = as_evidence([*flips, *of_kind(findings, ChangeKind.READY)]) if flips else ()
    return Verdict(Outcome.SURVIVED, sentence, back + evidence)
