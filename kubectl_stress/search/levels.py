"""Which level comes next, or what the tries tell: steps upwards, then halves. Pure.

It goes by the tries alone, so a search that was interrupted goes on from their record.
"""

from collections.abc import Sequence

from kubectl_stress.quantity import PAGE_BYTES, format_bytes, format_duration
from kubectl_stress.search.answer import Answer, AnswerKind
from kubectl_stress.search.settings import SearchSettings, whole_pages
from kubectl_stress.search.tries import Mark, Spent, Try


class Ladder:
    """The levels that were tried; tries that told nothing are left out.

    `survived` is the highest level at which every try fits, `failed` the lowest at which none does
    and all say why in the same way, `unclear` the lowest at which they disagree.
    """

    def __init__(self, tries: Sequence[Try]) -> None:
        self._marks: dict[int, list[Mark]] = {}
        self._untold: dict[int, int] = {}
        for one in tries:
            if one.mark is Mark.INCONCLUSIVE:
                self._untold[one.level_bytes] = self._untold.get(one.level_bytes, 0) + 1
            else:
                self._marks.setdefault(one.level_bytes, []).append(one.mark)
        alike = {level: marks[0] for level, marks in self._marks.items() if len({*marks}) == 1}
        fits = [level for level, mark in alike.items() if mark is Mark.FITS]
        fails = [level for level, mark in alike.items() if mark is not Mark.FITS]
        self.survived = max(fits, default=None)
        self.failed = min(fails, default=None)
        self.unclear = min(self._marks.keys() - alike.keys(), default=None)

    def count(self, level: int) -> int:
        """How often this level was tried."""
        return len(self._marks.get(level, ()))

    def fits(self, level: int) -> int:
        """How many of its tries fit."""
        return self._marks.get(level, []).count(Mark.FITS)

    def cause(self, level: int) -> Mark | None:
        """How its tries ended; None where they disagree."""
        marks = {*self._marks.get(level, ())}
        return marks.pop() if len(marks) == 1 else None

    def untold(self, attempts: int) -> int | None:
        """A level whose tries told nothing again and again."""
        return next((level for level, count in self._untold.items() if count >= attempts), None)


def next_step(
    settings: SearchSettings, tries: Sequence[Try], spent: Spent | None = None
) -> int | Answer:
    """The next level in bytes, or the answer; `spent` is what counts against the most it may."""
    ladder, used = Ladder(tries), Spent() if spent is None else spent
    found = _wanted(settings, ladder)
    if isinstance(found, Answer):
        return found
    if used.took_ms >= settings.max_ms:
        return _ended(ladder, f"the time is up (--max-time {format_duration(settings.max_ms)})")
    is_known_to_fit = ladder.survived is not None and found <= ladder.survived
    if used.restarts >= settings.max_restarts and not is_known_to_fit:
        count = used.restarts
        return _ended(ladder, f"{count} restarts (--max-restarts {settings.max_restarts})")
    return found


def ended_early(tries: Sequence[Try]) -> Answer:
    """What is known of a search whose record breaks off."""
    return _ended(Ladder(tries), "its record breaks off (kubectl stress find-limit --resume)")


def _wanted(settings: SearchSettings, ladder: Ladder) -> int | Answer:
    untold = ladder.untold(settings.attempts)
    if untold is not None:
        return _ended(ladder, f"the tries at {format_bytes(untold)} told nothing")
    if ladder.unclear is not None:
        if ladder.count(ladder.unclear) < settings.attempts:
            return ladder.unclear
        return _flaky(ladder, ladder.unclear)
    low, high = ladder.survived, ladder.failed
    if high is None:
        return _upwards(settings, ladder, low or 0)
    if low is not None and low > high:
        return _flaky(ladder, high)
    if high - (low or 0) > settings.resolution_bytes:
        return whole_pages(((low or 0) + high) // 2)
    return _confirmed(settings, ladder, low or PAGE_BYTES, high)


def _upwards(settings: SearchSettings, ladder: Ladder, low: int) -> int | Answer:
    if low < settings.ceiling_bytes:
        step = (low // settings.step_bytes + 1) * settings.step_bytes
        return min(step, settings.ceiling_bytes)
    if ladder.count(low) < settings.attempts_survived:
        return low
    text = f"no failure up to {format_bytes(low)} of ballast, the highest level that may be tried"
    return Answer(AnswerKind.ALL_FIT, text, survived_bytes=low)


def _confirmed(settings: SearchSettings, ladder: Ladder, low: int, high: int) -> int | Answer:
    """Both sides as often as asked for: first the side that costs no restart."""
    if low < high and ladder.count(low) < settings.attempts_survived:
        return low
    if ladder.count(high) < settings.attempts:
        return high
    cause = ladder.cause(high)
    assert cause is not None
    if low >= high:
        return _ended(ladder, f"it fails even without ballast ({cause.value})")
    text = f"{format_bytes(low)} of ballast survived, {format_bytes(high)} did not: {cause.value}"
    return Answer(AnswerKind.FOUND, text, survived_bytes=low, failed_bytes=high, cause=cause)


def _flaky(ladder: Ladder, level: int) -> Answer:
    fits, count = ladder.fits(level), ladder.count(level)
    if ladder.survived is not None and ladder.survived > level:
        text = f"flaky: {format_bytes(level)} failed, {format_bytes(ladder.survived)} fits"
    elif fits:
        text = f"flaky: {fits} of {count} tries at {format_bytes(level)} fit"
    else:
        text = f"flaky: {count} tries at {format_bytes(level)} failed in different ways"
    survived, failed = ladder.survived, ladder.failed
    if survived is not None and failed is not None and survived > failed:
        survived, failed = None, None
    return Answer(
        AnswerKind.FLAKY, text, survived, failed, flaky_bytes=level, fits=fits, count=count
    )


def _ended(ladder: Ladder, why: str) -> Answer:
    text = f"the search ended without an answer: {why}"
    cause = None if ladder.failed is None else ladder.cause(ladder.failed)
    return Answer(AnswerKind.INCONCLUSIVE, text, ladder.survived, ladder.failed, cause)
