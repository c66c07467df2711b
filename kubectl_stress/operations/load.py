"""Loads targets and judges what happens to them, all at once. Prints nothing.

Plans → holders and readings → one question → loads → verdicts. Whoever shows it is given every
step through `tell`, in the thread that called.
"""

from collections.abc import Callable, Sequence

from kubectl_stress.errors import Interrupted, StressError
from kubectl_stress.injection.first_look import FirstLook
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.together import Together
from kubectl_stress.results.report import Report
from kubectl_stress.session.announcer import Announcer
from kubectl_stress.session.event_loop import EventLoop
from kubectl_stress.session.fleet import Fleet, Loaded, Surroundings
from kubectl_stress.session.progress import Progress
from kubectl_stress.verdict.outcome import Expectation

_ALONE = Together()


class Run:
    """Runs of plans; `confirm` answers, once for all, what they must ask, `say` hears of all."""

    def __init__(
        self,
        cluster: Cluster,
        loop: EventLoop,
        *,
        announcer: Announcer,
        tell: Callable[[Progress], None],
        confirm: Callable[[tuple[str, ...]], None],
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._around = Surroundings(cluster, loop, announcer, tell, confirm, say)

    def __call__(
        self,
        plan: Plan,
        holder_spec: HolderSpec,
        expectation: Expectation | None,
        look: FirstLook | None = None,
    ) -> Report:
        """One; raises StressError where it could not be done, Interrupted after a release.

        `look` is what was seen of its target just before.
        """
        looks = {} if look is None else {0: look}
        ((found,), _) = Fleet(self._around, [plan], holder_spec, expectation, _ALONE, looks).run()
        if isinstance(found, StressError):
            raise found
        if found.findings.interrupted:
            raise Interrupted(found.findings.interrupted)
        return found

    def all(
        self,
        plans: Sequence[Plan],
        holder_spec: HolderSpec,
        expectation: Expectation | None,
        together: Together = _ALONE,
        *,
        reserved: int = 0,
    ) -> Loaded:
        """What came of each; raises Refused where no load may begin.

        `reserved` numbers after those of the plans are of targets that are not loaded.
        """
        fleet = Fleet(self._around, plans, holder_spec, expectation, together, {})
        return fleet.run(reserved=reserved)
