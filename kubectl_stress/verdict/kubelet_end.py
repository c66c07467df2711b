"""Rules for a container that somebody else ended: the kubelet, or who cannot be named. Pure.

The kubelet says why in a Killing event. It sends at most 25 events of a pod at once, then one each
5 minutes (client-go, EventSourceObjectSpamFilter), so the event may never come. Since 1.37 at the
latest Normal events, of which it is one, and Warnings, as of failed probes, are counted apart.
"""

from kubectl_stress.plan.plan import Plan
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.kubelet_kills import (
    SIGKILLED,
    is_liveness_failure,
    is_liveness_kill,
    restart_reason,
    sent_signal,
)
from kubectl_stress.verdict.evidence import as_evidence, last_sample, stream_end
from kubectl_stress.verdict.findings import Findings, events, is_near_limit, restarts
from kubectl_stress.verdict.outcome import Outcome, Verdict

_LATE_MS = 5_000  # events may arrive a moment after the status


def kubelet_kills(findings: Findings, *, before_ms: int) -> list[Change]:
    """By what the kubelet says that it restarts the container."""
    return [
        change
        for change in findings.changes
        if (is_liveness_kill(change) or restart_reason(change)) and _is_before(change, before_ms)
    ]


def _is_before(change: Change, end_ms: int) -> bool:
    """A container whose own exit restarts all of the pod's ended before that began."""
    if change.kind is ChangeKind.ALL_RESTARTING:
        return change.at_ms < end_ms
    return change.at_ms <= end_ms + _LATE_MS


def restarted_by_kubelet(findings: Findings, killing: list[Change], end: str) -> Verdict:
    """`killing` in order; `end` is what is known of the container's end."""
    reason = restart_reason(killing[0])
    facts = [*events(findings, "Unhealthy")[-3:], *killing, *restarts(findings)]
    evidence = as_evidence(facts) + last_sample(findings)
    if reason is None:
        sentence = f"the kubelet restarted the container because its liveness probe failed ({end})"
        return Verdict(Outcome.LIVENESS_RESTARTED, sentence, evidence)
    sentence = f"the kubelet restarted the container because {reason} ({end})"
    return Verdict(Outcome.KUBELET_RESTARTED, sentence, evidence)


def stopped_by_somebody(plan: Plan, findings: Findings, ended: Change) -> Verdict | None:
    """An end by a signal that no event explains; None where the exit code is the app's own."""
    assert ended.termination is not None
    code = ended.termination.exit_code
    failures = _liveness_failures(findings, ended)
    threshold, signal = plan.target.liveness_failures, sent_signal(code, plan.target.stop_signal)
    has_failed = threshold is not None and len(failures) >= threshold
    if has_failed and signal:
        return _by_liveness_unsaid(findings, failures, ended)
    if has_failed:
        words = f"the liveness probe had failed {len(failures)} times, and the app may have ended"
        return _inconclusive(findings, ended, f"{words} because the kubelet stopped it ({code})")
    if code == SIGKILLED:
        sentence = (
            "the container ended with exit code 137, a SIGKILL or the app's own, but no status, "
            "counter or event shows a kill"
        )
        return _inconclusive(findings, ended, sentence + what_is_likely(findings))
    if signal:
        sentence = (
            f"exit code {code} is a {signal}, and nothing says who sent it; events may have been "
            "dropped"
        )
        return _inconclusive(findings, ended, sentence)
    return None


def _liveness_failures(findings: Findings, ended: Change) -> list[Change]:
    return [c for c in findings.changes if is_liveness_failure(c) and c.at_ms <= ended.at_ms]


def _by_liveness_unsaid(findings: Findings, failures: list[Change], ended: Change) -> Verdict:
    assert ended.termination is not None
    sentence = (
        f"the kubelet restarted the container because its liveness probe failed {len(failures)} "
        f"times (exit code {ended.termination.exit_code} is that kill; its Killing event did not "
        "come)"
    )
    evidence = as_evidence([*failures[-3:], *restarts(findings)]) + last_sample(findings)
    return Verdict(Outcome.LIVENESS_RESTARTED, sentence, evidence)


def stopped_for_no_restart(findings: Findings, ended: Change) -> Verdict | None:
    """The kubelet says that it stopped the container, but not to restart it."""
    killing = [c for c in events(findings, "Killing") if c.at_ms <= ended.at_ms + _LATE_MS]
    if not killing:
        return None
    sentence = "the kubelet stopped the container, and does not say that the load was the cause"
    facts = as_evidence([*killing, *restarts(findings)]) + last_sample(findings)
    return Verdict(Outcome.INCONCLUSIVE, sentence, facts)


def _inconclusive(findings: Findings, ended: Change, sentence: str) -> Verdict:
    evidence = (*stream_end(findings), *last_sample(findings), *as_evidence([ended]))
    return Verdict(Outcome.INCONCLUSIVE, sentence, evidence)


def what_is_likely(findings: Findings) -> str:
    """What the last sample suggests of a kill that nothing explains."""
    near = is_near_limit(findings.samples.last)
    return "; usage was at the limit, so an OOM kill is likely" if near else ""
