"""Rules for an OOM kill after which the container still runs. Pure: no I/O, no clock.

On cgroup v1, and with singleProcessOOMKill, one process dies and the container may live on. Judged
by `oom_kill`, never by `oom` or `max` (kernel: cgroup-v2, memory.events).
"""

from kubectl_stress.plan.plan import Plan
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.verdict.evidence import (
    after_a_resize,
    as_evidence,
    counters_after,
    last_sample,
    resizes,
    where_it_ran_out,
    worker_kills,
)
from kubectl_stress.verdict.findings import Findings, is_pods_limit, kill_counts, of_kind
from kubectl_stress.verdict.outcome import Outcome, Verdict


def in_loads(findings: Findings) -> str:
    return "" if findings.loads == 1 else f" (the load was started {findings.loads} times)"


def killed_siblings(plan: Plan, findings: Findings) -> list[Change]:
    """The OOM kills of other containers under the pod's limit, in the order in which they ended."""
    if not is_pods_limit(plan, findings):
        return []
    killed = [c for c in of_kind(findings, ChangeKind.NEIGHBOUR) if c.is_oom_kill]
    return sorted(killed, key=finished_at)


def finished_at(change: Change) -> str:
    """When the container ended by the kubelet's clock, in whole seconds."""
    return change.termination.finished_at if change.termination else ""


def killed_beside(plan: Plan, findings: Findings) -> Verdict | None:
    """An OOM kill of another container, under the pod's limit that the load pressed on."""
    killed = killed_siblings(plan, findings)
    if not killed:
        return None
    names = ", then ".join(f'"{change.container}"' for change in killed)
    sentence = (
        f"the kernel OOM-killed another container of the pod ({names}), at the pod's limit; "
        f"{_what_else_died(findings)}"
    )
    evidence = (*as_evidence(killed), *worker_kills(findings), *last_sample(findings))
    return Verdict(Outcome.APP_OOM_KILLED, sentence, (*evidence, counters_after(findings)))


def _what_else_died(findings: Findings) -> str:
    if not kill_counts(findings):
        return "the target and the load keep running"
    if _kills_of_the_app(findings) > 0:
        return "a process of the target was killed too, but its container keeps running"
    return "the load was killed too, and the target keeps running"


def _kills_of_the_app(findings: Findings) -> int:
    """OOM kills beside the load's own; without a final message it is not known which those were."""
    return kill_counts(findings) - len(findings.kills) if findings.ending.bye else 0


def killed_inside(plan: Plan, findings: Findings) -> Verdict | None:
    """An OOM kill after which the container still runs."""
    if not kill_counts(findings):
        return None
    known = (*resizes(findings), *worker_kills(findings), *last_sample(findings))
    evidence = (*known, counters_after(findings))
    load_died = bool(findings.kills) or findings.ending.bye is None
    if load_died and _kills_of_the_app(findings) <= 0:
        sentence = (
            f"the kernel OOM-killed the load {where_it_ran_out(plan, findings)}"
            f"{after_a_resize(findings)}; the app was not killed{in_loads(findings)}"
        )
        return Verdict(Outcome.LOAD_OOM_KILLED, sentence, evidence)
    if findings.other_loads:
        sentence = (
            "the kernel OOM-killed a process that is not of this load; whether it was of the app "
            "or of the other load is not known; the container keeps running"
        )
        return Verdict(Outcome.INCONCLUSIVE, sentence, evidence)
    load = "together with the load" if load_died else "and the load keeps running"
    sentence = f"the kernel OOM-killed a process of the app, {load}; the container keeps running"
    return Verdict(Outcome.APP_OOM_KILLED, sentence, evidence)
