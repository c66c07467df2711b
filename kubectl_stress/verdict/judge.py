"""What happened and why, judged from samples and changes alone. Pure: no I/O, no clock.

The rules are asked in order; the first that has an answer gives the verdict.
"""

from dataclasses import replace

from kubectl_stress.plan.plan import Plan
from kubectl_stress.targets.changes import ChangeKind
from kubectl_stress.verdict.container_end import replaced, terminated
from kubectl_stress.verdict.eviction import evicted
from kubectl_stress.verdict.evidence import Evidence, as_evidence, last_sample
from kubectl_stress.verdict.findings import Findings, events, lost_readiness, of_kind
from kubectl_stress.verdict.kills_inside import killed_beside, killed_inside
from kubectl_stress.verdict.load_end import (
    broke_off,
    interrupted,
    ran_to_its_end,
    stopped,
    stopped_by_other,
)
from kubectl_stress.verdict.outcome import Outcome, Verdict


def judge(plan: Plan, findings: Findings) -> Verdict:
    """The verdict; INCONCLUSIVE with its reason where the facts do not force another."""
    for rule in _RULES:
        verdict = rule(plan, findings)
        if verdict is not None:
            return _beside_others(_up_to_the_end(verdict, findings), findings)
    return Verdict(Outcome.INCONCLUSIVE, "the run ended for an unknown reason")


def _up_to_the_end(verdict: Verdict, findings: Findings) -> Verdict:
    """What was seen before an interruption stands; what would have followed was not seen."""
    text = findings.interrupted
    if not text or verdict.sentence == text:
        return verdict
    return replace(verdict, sentence=f"{verdict.sentence}; {text}")


def _beside_others(verdict: Verdict, findings: Findings) -> Verdict:
    """What came of it is not of this load alone where another run loaded the container too."""
    if not findings.other_loads:
        return verdict
    others = ", ".join(str(load) for load in findings.other_loads)
    sentence = f"{verdict.sentence}; the container was also under {others}"
    return replace(verdict, sentence=sentence)


def _elsewhere(_plan: Plan, findings: Findings) -> Verdict | None:
    """Whatever happened, it does not tell of the target's limit."""
    strays = [s for s in findings.samples.samples if s.cgroup_same is False]
    if not strays:
        return None
    sentence = (
        "the load was not in the target's cgroup for the whole run, so the limit was not tested"
    )
    text = f"the load is in another cgroup than the target ({strays[0].phase})"
    evidence = (Evidence(strays[0].at_ms, "agent", text), *last_sample(findings))
    return Verdict(Outcome.INCONCLUSIVE, sentence, evidence)


def _went_away(_plan: Plan, findings: Findings) -> Verdict | None:
    deleted = of_kind(findings, ChangeKind.DELETED)
    if not deleted:
        return None
    sentence = "the pod was deleted during the run"
    return Verdict(Outcome.INCONCLUSIVE, sentence, as_evidence(deleted))


def _readiness(_plan: Plan, findings: Findings) -> Verdict | None:
    lost = lost_readiness(findings)
    if not lost:
        return None
    sentence = (
        "the container became not ready under the load: it received no traffic, but kept running"
    )
    facts = [*events(findings, "Unhealthy")[-3:], *lost, *of_kind(findings, ChangeKind.READY)]
    return Verdict(Outcome.READINESS_LOST, sentence, as_evidence(facts) + last_sample(findings))


_RULES = (
    _elsewhere,
    evicted,
    terminated,
    replaced,
    killed_beside,
    killed_inside,
    _went_away,
    _readiness,
    interrupted,
    stopped_by_other,
    stopped,
    broke_off,
    ran_to_its_end,
)
