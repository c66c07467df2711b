"""What happened and why, judged from samples and changes alone. Pure: no I/O, no clock.

Facts that bind the judgement:
- An exit code of 137 is a SIGKILL by anybody; only the reason OOMKilled or the kernel's own
  counters make it an OOM kill. Judge by `oom_kill`, never by `oom` or `max` (kernel: cgroup-v2,
  memory.events).
- On cgroup v2 the kubelet sets memory.oom.group on every container (kubernetes#117793): the whole
  container dies, the load with it, and its cgroup is gone before anybody can read it. Its counters
  are then unknown, not 0.
- On cgroup v1, and with singleProcessOOMKill, one process dies and the container may live on.
"""

from dataclasses import dataclass, field
from enum import Enum

from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.spec import Expectation
from kubectl_stress.plan.stop_on import stop_sign
from kubectl_stress.quantity import format_bytes
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.status import Termination
from kubectl_stress.verdict.evidence import (
    Evidence,
    as_evidence,
    counters_after,
    last_sample,
    peak,
    stream_end,
    where_it_ran_out,
    worker_kills,
)
from kubectl_stress.verdict.findings import (
    Findings,
    events,
    is_near_limit,
    is_pods_limit,
    kill_counts,
    of_kind,
    restarts,
)


class Outcome(Enum):
    """What became of the target; the values are stable words for scripts."""

    SURVIVED = "survived"
    LOAD_OOM_KILLED = "load-oom-killed"
    APP_OOM_KILLED = "app-oom-killed"
    GROUP_OOM_KILLED = "group-oom-killed"
    LIVENESS_RESTARTED = "liveness-restarted"
    READINESS_LOST = "readiness-lost"
    EVICTED = "evicted"
    THROTTLED = "throttled"
    APP_EXITED = "app-exited"
    INCONCLUSIVE = "inconclusive"


_MET_BY = {
    Expectation.SURVIVE: {
        Outcome.SURVIVED,
        Outcome.THROTTLED,
        Outcome.READINESS_LOST,
        Outcome.LOAD_OOM_KILLED,
    },
    Expectation.READY: {Outcome.SURVIVED, Outcome.THROTTLED, Outcome.LOAD_OOM_KILLED},
    Expectation.THROTTLE: {Outcome.THROTTLED},
    Expectation.OOM: {Outcome.LOAD_OOM_KILLED, Outcome.APP_OOM_KILLED, Outcome.GROUP_OOM_KILLED},
    Expectation.RESTART: {
        Outcome.APP_OOM_KILLED,
        Outcome.GROUP_OOM_KILLED,
        Outcome.LIVENESS_RESTARTED,
        Outcome.APP_EXITED,
    },
    Expectation.EVICT: {Outcome.EVICTED},
}


@dataclass(frozen=True)
class Verdict:
    """The outcome, one sentence on it, and the facts that it rests on."""

    outcome: Outcome
    sentence: str
    evidence: tuple[Evidence, ...] = field(default=())


def meets(verdict: Verdict, expectation: Expectation) -> bool:
    """Whether the outcome is one that the expectation names."""
    return verdict.outcome in _MET_BY[expectation]


def judge(plan: Plan, findings: Findings) -> Verdict:
    """The verdict; INCONCLUSIVE with its reason where the facts do not force another."""
    for rule in _RULES:
        verdict = rule(plan, findings)
        if verdict is not None:
            return verdict
    return Verdict(Outcome.INCONCLUSIVE, "the run ended without a reason that could be read")


def _elsewhere(_plan: Plan, findings: Findings) -> Verdict | None:
    """Whatever happened, it does not tell of the target's limit."""
    strays = [s for s in findings.samples.samples if s.cgroup_same is False]
    if not strays:
        return None
    sentence = "the load was not in the target's cgroup all the time, so its limit was not tested"
    text = f"the load is in another cgroup than the target ({strays[0].phase})"
    evidence = (Evidence(strays[0].at_ms, "agent", text), *last_sample(findings))
    return Verdict(Outcome.INCONCLUSIVE, sentence, evidence)


def _evicted(_plan: Plan, findings: Findings) -> Verdict | None:
    evictions = of_kind(findings, ChangeKind.EVICTED)
    if not evictions:
        return None
    sentence = "the kubelet evicted the pod; no memory limit was hit"
    facts = [*events(findings, "Evicted"), *evictions]
    return Verdict(Outcome.EVICTED, sentence, as_evidence(facts) + last_sample(findings))


def _terminated(plan: Plan, findings: Findings) -> Verdict | None:
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
    return termination.reason == "OOMKilled" or kill_counts(findings) > len(findings.kills)


def _is_sticky(findings: Findings) -> bool:
    """Whether the reason OOMKilled may be of an earlier kill that the container lived through."""
    first = findings.samples.first
    return bool(kill_counts(findings)) or bool(first and first.memory.oom_kill)


def _is_deleted_before(findings: Findings, ended: Change) -> bool:
    deleted = of_kind(findings, ChangeKind.DELETED)
    return bool(deleted) and deleted[0].at_ms <= ended.at_ms


def _liveness_killings(findings: Findings, *, before_ms: int) -> list[Change]:
    """Killing events of a failed liveness probe; events may arrive a moment after the status."""
    late_ms = 5_000
    return [
        change
        for change in events(findings, "Killing")
        if "liveness probe" in change.text and change.at_ms <= before_ms + late_ms
    ]


def _oom_killed_container(plan: Plan, findings: Findings) -> Verdict:
    killing = events(findings, "Killing")
    facts = (*stream_end(findings), *last_sample(findings), *as_evidence(killing))
    evidence = (*facts, *as_evidence(restarts(findings)), counters_after(findings))
    is_group = bool(findings.hello and findings.hello.oom_group)
    if is_group:
        sentence = (
            "the kernel OOM-killed the container as a group (memory.oom.group): app and load "
            f"died together {where_it_ran_out(plan, findings)}{_in_loads(findings)}"
        )
        return Verdict(Outcome.GROUP_OOM_KILLED, sentence, evidence)
    sentence = (
        f"the kernel OOM-killed the app's main process {where_it_ran_out(plan, findings)}, and "
        f"the container ended{_in_loads(findings)}"
    )
    return Verdict(Outcome.APP_OOM_KILLED, sentence, evidence)


def _in_loads(findings: Findings) -> str:
    return "" if findings.loads == 1 else f" (the load began {findings.loads} times)"


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
    return "; the level was at the limit, so an OOM kill is likely" if near else ""


def _exited(findings: Findings, ended: Change) -> Verdict:
    assert ended.termination is not None
    sentence = f"the container ended by itself with exit code {ended.termination.exit_code}"
    return Verdict(
        Outcome.APP_EXITED, sentence, as_evidence(restarts(findings)) + last_sample(findings)
    )


def _replaced(_plan: Plan, findings: Findings) -> Verdict | None:
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
        "the container was started again, but its status does not say how the one before ended"
        f"{_what_is_likely(findings)}"
    )
    facts = as_evidence([*events(findings, "Killing"), *started])
    evidence = (*stream_end(findings), *last_sample(findings), *facts)
    return Verdict(Outcome.INCONCLUSIVE, sentence, evidence)


def _killed_beside(plan: Plan, findings: Findings) -> Verdict | None:
    """An OOM kill of another container, under the pod's limit that the load pressed on."""
    killed = [c for c in of_kind(findings, ChangeKind.NEIGHBOUR) if c.reason == "OOMKilled"]
    if not killed or not is_pods_limit(plan, findings):
        return None
    sentence = (
        "the kernel OOM-killed another container of the pod, at the pod's limit; "
        f"{_what_else_died(findings)}"
    )
    evidence = (*as_evidence(killed), *worker_kills(findings), *last_sample(findings))
    return Verdict(Outcome.APP_OOM_KILLED, sentence, (*evidence, counters_after(findings)))


def _what_else_died(findings: Findings) -> str:
    if not kill_counts(findings):
        return "the target and the load live on"
    if _kills_of_the_app(findings) > 0:
        return "a process of the target was killed too, but its container was not ended"
    return "the load was killed too, and the target lives on"


def _kills_of_the_app(findings: Findings) -> int:
    """OOM kills beside the load's own; without a goodbye it is not known which those were."""
    return kill_counts(findings) - len(findings.kills) if findings.ending.bye else 0


def _killed_inside(plan: Plan, findings: Findings) -> Verdict | None:
    """An OOM kill after which the container still runs."""
    if not kill_counts(findings):
        return None
    evidence = (*worker_kills(findings), *last_sample(findings), counters_after(findings))
    load_died = bool(findings.kills) or findings.ending.bye is None
    if load_died and _kills_of_the_app(findings) <= 0:
        sentence = (
            f"the kernel OOM-killed the load {where_it_ran_out(plan, findings)}; the app was not "
            f"killed{_in_loads(findings)}"
        )
        return Verdict(Outcome.LOAD_OOM_KILLED, sentence, evidence)
    load = "beside the load" if load_died else "and the load lives on"
    sentence = f"the kernel OOM-killed a process of the app, {load}; the container was not ended"
    return Verdict(Outcome.APP_OOM_KILLED, sentence, evidence)


def _went_away(_plan: Plan, findings: Findings) -> Verdict | None:
    deleted = of_kind(findings, ChangeKind.DELETED)
    if not deleted:
        return None
    sentence = "somebody deleted the pod during the run"
    return Verdict(Outcome.INCONCLUSIVE, sentence, as_evidence(deleted))


def _readiness(_plan: Plan, findings: Findings) -> Verdict | None:
    lost = of_kind(findings, ChangeKind.NOT_READY)
    if not lost:
        return None
    sentence = "the container lost its readiness under the load: it got no traffic, but lived"
    facts = [*events(findings, "Unhealthy")[-3:], *lost, *of_kind(findings, ChangeKind.READY)]
    return Verdict(Outcome.READINESS_LOST, sentence, as_evidence(facts) + last_sample(findings))


def _stopped(plan: Plan, findings: Findings) -> Verdict | None:
    """Released by `--stop-on`, for what was no outcome by itself."""
    sign, bye = stop_sign(plan.spec.stop_on, findings.changes), findings.ending.bye
    if sign is None or bye is None or bye.reason != "stopped":
        return None
    held = format_bytes(findings.samples.peak_held_bytes)
    sentence = (
        f"the load was released at {held}, as --stop-on asked for ({sign.text}); nobody was "
        "killed, and what would have followed was not tested"
    )
    return Verdict(Outcome.INCONCLUSIVE, sentence, as_evidence([sign]) + peak(findings))


def _lost(_plan: Plan, findings: Findings) -> Verdict | None:
    ending = findings.ending
    if ending.bye is None:
        reason = ending.lost or f"the agent ended with exit code {ending.exit_code}"
        sentence = (
            f"the stream of the agent broke off without a cause in status or counters: {reason}"
        )
        return Verdict(Outcome.INCONCLUSIVE, sentence, last_sample(findings))
    if ending.bye.reason != "duration":
        words = "; ".join(f"{error.code}: {error.message}" for error in findings.errors)
        sentence = f"the agent ended before its time ({ending.bye.reason}{words and ': ' + words})"
        return Verdict(Outcome.INCONCLUSIVE, sentence, last_sample(findings))
    return None


def _ended(plan: Plan, findings: Findings) -> Verdict | None:
    """The load ran to its end and nobody died."""
    peak_held, evidence = findings.samples.peak_held_bytes, peak(findings)
    throttled = findings.samples.delta("high_events") or 0
    if throttled:
        sentence = f"memory.high slowed the container down ({throttled} times); nobody was killed"
        return Verdict(Outcome.THROTTLED, sentence, evidence)
    if plan.size_bytes is not None and peak_held < plan.size_bytes:
        sentence = (
            f"the load held only {format_bytes(peak_held)} of {format_bytes(plan.size_bytes)}, so "
            "the level asked for was never tested"
        )
        return Verdict(Outcome.INCONCLUSIVE, sentence, evidence)
    sentence = "the container survived: no OOM kill, no restart, no lost readiness"
    return Verdict(Outcome.SURVIVED, sentence, evidence)


_RULES = (
    _elsewhere,
    _evicted,
    _terminated,
    _replaced,
    _killed_beside,
    _killed_inside,
    _went_away,
    _readiness,
    _stopped,
    _lost,
    _ended,
)
