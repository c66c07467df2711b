"""The rule for a pod that the kubelet evicts, and whether the kernel may have come first. Pure.

A kubelet evicts pods whose container is dead, too: where a node ran out at once, the kernel killed
the container, and the kubelet evicted its pod.
"""

from collections.abc import Sequence

from kubectl_stress.plan.plan import Plan
from kubectl_stress.quantity import format_bytes
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.kubelet_kills import SIGKILLED, used_when_evicted
from kubectl_stress.verdict.evidence import as_evidence, last_sample, stream_end
from kubectl_stress.verdict.findings import Findings, events, of_kind
from kubectl_stress.verdict.outcome import Outcome, Verdict

_EARLY_MS = 1_000  # an event may be seen somewhat later than the kill that it tells of


def evicted(plan: Plan, findings: Findings) -> Verdict | None:
    """EVICTED where the kubelet says so; whatever else ended is part of that."""
    evictions = of_kind(findings, ChangeKind.EVICTED)
    if not evictions:
        return None
    facts = [*events(findings, "Evicted"), *events(findings, "Killing"), *evictions]
    early = _killed_before(plan, findings, facts)
    sentence = f"the kubelet evicted the pod; no memory limit was reached{early}"
    ended = stream_end(findings) if early else ()
    return Verdict(Outcome.EVICTED, sentence, (*ended, *as_evidence(facts), *last_sample(findings)))


def _killed_before(plan: Plan, findings: Findings, said: Sequence[Change]) -> str:
    """That the load was dead before the kubelet decided, by its end or by what the kubelet read."""
    ending = findings.ending
    if ending.bye is not None or ending.exit_code not in (SIGKILLED, None):
        return ""
    why = _was_gone(plan, findings, said) or _ended_before(findings, said)
    if not why:
        return ""
    return f"; {why}: the kernel may have come first, when the node had no memory left"


def _ended_before(findings: Findings, said: Sequence[Change]) -> str:
    """Where the load's end was seen before the kubelet stopped its container, or said anything.

    The kubelet tells of an eviction, and then of each container that it stops, before it does so
    (evictPod in pkg/kubelet/eviction, killContainer in pkg/kubelet/kuberuntime).
    """
    stops = events(findings, "Killing")
    began_ms = min(change.at_ms for change in stops or said)
    early_ms = began_ms - findings.ending.at_ms
    if early_ms < _EARLY_MS:
        return ""
    is_killed = findings.ending.exit_code == SIGKILLED
    what = "the load was killed" if is_killed else "the connection to the load was lost"
    before = "stopped its container" if stops else "said anything"
    return f"{what} {early_ms / 1000:.1f} s before the kubelet {before}"


def _was_gone(plan: Plan, findings: Findings, said: Sequence[Change]) -> str:
    """Where the kubelet read less than half the working set that the agent had read last.

    It reads it anew as it decides (pkg/kubelet/eviction: the summary is made with updateStats).
    """
    last, container = findings.samples.last, plan.target.container
    known = (used_when_evicted(change, container) for change in said)
    used = next((value for value in known if value is not None), None)
    if last is None or used is None or last.memory.working_set_bytes is None:
        return ""
    if used * 2 >= last.memory.working_set_bytes:
        return ""
    return (
        f"the kubelet found {format_bytes(used)} in use where "
        f"{format_bytes(last.memory.working_set_bytes)} had been"
    )
