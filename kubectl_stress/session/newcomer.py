"""Whether a pod that joins a run may be loaded, and for how long: nobody is asked once more."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from kubectl_stress.errors import InjectionError, Refused
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.plan.node_budget import refuse_beyond_budget, share_with
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.together import Together
from kubectl_stress.quantity import format_duration
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.follow import LEAST_LOAD_MS, Lost
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.load_procedure import Ready


@dataclass(frozen=True)
class Newcomer:
    """A new pod in the place of a lost one; `asked` is what was confirmed before the run."""

    intake: Intake
    lost: Lost
    together: Together
    asked: Collection[str]
    join: Join

    def plan(self) -> Plan:
        """The plan that the lost one had, made for the new pod; raises Refused."""
        spec, target, force = self.lost.spec, self.intake.state.target, self.together.force
        # What was asked of the lost pod by its name covers the new one.
        named = replace(target, pod=self.lost.target.pod, node=self.lost.target.node)
        self._refuse_unasked(make_plan(spec, named, force=force, join=self.join).questions)
        return make_plan(spec, target, force=force, join=self.join)

    def agreed(self, ready: Ready, others: Iterable[TargetState]) -> Ready:
        """Ready for what is left of the run; raises Refused for what the reading raises."""
        plan, reading = ready.plan, ready.joined.reading
        self._refuse_unasked(plan.questions)
        running = [
            (one.plan, one.sample.held_bytes if one.sample else 0)
            for one in others
            if one.plan and not one.is_over and one.target.node == plan.target.node
        ]
        if not self.together.force:
            refuse_beyond_budget([share_with(plan, reading.hello, reading.sample, running)])
        left_ms = self.lost.ends_ms - self.intake.now_ms()
        if left_ms <= 0:
            raise InjectionError("it was prepared only after the end of the run")
        if left_ms - plan.spec.schedule.ramp_ms < LEAST_LOAD_MS:
            left = format_duration(left_ms)
            raise InjectionError(f"only {left} of the run were left once it was prepared")
        for agreed in plan.questions:
            self.intake.say(agreed)
        return replace(ready, plan=replace(plan, spec=plan.spec.lasting(left_ms)))

    def _refuse_unasked(self, questions: Iterable[str]) -> None:
        new = [question for question in questions if question not in self.asked]
        if new and not self.together.yes:
            raise Refused(f"{new[0]}, which was not asked before the run: --yes confirms it")
