"""Finds out whether a run would be possible and what it would meet, without changing anything.

Only with a probe is something attached: the holder, as a run would attach it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubectl_stress.clock import Clock
from kubectl_stress.errors import StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan import guards
from kubectl_stress.plan.holder import live_holder
from kubectl_stress.plan.holder_spec import HolderSpec, Join
from kubectl_stress.plan.target_facts import Fact, Known, assumed_facts, facts
from kubectl_stress.preflight.admission import ask_permissions, check_admission, refuse_missing
from kubectl_stress.preflight.at_once import both
from kubectl_stress.preflight.reactions import reactions
from kubectl_stress.preflight.wait_for_target import find_and_wait
from kubectl_stress.results.check_result import Checkup
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.target import Target

if TYPE_CHECKING:
    from kubectl_stress.plan.plan import Plan
    from kubectl_stress.plan.read_facts import Found


@dataclass(frozen=True)
class Question:
    """What is asked of one target: `with_probe` attaches a holder and reads what only it can.

    `is_judged`: the API server is asked whether it would admit that holder. `wait_ms` is how long
    a target that does not run yet is waited for. `plan` is that of the run, where it is decided.
    """

    ref: TargetRef
    container: str | None = None
    with_probe: bool = False
    is_judged: bool = True
    wait_ms: int = 0
    plan: "Plan | None" = None


class Check:
    """Checks targets of one cluster; `tell` hears what takes time."""

    def __init__(
        self, cluster: Cluster, holder: HolderSpec, *, clock: Clock, tell: Callable[[str], None]
    ) -> None:
        self._cluster, self._holder, self._clock, self._tell = cluster, holder, clock, tell

    def __call__(self, question: Question) -> Checkup:
        """What is found; whatever would end a run is its `problem`, not raised."""
        namespace = self._cluster.namespace
        answers, found = both(
            lambda: tuple(ask_permissions(self._cluster, question.ref, namespace)),
            lambda: self._target_and_pod(question, namespace),
        )
        denied = _error_of(lambda: refuse_missing(answers, namespace))
        checkup = Checkup(str(question.ref), answers, problem=denied)
        if isinstance(found, StressError):
            return replace(checkup, problem=denied or found)
        target, pod = found
        checkup = replace(
            checkup, pod=target.pod, questions=_questions(target, self._holder.join, question.plan)
        )
        return self._of_target(checkup, target, pod, question)

    def _target_and_pod(
        self, question: Question, namespace: str
    ) -> tuple[Target, Pod] | StressError:
        try:
            target = find_and_wait(
                self._cluster,
                question.ref,
                question.container,
                wait_ms=question.wait_ms,
                clock=self._clock,
                tell=self._tell,
            )
            return target, self._cluster.get_pod(namespace, target.pod)
        except StressError as error:
            return error

    def _of_target(self, checkup: Checkup, target: Target, pod: Pod, question: Question) -> Checkup:
        is_judged = checkup.problem is None and question.is_judged
        refused, reacting = both(
            lambda: self._admission_error(target) if is_judged else None,
            lambda: reactions(self._cluster, target.namespace, pod),
        )
        problem = checkup.problem or refused or self._known_refusal(target, pod)
        admission = _admission(refused) if is_judged else _not_asked(question)
        found: Found | None = None
        if question.with_probe and problem is None:
            try:
                found = self._probe(target)
            except StressError as error:
                problem = error
        problem = problem or _error_of(
            lambda: _refuse_by_guard(target, self._holder.join, found, question.plan)
        )
        known = facts(target, reacting, _of_node(target, found))
        joining = (_join(target, pod, self._holder), admission)
        return replace(checkup, facts=(*joining, *known), problem=problem)

    def _probe(self, target: Target) -> "Found":
        from kubectl_stress.injection.join import Joiner  # without a probe it is not used
        from kubectl_stress.plan.read_facts import Found

        # A proxy or a webhook may keep streams away, and a load is one.
        joiner = Joiner(self._cluster, clock=self._clock, tell=self._tell, reads_log=False)
        reading = joiner.enter(target, self._holder).reading
        return Found(reading.hello, reading.sample.memory, reading.processes)

    def _known_refusal(self, target: Target, pod: Pod) -> StressError | None:
        if not self._holder.uses_target_image:
            return None
        from kubectl_stress.plan.target_image_refusal import known_refusal

        return known_refusal(pod, target, self._holder)

    def _admission_error(self, target: Target) -> StressError | None:
        return _error_of(lambda: check_admission(self._cluster, target, self._holder))


def _of_node(target: Target, found: "Found | None") -> Iterable[Fact]:
    """What is known of it with a probe, and without one."""
    if found is None:
        return assumed_facts(target)
    from kubectl_stress.plan.read_facts import read_facts

    return read_facts(target, found)


_WAYS = {
    Join.EXEC: "by exec, in the target's own cgroup",
    Join.CGROUP: "into the target's own cgroup, from a privileged ephemeral container",
    Join.POD: guards.POD_LEVEL_ONLY,
}


def _join(target: Target, pod: Pod, holder: HolderSpec) -> Fact:
    name = live_holder(pod, target, holder)
    of = " of the target's own image" * holder.uses_target_image
    added = f"adds an ephemeral container{of}, whose entry stays in the pod"
    entry = f"reuses {name}" if name else added
    return Fact("join", holder.join.value, f"{_WAYS[holder.join]}; {entry}")


def _questions(target: Target, join: Join, plan: "Plan | None") -> tuple[str, ...]:
    """What a run asks first, or needs --yes for; without a plan it may reach the limit."""
    if plan is not None:
        return plan.questions
    return guards.questions(guards.as_loaded(target, join), join, may_reach_limit=True)


def _not_asked(question: Question) -> Fact:
    """Why the API server was not asked whether it admits the ephemeral container."""
    why = "the run is not possible" if question.is_judged else "--dry-run=server asks it"
    return Fact("admission", None, f"the API server was not asked: {why}", Known.UNKNOWN)


def _admission(error: StressError | None) -> Fact:
    if error is None:
        return Fact("admission", True, "the API server admits the ephemeral container")
    return Fact("admission", False, str(error))


def _refuse_by_guard(
    target: Target, join: Join, found: "Found | None", plan: "Plan | None"
) -> None:
    """Raise Refused where a run would; one that has a plan has passed what needs no reading."""
    if plan is None:
        guards.refuse_small_pod(target)
        guards.refuse_without_limit(guards.as_loaded(target, join), join)
    if found is not None:
        guards.refuse_little_headroom(found.memory.headroom_bytes, target)


def _error_of(act: Callable[[], None]) -> StressError | None:
    """The error that this raises, as a finding."""
    try:
        act()
    except StressError as error:
        return error
    return None
