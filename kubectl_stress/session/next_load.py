"""Which load follows a verdict, where one does. Pure: no clock."""

from collections.abc import Callable, Sequence
from typing import Protocol

from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.plan.stop_on import stop_sign
from kubectl_stress.targets.changes import Change
from kubectl_stress.verdict.outcome import Expectation, Verdict, meets


class NextLoad(Protocol):
    """Asked after each load, by what came of it."""

    def __call__(self, verdict: Verdict, changes: Sequence[Change]) -> LoadSpec | None:
        """The load to go on with, or None: the run is over."""


class RepeatAfterOom:
    """`--after-oom repeat`: the same load again after each OOM kill."""

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self._spec, self._say = plan.spec, say
        self._number = 0

    def __call__(self, verdict: Verdict, changes: Sequence[Change]) -> LoadSpec | None:
        """The same, where the verdict is an OOM kill and no sign of --stop-on was seen."""
        most = self._spec.most_repeats
        if self._number >= most or not meets(verdict, Expectation.OOM):
            return None
        sign = stop_sign(self._spec.stop_on, changes)
        if sign is not None:
            self._say(f"not repeating the load: {sign.text}")
            return None
        self._number += 1
        self._say(f"repeating the load, {self._number} of at most {most} times")
        return self._spec
