"""Rules for a run in which the container ended. Pure: no I/O, no clock.

An exit code of 137 is a SIGKILL by anybody; only the reason OOMKilled or the kernel's own counters
make it an OOM kill. On cgroup v2 the kubelet sets memory.oom.group on every container
(kubernetes#117793): the whole container dies, the load with it, and its cgroup is gone before
anybody can read it. Its counters are then unknown, not 0.
"""

from kubectl_stress.plan.plan import Plan
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.kubelet_kills import SIGKILLED
from kubectl_stress.targets.status import Termination
from kubectl_stress.verdict.evidence import (
    after_a_resize,
    as_evidence,
    counters_after,
    kept_by_restart,
    last_sample,
    resizes,
    stream_end,
    where_it_ran_out,
    worker_kills,
)
from kubectl_stress.verdict.findings import (
    Findings,
    app_kill_counts,
    events,
    kill_counts,
    of_kind,
    restarts,
)
from kubectl_stress.verdict.kills_inside import finished_at, in_loads, killed_siblings
from kubectl_stress.verdict.kubelet_end import (
    kubelet_kills,
    restarted_by_kubelet,
    stopped_by_somebody,
    stopped_for_no_restart,
    what_is_likely,
)
from kubectl_stress.verdict.outcome import Outcome, Verdict


def terminated(plan: Plan, findings: Findings) -> Verdict | None:
    ended = of_kind(findings, ChangeKind.TERMINATED)
    if not ended:
        return None
    first = ended[0]
    assert first.termination is not None
    code = first.termination.exit_code
    killing = kubelet_kills(findings, before_ms=first.at_ms)
    if _is_oom_kill(findings, first.termination):
        return _oom_killed_container(plan, findings, first)
    if killing:
        kind = "that kill, not an OOM kill" if code == SIGKILLED else "that kill"
        return restarted_by_kubelet(findings, killing, f"exit code {code} is {kind}")
    if _is_deleted_before(findings, first):
        return None
    return (
        stopped_by_somebody(plan, findings, first)
        or stopped_for_no_restart(findings, first)
        or _exited(findings, first)
    )


def _is_oom_kill(findings: Findings, termination: Termination) -> bool:
    """Whether a process of the app died of an OOM kill before the container ended.

    Whatever the exit code: a shell that waited for the process ends with 0, 1 or 137. containerd
    says OOMKilled of any end after any OOM kill in the container (internal/cri/server/events.go),
    and may miss it where the cgroup went first: then our own counter tells.
    """
    if app_kill_counts(findings) > 0:
        return True
    return termination.is_oom_kill and not _is_sticky(findings)


def _is_sticky(findings: Findings) -> bool:
    """Whether the reason OOMKilled may be of an earlier kill that the container lived through.

    None lives through a kill of its whole group: the probe that failed then found nobody there.
    """
    if kill_counts(findings) or findings.kills:
        return not (findings.hello and findings.hello.oom_group)
    # A counter that could not be read at first may have stood there already.
    read = (*findings.samples.samples, findings.afterwards)
    return any(sample is not None and sample.memory.oom_kill for sample in read)


def _is_deleted_before(findings: Findings, ended: Change) -> bool:
    deleted = of_kind(findings, ChangeKind.DELETED)
    return bool(deleted) and deleted[0].at_ms <= ended.at_ms


def _oom_killed_container(plan: Plan, findings: Findings, ended: Change) -> Verdict:
    assert ended.termination is not None
    exit_code, others = ended.termination.exit_code, killed_siblings(plan, findings)
    facts = (*resizes(findings), *stream_end(findings), *last_sample(findings))
    changes = as_evidence([*events(findings, "Killing"), *others, *restarts(findings)])
    kept = kept_by_restart(plan, findings)
    evidence = (*facts, *kept, *worker_kills(findings), *changes, counters_after(findings))
    where = "at the pod's limit" if others else where_it_ran_out(plan, findings)
    where += after_a_resize(findings)
    order = _order(plan, [*others, ended]) if others else ""
    # The kernel's SIGKILL reaches process 1 too.
    if findings.hello and findings.hello.oom_group and exit_code == SIGKILLED:
        sentence = (
            "the kernel OOM-killed the container as a group (memory.oom.group): app and load "
            f"died together {where}{order}{in_loads(findings)}"
        )
        return Verdict(Outcome.GROUP_OOM_KILLED, sentence, evidence)
    sentence = (
        f"the kernel OOM-killed a process of the app {where}, then the container ended with exit "
        f"code {exit_code}{order}{in_loads(findings)}"
    )
    return Verdict(Outcome.APP_OOM_KILLED, sentence, evidence)


def _order(plan: Plan, ended: list[Change]) -> str:
    """Every container that the pod's limit cost, in order: the first may have caused the others."""
    in_order = sorted(ended, key=finished_at)
    names = [change.container or plan.target.container for change in in_order]
    return f"; the containers of the pod were killed in this order: {', '.join(names)}"


def _exited(findings: Findings, ended: Change) -> Verdict:
    assert ended.termination is not None
    sentence = f"the container exited on its own with exit code {ended.termination.exit_code}"
    return Verdict(
        Outcome.APP_EXITED, sentence, as_evidence(restarts(findings)) + last_sample(findings)
    )


def replaced(_plan: Plan, findings: Findings) -> Verdict | None:
    """A restart without an end: only what the kubelet said before tells its cause.

    A kubelet that is short of CPU was seen to start the container again without ever having shown
    the end of the one before, not even as its last state.
    """
    started = of_kind(findings, ChangeKind.STARTED)
    if not started:
        return None
    killing = kubelet_kills(findings, before_ms=started[0].at_ms)
    if killing:
        return restarted_by_kubelet(findings, killing, "the status does not say how it ended")
    sentence = (
        "the container was restarted, but its status does not say how the previous one ended"
        f"{what_is_likely(findings)}"
    )
    facts = as_evidence([*events(findings, "Killing"), *started])
    evidence = (*stream_end(findings), *last_sample(findings), *facts)
    return Verdict(Outcome.INCONCLUSIVE, sentence, evidence)
