"""Goes on with the pods that owners create in the place of those that a run loses."""

from collections.abc import Callable
from dataclasses import dataclass

from kubectl_stress.errors import Interrupted, NotRunning, StressError, Unreachable
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.preflight.find_replacement import Replacements
from kubectl_stress.quantity import format_duration
from kubectl_stress.results.report import Report
from kubectl_stress.session.event_loop import EventLoop, Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.progress import Milestone, NewTarget
from kubectl_stress.targets.place import Place, Replaced
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.findings import has_lost_pod

# A lost node's pods are replaced after 5 minutes more (tolerationSeconds of a pod's defaults).
PATIENCE_MS = 600_000
LEAST_LOAD_MS = 5_000
# With the time that a request takes, a line at least each 5 s.
_POLL_S, _SAY_EVERY_MS = 1.0, 3_500


@dataclass(frozen=True)
class Lost:
    """A target whose pod ended under its load, and when that load would have ended."""

    number: int
    target: Target
    spec: LoadSpec
    was_ready: bool
    ends_ms: int

    @property
    def replaced(self) -> Replaced:
        """Its number and pod."""
        return Replaced(self.number, self.target.pod)


class Follow:
    """Each new pod is a target under the next number.

    `intake` makes that of a target; `load` prepares, loads and judges it.
    """

    def __init__(
        self,
        loop: EventLoop,
        replacements: Replacements,
        intake: Callable[[Target, int], Intake],
        load: Callable[[Intake, Lost], Procedure[Report]],
        *,
        first_number: int,
    ) -> None:
        self._loop, self._replacements = loop, replacements
        self._intake, self._load = intake, load
        self._next_number = first_number
        self.places: dict[int, tuple[Place, Replaced]] = {}

    def after(self, intake: Intake, load: Procedure[Report]) -> Procedure[Report]:
        """The same; where the pod is lost under it, the loop carries on with the next one's."""
        report = yield from load
        if has_lost_pod(report.findings) and not report.findings.interrupted:
            spec, began_ms = report.plan.spec, intake.state.load_began_ms
            ends_ms = spec.total_ms + (intake.now_ms() if began_ms is None else began_ms)
            target, was_ready = report.plan.target, report.before.ready
            self._go_on(intake, Lost(intake.number, target, spec, was_ready, ends_ms))
        return report

    def _go_on(self, intake: Intake, lost: Lost) -> None:
        if lost.ends_ms - intake.now_ms() < 2 * LEAST_LOAD_MS:
            intake.tell(Milestone("the run is about to end; not waiting for a new pod"))
            return
        number, self._next_number = self._next_number, self._next_number + 1
        self.places[number] = (Place.awaited(lost.target), lost.replaced)
        self._loop.add(number, self._follow(intake.under(number), lost))

    def _follow(self, waiting: Intake, lost: Lost) -> Procedure[Report]:
        try:
            target = yield from self._await(waiting, lost)
        except KeyboardInterrupt:
            words = f"interrupted while waiting for the pod that replaces {lost.target.pod}"
            raise Interrupted(words) from None
        except StressError as error:
            waiting.tell(Milestone(f"not followed: {error}"))
            raise
        self.places[waiting.number] = (Place.of(target), lost.replaced)
        try:
            intake = self._intake(target, waiting.number)
            intake.state.replaces = lost.replaced
            intake.tell(NewTarget(f"replaces {lost.target.pod}: loaded for the rest of the run"))
            return (yield from self.after(intake, self._load(intake, lost)))
        except KeyboardInterrupt:
            raise Interrupted from None

    def _await(self, waiting: Intake, lost: Lost) -> Procedure[Target]:
        began_ms = said_ms = waiting.now_ms()
        patience_ms = min(PATIENCE_MS, lost.ends_ms - began_ms - LEAST_LOAD_MS)
        longest = format_duration(patience_ms)
        waiting.tell(Milestone(f"waiting up to {longest} for {lost.target.owner} to replace it"))
        while True:
            try:
                return (yield from waiting.call(lambda: self._find(lost)))
            except (NotRunning, Unreachable) as error:
                problem = error.problem if isinstance(error, NotRunning) else str(error)
            now_ms = waiting.now_ms()
            if now_ms - began_ms >= patience_ms:
                raise NotRunning(f"nothing to load replaced the pod within {longest}: {problem}")
            if now_ms - said_ms >= _SAY_EVERY_MS:
                said_ms, waited = now_ms, format_duration(now_ms - began_ms)
                waiting.tell(Milestone(f"still waiting after {waited} of {longest}: {problem}"))
            yield from waiting.sleep(_POLL_S)

    def _find(self, lost: Lost) -> Target:
        return self._replacements.find(lost.target, must_be_ready=lost.was_ready)
