"""Loads targets and judges what happens to them, all at once. Prints nothing.

Plans → holders and readings → one question → loads → verdicts. Whoever shows it is given every
step through `tell`, in the thread that called.
"""

from collections.abc import Callable, Iterable, Sequence

from kubectl_stress.agent.identity import RunIdentity
from kubectl_stress.errors import StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.plan import Plan
from kubectl_stress.results.report import Report
from kubectl_stress.session.event_loop import EventLoop
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.load_procedure import LoadProcedure, Ready
from kubectl_stress.session.pod_watcher import PodWatcher
from kubectl_stress.session.progress import Progress
from kubectl_stress.verdict.outcome import Expectation


class Run:
    """Runs of plans in one namespace; `confirm` answers, once for all, what they must ask."""

    def __init__(
        self,
        cluster: Cluster,
        loop: EventLoop,
        *,
        identity: RunIdentity,
        tell: Callable[[Progress], None],
        confirm: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._cluster, self._loop, self._identity = cluster, loop, identity
        self._tell, self._confirm = tell, confirm

    def __call__(
        self, plan: Plan, holder_spec: HolderSpec, expectation: Expectation | None
    ) -> Report:
        """One; raises StressError where it could not be done, Interrupted after a release."""
        (found,) = self.all([plan], holder_spec, expectation)
        if isinstance(found, StressError):
            raise found
        return found

    def all(
        self, plans: Sequence[Plan], holder_spec: HolderSpec, expectation: Expectation | None
    ) -> list[Report | StressError]:
        """What came of each; one that cannot be loaded does not keep the others from it."""
        intakes = [
            Intake.of(plan.target, self._cluster, self._loop, number, self._tell)
            for number, plan in enumerate(plans)
        ]
        procedures = [
            LoadProcedure(self._cluster, holder_spec, intake, self._identity) for intake in intakes
        ]
        prepared = self._loop.run(
            {n: procedure.prepare(plans[n]) for n, procedure in enumerate(procedures)}
        )
        ready = {n: found for n, found in prepared.items() if isinstance(found, Ready)}
        self._confirm(_questions(ready.values()))
        found: dict[int, Report | StressError] = {
            n: error for n, error in prepared.items() if isinstance(error, StressError)
        }
        if ready:
            targets = [plan.target for plan in plans]
            with PodWatcher(self._cluster, targets, self._loop.put):
                found |= self._loop.run(
                    {n: procedures[n].load(one, expectation) for n, one in ready.items()}
                )
        return [found[number] for number in range(len(plans))]


def _questions(ready: Iterable[Ready]) -> tuple[str, ...]:
    """Each question once, whoever asks it."""
    return tuple(dict.fromkeys(question for one in ready for question in one.plan.questions))
