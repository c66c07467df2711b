"""A search as loads that follow each other: each level is a load, each verdict a try. No clock."""

from collections.abc import Callable, Sequence

from kubectl_stress.errors import StressError
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.quantity import format_duration
from kubectl_stress.search.answer import Answer, AnswerKind
from kubectl_stress.search.ballast import Situation
from kubectl_stress.search.ballasts import ballast_of
from kubectl_stress.search.judge_try import try_of
from kubectl_stress.search.levels import next_step
from kubectl_stress.search.price import Price, expected_break, most_tries, price
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark, Spent, Try
from kubectl_stress.session.next_load import Recovery
from kubectl_stress.session.search_guards import Checking, LevelGuard
from kubectl_stress.session.steering import Steering
from kubectl_stress.verdict.findings import Findings
from kubectl_stress.verdict.outcome import Verdict


class LimitSearch:
    """The search; `tries` are all that count, `answer` is set at its end.

    `tries` that are given were recorded by a search that ended early: they are not made again, and
    what they cost is not counted. `keep` is given each new one.
    """

    def __init__(
        self,
        settings: SearchSettings,
        situation: Situation,
        recovery: Recovery,
        tries: Sequence[Try],
        *,
        keep: Callable[[Try], None],
        say: Callable[[str], None],
        show: Callable[[str], None],
        checked: Checking | None = None,
    ) -> None:
        self.settings, self.tries, self.recovery = settings, list(tries), recovery
        self.answer: Answer | None = None
        self._situation, self._recorded = situation, len(tries)
        self._keep, self._say, self._show = keep, say, show
        self._checked = checked
        self._guard, self._level, self._text = LevelGuard(settings, checked), 0, ""
        self._ended_ms: int | None = None

    def first(self) -> LoadSpec | None:
        """The load to begin with; None where the recorded tries give the answer."""
        return self._next()

    def steerings(self) -> Sequence[Steering]:
        """What guards the level that is about to be tried."""
        self._guard = LevelGuard(self.settings, self._checked)
        return (self._guard,)

    def __call__(self, verdict: Verdict, seen: Findings) -> LoadSpec | None:
        """The next level, or None where the search is over."""
        first, ended_ms = seen.samples.first, seen.ending.at_ms
        checked = self._checked(first.at_ms, ended_ms) if self._checked and first else None
        one = try_of(
            self.settings,
            self._level,
            verdict,
            seen,
            ended_before_ms=self._ended_ms,
            stopped=self._guard.stopped,
            checked=checked,
        )
        self._ended_ms = ended_ms
        self.tries.append(one)
        self._keep(one)
        self._say(f"{self._text}: {_result(one)}")
        return self._next()

    def not_begun(self, error: StressError) -> None:
        """A search that cannot go on has no answer."""
        text = f"the search ended without an answer: {error}"
        self.answer = Answer(AnswerKind.INCONCLUSIVE, text)

    def left(self) -> Price:
        """What is still to come, as far as anybody can tell."""
        return price(
            self.settings,
            self.tries,
            breaks_at=expected_break(self.settings, self.tries, self._situation.headroom),
            breaks_by=self._situation.breaks_by,
            restarts_by_failure=self._situation.restarts_by_failure,
        )

    def most_tries(self) -> int:
        """How many may still come, however it fails: without an end of anything there are more."""
        ways = (self._situation.breaks_by, Mark.READINESS_LOST)
        return most_tries(self.settings, self.tries, ways)

    def _next(self) -> LoadSpec | None:
        spent = Spent.of(self.tries[self._recorded :])
        step = next_step(self.settings, self.tries, spent)
        if isinstance(step, Answer):
            self.answer = step
            return None
        self._level, left, number = step, self.left(), len(self.tries) + 1
        percent = 100 * step / self.settings.limit
        unit, again = self.settings.unit, any(one.level == step for one in self.tries)
        text = (
            f"try {number} of about {len(self.tries) + left.tries}: {unit.text(step)} of "
            f"{unit.load} ({percent:.0f}% of the limit){' again' if again else ''}"
        )
        most_ms = max(0, self.settings.max_ms - spent.took_ms)
        about = format_duration(min(left.took_ms, most_ms))
        self._text = text
        self._show(f"{text}; about {about} left (at most {format_duration(most_ms)})")
        return ballast_of(self.settings.resource).load_of(step, self.settings.hold_ms)


def _result(one: Try) -> str:
    if one.mark is Mark.INCONCLUSIVE:
        return f"does not count: {one.evidence}"
    return "fits" if one.mark is Mark.FITS else f"does not fit: {one.mark.value}"
