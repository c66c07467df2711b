"""What a run saw. Pure: no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_stress.agent.protocol import AgentError, Bye, EndReason, Hello, WorkerKilled
from kubectl_stress.agent.samples import Sample
from kubectl_stress.agent.series import Series
from kubectl_stress.plan.oom_domain import Scope, oom_domain
from kubectl_stress.plan.plan import Plan
from kubectl_stress.targets.api_events import NODE_LOST
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.verdict.other_loads import OtherLoad

_PROBE_MS, _LATE_MS = 60_000, 5_000  # events may arrive a moment after the status

# 128 and SIGALRM: its kernel timer ends an agent that has had no turn for ten seconds, and its load
# with it (image/PROTOCOL.md, "Where the agent gets too little CPU").
_WATCHDOG_EXIT_CODE = 142
ENDED_BY_WATCHDOG = (
    "the agent did not get to run for ten seconds, as on an overloaded node or under a small CPU "
    "limit, and its watchdog ended it"
)


@dataclass(frozen=True)
class Ending:
    """How the stream of the agent ended.

    `bye` is its last line, None if it was killed or cut off; `exit_code` what the exec's status
    says, None where none came; `lost` why the connection ended without a status.
    """

    bye: Bye | None = None
    exit_code: int | None = None
    lost: str | None = None
    at_ms: int = 0

    @property
    def is_by_watchdog(self) -> bool:
        """Whether the agent was ended because it got no CPU time (ENDED_BY_WATCHDOG)."""
        return self.bye is None and self.exit_code == _WATCHDOG_EXIT_CODE


@dataclass(frozen=True)
class Findings:
    """All that a run saw, as the verdict needs it.

    `afterwards` is a reading taken through the holder after the stream broke off, None where no
    holder was left to take it. `loads` is how often the load began (`--after-oom repeat`); hello,
    ending and afterwards are then those of the last. `other_loads` are those of other runs.
    `interrupted` says what became of the load where the user ended the run.
    """

    samples: Series
    changes: Sequence[Change]
    ending: Ending
    hello: Hello | None = None
    kills: Sequence[WorkerKilled] = ()
    errors: Sequence[AgentError] = ()
    afterwards: Sample | None = None
    loads: int = 1
    other_loads: Sequence[OtherLoad] = ()
    interrupted: str = ""


def of_kind(findings: Findings, *kinds: ChangeKind) -> list[Change]:
    """The changes of these kinds, in order."""
    return [change for change in findings.changes if change.kind in kinds]


def events(findings: Findings, *reasons: str) -> list[Change]:
    """The API events with one of these reasons, in order."""
    return [c for c in of_kind(findings, ChangeKind.EVENT) if c.reason in reasons]


# The kernel takes a process out of its cgroup before it tells anybody that the process has ended
# (`cgroup_exit` in do_exit, kernel/exit.c): an agent may see its target part from it, and not go.
_ENDED_BY_OTHERS = (EndReason.TARGET_GONE, EndReason.SIGNAL, EndReason.PARTED)


def is_cut(ending: Ending) -> bool:
    """Whether the agent ended without goodbye, or by what somebody else did."""
    return ending.bye is None or ending.bye.reason in _ENDED_BY_OTHERS


def has_lost_pod(findings: Findings) -> bool:
    """Whether the load was cut short by the end of its pod, or by the loss of its node."""
    is_gone = of_kind(findings, ChangeKind.DELETED, ChangeKind.EVICTED)
    return is_cut(findings.ending) and bool(is_gone or events(findings, NODE_LOST))


def lost_readiness(findings: Findings) -> list[Change]:
    """How often the container became not ready, restarts of the kubelet apart.

    A kubelet up to 1.34 shows a container that it finds running as not ready until its next probe.
    """
    return [c for c in of_kind(findings, ChangeKind.NOT_READY) if not _is_flip(findings, c)]


def readiness_flips(findings: Findings, *, since_ms: int) -> list[Change]:
    """How often the container was shown not ready though no probe had failed, and ready again."""
    seen = [c for c in of_kind(findings, ChangeKind.NOT_READY) if c.at_ms >= since_ms]
    return [change for change in seen if _is_flip(findings, change)]


def _is_flip(findings: Findings, lost: Change) -> bool:
    """It came back, and no probe had failed."""
    came_back = any(c.at_ms >= lost.at_ms for c in of_kind(findings, ChangeKind.READY))
    failed = [c for c in findings.changes if c.is_failed_probe]
    near = [c for c in failed if -_PROBE_MS <= c.at_ms - lost.at_ms <= _LATE_MS]
    return came_back and not near


def restarts(findings: Findings) -> list[Change]:
    """How the container ended and came back."""
    return of_kind(findings, ChangeKind.TERMINATED, ChangeKind.STARTED, ChangeKind.WAITING)


def kill_counts(findings: Findings) -> int:
    """OOM kills counted in the target's cgroup during the run, 0 where none could be counted."""
    from_kills = sum(
        counted_between(kill.oom_kill_before, kill.oom_kill_after) for kill in findings.kills
    )
    return max(findings.samples.delta("oom_kill") or 0, from_kills, _afterwards_delta(findings))


def app_kill_counts(findings: Findings) -> int:
    """OOM kills counted in the target's cgroup that were not of the load.

    Its supervisor reports each of its workers' deaths; after its own, which nobody reports, only
    what it had counted itself is known not to be of the load.
    """
    if findings.other_loads:
        return 0  # whose they were, the counter does not tell
    if findings.ending.bye is not None:
        return kill_counts(findings) - len(findings.kills)
    return (findings.samples.delta("oom_kill") or 0) - len(findings.kills)


def died_beside_the_load(findings: Findings) -> bool:
    """Whether the kernel killed more than the load, which its workers' deaths ended."""
    bye = findings.ending.bye
    by_kills = bye is not None and bye.reason is EndReason.WORKERS_KILLED
    return by_kills and app_kill_counts(findings) > 0


def _afterwards_delta(findings: Findings) -> int:
    first, after = findings.samples.first, findings.afterwards
    if first is None or after is None:
        return 0
    return counted_between(first.memory.oom_kill, after.memory.oom_kill)


def counted_between(before: int | None, after: int | None) -> int:
    """How much a counter rose; 0 where one of its values is unknown, which is not 0."""
    return 0 if before is None or after is None else after - before


def is_near_limit(sample: Sample | None) -> bool:
    """Whether at most 1 % of the limit was left."""
    if sample is None or sample.memory.headroom_bytes is None:
        return False
    return sample.memory.headroom_bytes * 100 <= (sample.memory.limit_bytes or 0)


def is_pods_limit(plan: Plan, findings: Findings) -> bool:
    """Whether the pod's limit, which it shares, may be reached before the container's own."""
    last = findings.samples.last
    if findings.hello is None or last is None or not plan.target.siblings:
        return False
    domain = oom_domain(plan.target, findings.hello, last.memory)
    return domain.scope is Scope.POD or (domain.scope is Scope.CONTAINER and not domain.is_certain)
