"""What became of a target once its load has ended: how long it is waited for, and what is said."""

from kubectl_stress.errors import InjectionError, NotFound, StressError
from kubectl_stress.injection.join import JoinedHolder, Joiner
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder_spec import HolderSpec, Join
from kubectl_stress.plan.plan import Plan
from kubectl_stress.preflight.admission import beyond_exec
from kubectl_stress.session.collector import Collector
from kubectl_stress.session.event_loop import Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.progress import Afterwards
from kubectl_stress.targets.api_events import NODE_LOST
from kubectl_stress.targets.changes import ChangeKind
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.evidence import last_sample
from kubectl_stress.verdict.findings import (
    ENDED_BY_WATCHDOG,
    Ending,
    counted_between,
    died_beside_the_load,
    events,
    is_pods_limit,
    kill_counts,
)
from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.kubelet_end import kubelet_kills, restarted_by_kubelet
from kubectl_stress.verdict.outcome import Outcome

# The watch showed `terminated` 3.9 s after a group kill on the test node, and `running` at 7.2 s;
# a loaded node is several times slower.
_CAUSE_MS = 60_000
_RESTART_MS = 40_000
# A node without a word is NotReady after 50 s (--node-monitor-grace-period), looked at each 5 s.
_NODE_LOST_MS = 75_000
# The load's own death is known at once, but a container's only once the kubelet has seen it.
_CONTAINER_END_MS = 15_000
_JOINING_MS = 5_000
_FINAL = {
    Outcome.APP_OOM_KILLED,
    Outcome.GROUP_OOM_KILLED,
    Outcome.LIVENESS_RESTARTED,
    Outcome.KUBELET_RESTARTED,
}


def refuse_if_not_restarted(target: Target, status: ContainerStatus) -> None:
    """Raises InjectionError for a container that has ended for good."""
    if _has_ended_for_good(target, status):
        policy = target.restart_policy
        raise InjectionError(f"its container is not restarted (restartPolicy {policy})")


def _has_ended_for_good(target: Target, status: ContainerStatus) -> bool:
    end = status.termination
    return end is not None and not target.is_restarted_after(end.exit_code)


class CauseSearch:
    """One target's, after each of its loads and at the end of the run."""

    def __init__(
        self, cluster: Cluster, holder_spec: HolderSpec, intake: Intake, joiner: Joiner
    ) -> None:
        self._cluster, self._holder_spec = cluster, holder_spec
        self._intake, self._joiner = intake, joiner

    @property
    def _collector(self) -> Collector:
        return self._intake.collector

    def find(self, joined: JoinedHolder, *, is_silent: bool) -> Procedure[None]:
        """After a stream without goodbye: a reading if the holder lives, else the status."""
        collector, ending = self._collector, self._collector.ending
        if ending is None or not collector.needs_cause:
            return
        if collector.hello is None:
            words = yield from self._did_not_start(joined, ending, is_silent=is_silent)
            raise InjectionError(words)
        code = "no exit code" if ending.exit_code is None else f"exit code {ending.exit_code}"
        self._intake.say(f"load ended ({code}); looking for the cause")
        reading = yield from self._intake.call(lambda: self._joiner.read_again(joined))
        if reading is not None:
            collector.afterwards = reading.sample
            self._intake.tell(Afterwards(reading.sample))
        if reading is None or not _has_counted_kill(collector):
            yield from self._await_cause(self._patience_ms(ending))

    def _patience_ms(self, ending: Ending) -> int:
        """For how long what ended the load may take to be told by the API server."""
        if ending.exit_code is None:
            return _NODE_LOST_MS
        killing = kubelet_kills(self._collector.of_this_load(), before_ms=self._intake.now_ms())
        # The watchdog is a cause by itself; who ends the container meanwhile is another one.
        return _CONTAINER_END_MS if ending.is_by_watchdog and not killing else _CAUSE_MS

    def _await_cause(self, patience_ms: int) -> Procedure[None]:
        """Until the API server says what became of the container, or that its node is lost."""
        collector, deadline_ms = self._collector, self._intake.now_ms() + patience_ms
        kinds = (ChangeKind.TERMINATED, ChangeKind.EVICTED, ChangeKind.DELETED)
        while self._intake.now_ms() < deadline_ms:
            if collector.has_changed(*kinds) or events(collector.of_this_load(), NODE_LOST):
                return
            yield from self._intake.take_next()

    def _did_not_start(
        self, joined: JoinedHolder, ending: Ending, *, is_silent: bool
    ) -> Procedure[str]:
        words = ending.lost or "no message"
        yield from self._intake.wait_for(_JOINING_MS, ChangeKind.TERMINATED)
        ended = self._why_the_container_ended()
        if ended is None and ending.is_by_watchdog:
            ended = ENDED_BY_WATCHDOG
        if ended is not None:
            return f"the agent did not start: {ended}"
        if joined.join is not Join.EXEC or is_silent:
            return f"the agent did not start: {words}"
        hint = yield from self._intake.call(
            lambda: beyond_exec(self._cluster, joined.target, self._holder_spec)
        )
        return f"the agent did not start in the target: {words}. {hint}"

    def _why_the_container_ended(self) -> str | None:
        """What kept the load from joining where it was the container; then no join would help."""
        findings = self._collector.of_this_load()
        killing = kubelet_kills(findings, before_ms=self._intake.now_ms())
        if killing:
            return restarted_by_kubelet(findings, killing, "while the load was joining").sentence
        ends = [c.termination for c in findings.changes if c.kind is ChangeKind.TERMINATED]
        return f"the container ended meanwhile: {ends[0]}" if ends else None

    def last_look(self, plan: Plan) -> Procedure[None]:
        """What the API server says at the end; a container that ended is seen coming back."""
        findings = self._collector.findings()
        if died_beside_the_load(findings):
            yield from self._intake.wait_for(_CONTAINER_END_MS, ChangeKind.TERMINATED)
        if self._collector.has_changed(ChangeKind.TERMINATED):
            yield from self._await_restart(plan)
        elif kill_counts(findings) and is_pods_limit(plan, findings):
            self._intake.say(
                "the pod's limit is shared: checking whether another container was killed too"
            )
            yield from self._intake.wait_for(_CONTAINER_END_MS, ChangeKind.NEIGHBOUR)
        yield from self._read_pod(plan.target)

    def _await_restart(self, plan: Plan) -> Procedure[None]:
        """A container that runs again already needs no waiting, and no word on it."""
        policy, status = plan.target.restart_policy, self._collector.status
        kinds = (ChangeKind.STARTED, ChangeKind.DELETED)
        if _has_ended_for_good(plan.target, status):
            self._intake.say(f"{self._cause(plan)}; restartPolicy {policy}: it is not restarted")
        elif self._collector.has_changed(ChangeKind.WAITING):
            self._intake.say(self._cause(plan))
        elif not self._collector.has_changed(*kinds):
            self._intake.say(f"{self._cause(plan)}; waiting for its restart")
            yield from self._intake.wait_for(_RESTART_MS, *kinds, ChangeKind.WAITING)

    def _cause(self, plan: Plan) -> str:
        """Confirmed is only what no later event can turn into another verdict."""
        if judge(plan, self._collector.findings()).outcome in _FINAL:
            return "cause confirmed by the container's status"
        return f"container ended: {self._collector.status.last_end}"

    def _read_pod(self, target: Target) -> Procedure[None]:
        try:
            pod = yield from self._intake.call(
                lambda: self._cluster.get_pod(target.namespace, target.pod)
            )
        except NotFound:
            self._intake.see_pod(None)
        except StressError as error:  # a cut link takes nothing of what was seen before
            self._intake.say(f"cannot read the pod once more: {error}")
        else:
            self._intake.see_pod(pod)

    def known_so_far(self, plan: Plan) -> str:
        """What is known where the search is interrupted, and that it is not the verdict."""
        findings = self._collector.findings()
        facts = "".join(f"; {fact.text}" for fact in last_sample(findings))
        return (
            "interrupted while looking for the cause; the load has ended. So far, not confirmed: "
            f"{judge(plan, findings).sentence}{facts}"
        )


def _has_counted_kill(collector: Collector) -> bool:
    first, after = collector.of_this_load().samples.first, collector.afterwards
    if first is None or after is None:
        return False
    return counted_between(first.memory.oom_kill, after.memory.oom_kill) > 0
