"""Rules for a run in which the container ended. Pure: no I/O, no clock.

An exit code of 137 is a SIGKILL by anybody; only the reason OOMKilled or the kernel's own counters
make it an OOM kill. On cgroup v2 the kubelet sets memory.oom.group on every container
(kubernetes#117793): the whole container dies, the load with it, and its cgroup is gone before
anybody can read it. Its counters are then unknown, not 0.
"""

from kubectl_stress.plan.plan import Plan
from kubectl_stress.targets.api_events import is_liveness_kill
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.status import Termination
from kubectl_stress.verdict.evidence import (
    as_evidence,
    counters_after,
    last_sample,
    stream_end,
    where_it_ran_out,
)
from kubectl_stress.verdict.findings import (
    Findings,
    events,
    is_near_limit,
    kill_counts,
    of_kind,
    restarts,
)
from kubectl_stress.verdict.kills_inside import in_loads
from kubectl_stress.verdict.outcome import Outcome, Verdict


def terminated(plan: Plan, findings: Findings) -> Verdict | None:
    ended = of_kind(findings, ChangeKind.TERMINATED)
    if not ended:
        return None
    first = ended[0]
    assert first.termination is not None
    liveness = _liveness_killings(findings, before_ms=first.at_ms)
    if _is_oom_kill(findings, first.termination) and not (liveness and _is_sticky(findings)):
        return _oom_killed_container(plan, findings)
    if liveness:
        code = first.termination.exit_code
        words = f"exit code {code} is that kill, not an OOM kill"
        return _restarted_by_liveness(findings, words, liveness)
    if _is_deleted_before(findings, first):
        return None
    if first.termination.exit_code == 137:
        return _unexplained_kill(findings, first)
    return _exited(findings, first)


def _is_oom_kill(findings: Findings, termination: Termination) -> bool:
    """Whether the container's main process died of an OOM kill: a SIGKILL, so always 137.

    containerd says OOMKilled of any end after any OOM kill in the container (internal/cri/server/
    events.go), and may miss it where the cgroup went first: then our own counter tells.
    """
    if termination.exit_code != 137:
        return False
    return termination.is_oom_kill or kill_counts(findings) > len(findings.kills)


def _is_sticky(findings: Findings) -> bool:
    """Whether the reason OOMKilled may be of an earlier kill that the container lived through.

    None lives through a kill of its whole group: the probe that failed then found nobody there.
    """
    if kill_counts(findings):
        return not (findings.hello and findings.hello.oom_group)
    first = findings.samples.first
    return bool(first and first.memory.oom_kill)


def _is_deleted_before(findings: Findings, ended: Change) -> bool:
    deleted = of_kind(findings, ChangeKind.DELETED)
    return bool(deleted) and deleted[0].at_ms <= ended.at_ms


def _liveness_killings(findings: Findings, *, before_ms: int) -> list[Change]:
    """Killing events of a failed liveness probe; events may arrive a moment after the status."""
    late_ms = 5_000
    return [
        change
        for change in events(findings, "Killing")
        if is_liveness_kill(change) and change.at_ms <= before_ms + late_ms
    ]


def _oom_killed_container(plan: Plan, findings: Findings) -> Verdict:
    killing = events(findings, "Killing")
    facts = (*stream_end(findings), *last_sample(findings), *as_evidence(killing))
    evidence = (*facts, *as_evidence(restarts(findings)), counters_after(findings))
    is_group = bool(findings.hello and findings.hello.oom_group)
    if is_group:
        sentence = (
            "the kernel OOM-killed the container as a group (memory.oom.group): app and load "
            f"died together {where_it_ran_out(plan, findings)}{in_loads(findings)}"
        )
        return Verdict(Outcome.GROUP_OOM_KILLED, sentence, evidence)
    sentence = (
        f"the kernel OOM-killed the app's main process {where_it_ran_out(plan, findings)}, and "
        f"the container ended{in_loads(findings)}"
    )
    return Verdict(Outcome.APP_OOM_KILLED, sentence, evidence)


def _restarted_by_liveness(findings: Findings, end: str, killing: list[Change]) -> Verdict:
    sentence = f"the kubelet restarted the container because its liveness probe failed ({end})"
    facts = [*events(findings, "Unhealthy")[-3:], *killing, *restarts(findings)]
    evidence = as_evidence(facts) + last_sample(findings)
    return Verdict(Outcome.LIVENESS_RESTARTED, sentence, evidence)


def _unexplained_kill(findings: Findings, ended: Change) -> Verdict:
    sentence = (
        "the container was killed (137), but neither its status nor a counter says by whom"
        f"{_what_is_likely(findings)}"
    )
    evidence = (*stream_end(findings), *last_sample(findings), *as_evidence([ended]))
    return Verdict(Outcome.INCONCLUSIVE, sentence, evidence)


def _what_is_likely(findings: Findings) -> str:
    near = is_near_limit(findings.samples.last)
    return "; usage was at the limit, so an OOM kill is likely" if near else ""


def _exited(findings: Findings, ended: Change) -> Verdict:
    assert ended.termination is not None
    sentence = f"the container exited on its own with exit code {ended.termination.exit_code}"
    return Verdict(
        Outcome.APP_EXITED, sentence, as_evidence(restarts(findings)) + last_sample(findings)
    )


def replaced(_plan: Plan, findings: Findings) -> Verdict | None:
    """A restart without an end: only a liveness probe that failed before tells its cause.

    A kubelet that is short of CPU was seen to start the container again without ever having shown
    the end of the one before, not even as its last state.
    """
    started = of_kind(findings, ChangeKind.STARTED)
    if not started:
        return None
    liveness = _liveness_killings(findings, before_ms=started[0].at_ms)
    if liveness:
        return _restarted_by_liveness(findings, "the status does not say how it ended", liveness)
    sentence = (
        "the container was restarted, but its status does not say how the previous one ended"
        f"{_what_is_likely(findings)}"
    )
    facts = as_evidence([*events(findings, "Killing"), *started])
    evidence = (*stream_end(findings), *last_sample(findings), *facts)
    return Verdict(Outcome.INCONCLUSIVE, sentence, evidence)
