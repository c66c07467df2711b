"""Whatever arrives, in whatever order: no traceback, and no certainty without a fact.

What forces an outcome is written here from the words of the kernel's documentation and of the API,
and by nothing of the rules: it looks at the values that were generated alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_stress.agent.protocol import Hello, WorkerKilled
from kubectl_stress.agent.samples import Sample
from kubectl_stress.agent.series import Series
from kubectl_stress.formats.report_text import verdict_text
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.findings import Ending, Findings
from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.outcome import Outcome
from tests.builders.pods import (
    bye,
    event,
    findings,
    hello,
    plan,
    pod,
    report,
    sample,
    terminated,
    worker_killed,
)
from tests.selection.sample import size

TIMES = st.integers(0, 40_000)
CODES = st.sampled_from([0, 1, 2, 42, 127, 130, 134, 137, 138, 139, 143, 165, 255])
REASONS = st.sampled_from(["OOMKilled", "Error", "Completed", "ContainerStatusUnknown", ""])
MESSAGES = {
    "Killing": [
        "Container app failed liveness probe, will be restarted",
        "Container app failed startup probe, will be restarted",
        "Container app definition changed, will be restarted",
        "Container app resize requires restart",
        "Stopping container app",
    ],
    "Unhealthy": ["Liveness probe failed: timeout", "Readiness probe failed: timeout"],
    "BackOff": ["Back-off restarting failed container"],
    "ResizeStarted": ["Pod resize started"],
}
KINDS = [
    ChangeKind.STARTED,
    ChangeKind.NOT_READY,
    ChangeKind.READY,
    ChangeKind.WAITING,
    ChangeKind.EVICTED,
    ChangeKind.DELETED,
    ChangeKind.ALL_RESTARTING,
    ChangeKind.RESIZED,
]


def samples() -> st.SearchStrategy[list[Sample]]:
    counters = st.one_of(st.none(), st.integers(0, 4))
    one = st.builds(
        lambda usage, at_ms, held, kills, high, same, limit: sample(
            usage,
            at_ms=at_ms,
            held_mib=held,
            oom_kill=kills,
            high_events=high,
            cgroup_same=same,
            limit_bytes=limit,
        ),
        st.floats(0, 130),
        TIMES,
        st.floats(0, 120),
        counters,
        counters,
        st.sampled_from([None, True, True, True, False]),
        st.sampled_from([None, 1 << 26, 1 << 27]),
    )
    return st.lists(one, max_size=5)


def events() -> st.SearchStrategy[Change]:
    words = [(reason, text) for reason, texts in MESSAGES.items() for text in texts]
    return st.builds(lambda word, at_ms: event(*word, at_ms=at_ms), st.sampled_from(words), TIMES)


def sibling(reason: str, code: int, at_ms: int) -> Change:
    end = terminated(reason, code, at_ms=at_ms)
    return Change(at_ms, ChangeKind.NEIGHBOUR, end.text, "status", reason, end.termination, "side")


def changes() -> st.SearchStrategy[list[Change]]:
    ends = st.builds(lambda r, c, at: terminated(r, c, at_ms=at), REASONS, CODES, TIMES)
    plain = st.builds(Change, TIMES, st.sampled_from(KINDS), st.just("it happened"))
    siblings = st.builds(sibling, REASONS, CODES, TIMES)
    return st.lists(st.one_of(events(), ends, plain, siblings, ends), max_size=7)


def endings() -> st.SearchStrategy[Ending]:
    byes = st.sampled_from(["duration", "workers-killed", "stopped", "signal", "target-gone"])
    said = st.builds(lambda reason: Ending(bye(reason), 0, None, 20_000), byes)
    cut = st.builds(lambda code: Ending(None, code, "lost", 20_000), st.sampled_from([None, 137]))
    return st.one_of(said, cut)


def targets() -> st.SearchStrategy[Target]:
    alone = pod().container("app", limit="128Mi", livenessProbe={"failureThreshold": 2})
    shared = pod().container("app").container("side")
    shared.with_spec(resources={"limits": {"memory": "96Mi"}})
    return st.sampled_from([Target.from_pod(built.dict, "app") for built in (alone, shared)])


def hellos() -> st.SearchStrategy[Hello | None]:
    v1 = hello(oom_group=None, cgroup_version=1)
    return st.sampled_from([None, hello(), hello(oom_group=False), v1])


def kills() -> st.SearchStrategy[list[WorkerKilled]]:
    return st.lists(st.just(worker_killed()), max_size=2)


ALL: dict[str, st.SearchStrategy[Any]] = {
    "samples": samples(),
    "changes": changes(),
    "ending": endings(),
    "hello": hellos(),
    "kills": kills(),
    "afterwards": st.one_of(st.none(), samples().map(lambda found: next(iter(found), None))),
}


@dataclass(frozen=True)
class Seen:
    """The generated values as others would name them."""

    target: Target
    given: Findings

    def has(self, *kinds: ChangeKind) -> bool:
        return any(change.kind in kinds for change in self.given.changes)

    def was_said(self, *words: str) -> bool:
        return any(word in c.text for c in self.given.changes for word in words)

    @property
    def ends(self) -> list[tuple[str, int]]:
        found = [c for c in self.given.changes if c.kind is ChangeKind.TERMINATED]
        return [(c.termination.reason, c.termination.exit_code) for c in found if c.termination]

    @property
    def has_counted_kill(self) -> bool:
        """Whether any counter of an OOM kill stands higher than another, or a worker was killed."""
        return len(set(self._counters)) > 1 or bool(self.given.kills)

    @property
    def _counters(self) -> list[int]:
        read = [*self.given.samples.samples, self.given.afterwards]
        values = [sample.memory.oom_kill for sample in read if sample is not None]
        return [value for value in values if value is not None]

    @property
    def has_kill_beside_the_loads(self) -> bool:
        """Whether more kills were counted than workers were reported as killed."""
        counters = self._counters or [0]
        return max(counters) - min(counters) > len(self.given.kills)

    @property
    def is_oom_of_status(self) -> bool:
        """Whether a status tells of an OOM kill that neither the load nor the past explains."""
        is_sibling = any(c.is_oom_kill and c.container for c in self.given.changes)
        is_own = any(c.is_oom_kill and not c.container for c in self.given.changes)
        # Nobody lives through a kill of the whole group (cgroup-v2, memory.oom.group).
        is_group = bool(self.given.hello and self.given.hello.oom_group)
        has_lived = bool(self.given.kills) or max(self._counters, default=0) > 0
        is_explained = has_lived and not is_group
        is_shared = self.target.pod_limit_bytes is not None
        return (is_own and not is_explained) or (is_sibling and is_shared)

    @property
    def is_elsewhere(self) -> bool:
        return any(s.cgroup_same is False for s in self.given.samples.samples)

    @property
    def has_ended(self) -> bool:
        return bool(self.ends) or self.has(ChangeKind.STARTED)

    @property
    def has_said_goodbye(self) -> bool:
        said = self.given.ending.bye
        return said is not None and said.reason.value == "duration"


FORCED_BY: dict[Outcome, Callable[[Seen], bool]] = {
    Outcome.SURVIVED: lambda s: s.has_said_goodbye and not (s.has_ended or s.given.kills),
    Outcome.THROTTLED: lambda s: (
        s.has_said_goodbye
        and not s.has_ended
        and any(one.memory.high_events for one in s.given.samples.samples)
    ),
    # A pod that is deleted ends its containers, after whatever was counted before.
    Outcome.LOAD_OOM_KILLED: lambda s: (
        s.has_counted_kill and (s.has(ChangeKind.DELETED) or not s.has_ended)
    ),
    Outcome.APP_OOM_KILLED: lambda s: s.has_kill_beside_the_loads or s.is_oom_of_status,
    Outcome.GROUP_OOM_KILLED: lambda s: (
        bool(s.given.hello and s.given.hello.oom_group)
        and any(code == 137 for _, code in s.ends)
        and (s.has_kill_beside_the_loads or s.is_oom_of_status)
    ),
    Outcome.LIVENESS_RESTARTED: lambda s: (
        s.has_ended and s.was_said("failed liveness probe", "Liveness probe failed")
    ),
    Outcome.KUBELET_RESTARTED: lambda s: (
        s.has_ended
        and (
            s.was_said("failed startup probe", "definition changed", "resize requires restart")
            or s.has(ChangeKind.ALL_RESTARTING)
        )
    ),
    Outcome.READINESS_LOST: lambda s: s.has(ChangeKind.NOT_READY) and not s.has_ended,
    Outcome.EVICTED: lambda s: s.has(ChangeKind.EVICTED),
    # A program's own code, or a fault of its own; not what a shell tells of a signal from outside.
    Outcome.APP_EXITED: lambda s: any(c in {0, 1, 2, 42, 127, 134, 139, 255} for _, c in s.ends),
}


@given(target=targets(), values=st.fixed_dictionaries(ALL))
@settings(max_examples=size(whole=10_000, sample=2_000), deadline=None)
def test_a_verdict_holds_a_fact_that_forces_it(target: Target, values: dict[str, Any]) -> None:
    seen = findings(**{**values, "samples": Series(values["samples"])})

    verdict = judge(plan("120%" if target.limit_bytes else "50Mi", target=target), seen)

    assert verdict.sentence
    if verdict.outcome is not Outcome.INCONCLUSIVE:
        found = Seen(target, seen)
        assert FORCED_BY[verdict.outcome](found), (verdict, seen)
        assert not found.is_elsewhere
        assert verdict.evidence


@given(values=st.fixed_dictionaries(ALL))
@settings(max_examples=size(whole=1_000, sample=100), deadline=None)
def test_whatever_was_seen_can_be_told(values: dict[str, Any]) -> None:
    seen = findings(**{**values, "samples": Series(values["samples"])})

    assert verdict_text(report(seen))


def test_every_outcome_but_inconclusive_has_a_fact_that_forces_it() -> None:
    assert set(FORCED_BY) == set(Outcome) - {Outcome.INCONCLUSIVE}
