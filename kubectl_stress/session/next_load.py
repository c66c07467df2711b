"""Which load follows another one, where one does, and what must be so before it. No clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kubectl_stress.errors import StressError
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.plan.stop_on import stop_sign
from kubectl_stress.session.steering import Steering
from kubectl_stress.verdict.findings import Findings
from kubectl_stress.verdict.outcome import Expectation, Verdict, meets


@dataclass(frozen=True)
class Recovery:
    """How far a container must be as it was before the next load: ready, and not holding more.

    What it may hold is its anonymous memory before the first load, or what it holds once it has
    settled after a restart, and `tolerance_bytes`; None where that does not matter. `pause_ms`
    lets a probe that failed forget it. `is_well` says whether the user's own health checks pass.
    """

    held_bytes: int | None
    tolerance_bytes: int
    pause_ms: int = 0
    is_well: Callable[[], bool] = lambda: True


class NextLoad(Protocol):
    """Asked after each load, by what came of it."""

    @property
    def recovery(self) -> Recovery | None:
        """What is waited for before the next load; None: only for a container that restarts."""

    def steerings(self) -> Sequence[Steering]:
        """What else the agent may be told while the load runs that is about to begin."""

    def __call__(self, verdict: Verdict, seen: Findings) -> LoadSpec | None:
        """The load to go on with, or None: the run is over."""

    def not_begun(self, error: StressError) -> None:
        """The load that was asked for could not begin, and the run is over."""


class RepeatAfterOom:
    """`--after-oom repeat`: the same load again after each OOM kill."""

    recovery: Recovery | None = None

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self._spec, self._say = plan.spec, say
        self._number = 0

    def steerings(self) -> Sequence[Steering]:
        """None of its own."""
        return ()

    def __call__(self, verdict: Verdict, seen: Findings) -> LoadSpec | None:
        """The same, where the verdict is an OOM kill and no sign of --stop-on was seen."""
        most = self._spec.most_repeats
        if self._number >= most or not meets(verdict, Expectation.OOM):
            return None
        sign = stop_sign(self._spec.stop_on, seen.changes)
        if sign is not None:
            self._say(f"not repeating the load: {sign.text}")
            return None
        self._number += 1
        self._say(f"repeating the load, {self._number} of at most {most} times")
        return self._spec

    def not_begun(self, error: StressError) -> None:
        """What prevents it costs the run no verdict."""
        self._say(f"the load is not repeated: {error}")
