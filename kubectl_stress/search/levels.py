"""Which level comes next, or what the tries tell: steps upwards, then what lies between. Pure.

It goes by the tries alone, so a search that was interrupted goes on from their record.
"""

from collections.abc import Sequence
from dataclasses import replace

from kubectl_stress.quantity import format_duration
from kubectl_stress.search.answer import Answer, AnswerKind
from kubectl_stress.search.ladder import Ladder
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark, Spent, Try

_MORE_FAILURES = 2
# A quarter: half as many failures while the boundary is narrowed, at no more tries in all.
_PARTS = 4


def next_step(
    settings: SearchSettings, tries: Sequence[Try], spent: Spent | None = None
) -> int | Answer:
    """The next level, or the answer; `spent` is what counts against the most it may."""
    ladder, used = Ladder(tries), Spent() if spent is None else spent
    found = _wanted(settings, ladder)
    if isinstance(found, Answer):
        return found
    if used.took_ms >= settings.max_ms:
        most = format_duration(settings.max_ms)
        return _ended(settings, ladder, f"the time is up (--max-time {most})")
    is_known_to_fit = ladder.survived is not None and found <= ladder.survived
    if used.restarts >= settings.max_restarts and not is_known_to_fit:
        why = f"{used.restarts} restarts (--max-restarts {settings.max_restarts})"
        return _ended(settings, ladder, why)
    return found


def ended_early(settings: SearchSettings, tries: Sequence[Try]) -> Answer:
    """What is known of a search whose record breaks off."""
    why = "its record breaks off (kubectl stress find-limit --resume)"
    return _ended(settings, Ladder(tries), why)


def _wanted(settings: SearchSettings, ladder: Ladder) -> int | Answer:
    untold = ladder.untold(settings.attempts)
    if untold is not None:
        return _ended(settings, ladder, f"the tries at {settings.unit.text(untold)} told nothing")
    low, high = ladder.survived or 0, ladder.failed
    if high is not None and ladder.count(high) >= settings.attempts and not ladder.cause(high):
        return _flaky(settings, ladder, high)
    if ladder.disputed:
        return _around_disputed(settings, ladder)
    if high is None:
        return _upwards(settings, ladder, low)
    if high - low > settings.resolution:
        return _between(settings, ladder, low, high)
    return _confirmed(settings, ladder, low or settings.unit.grain, high)


def _between(settings: SearchSettings, ladder: Ladder, low: int, high: int) -> int:
    """From the side whose tries cost nothing: a quarter above what fits where a failure ends
    something; else downwards in equal steps, each of which may be a failure that is still due.
    """
    gap, unit = high - low, settings.unit
    if ladder.is_end(high):
        return unit.whole(low + min(gap // 2, max(gap // _PARTS, settings.resolution)))
    above = settings.least_failures - (settings.attempts - 1) - ladder.failures(high)
    part = max(gap // (max(above, 1) + 1), settings.resolution // 2)
    return unit.whole(high - unit.whole(part))


def _upwards(settings: SearchSettings, ladder: Ladder, low: int) -> int | Answer:
    if low < settings.ceiling:
        step = (low // settings.step + 1) * settings.step
        return min(step, settings.ceiling)
    if not _is_sure(settings, ladder, low):
        return low
    unit = settings.unit
    text = f"no failure up to {unit.text(low)} of {unit.load}, the highest level that may be tried"
    return Answer(AnswerKind.ALL_FIT, text, survived=low)


def _around_disputed(settings: SearchSettings, ladder: Ladder) -> int | Answer:
    """Where tries disagree, the boundary is not a level but a range.

    It is an answer if it is narrow: all tries below it fit, all above it fail, and its middle is
    within the resolution of both.
    """
    first, last = ladder.disputed[0], ladder.disputed[-1]
    low, high = ladder.survived or 0, ladder.failed
    half = settings.unit.whole(settings.resolution // 2)
    if last - first > settings.resolution or first <= settings.unit.grain:
        return _flaky(settings, ladder, _most_tried(ladder))
    if high is not None and high - low <= 2 * settings.resolution and low:
        return _confirmed(settings, ladder, low, high)
    if first - low > half:
        return settings.unit.whole(max(0, first - half))
    above = settings.unit.whole(last + half)
    return above if above <= settings.ceiling else _flaky(settings, ladder, _most_tried(ladder))


def _confirmed(settings: SearchSettings, ladder: Ladder, low: int, high: int) -> int | Answer:
    """Both sides as often as asked for: first the side that costs no restart."""
    if low < high and not _is_sure(settings, ladder, low):
        return low
    cause, unit = ladder.cause(high, *ladder.disputed), settings.unit
    if _failures_due(settings, ladder, high, cause):
        return high
    if cause is None:
        return _flaky(settings, ladder, _most_tried(ladder))
    if low >= high:
        return _ended(settings, ladder, f"it fails even without {unit.load} ({cause.value})")
    text = f"{unit.text(low)} of {unit.load} survived, {unit.text(high)} did not: {cause.value}"
    found = Answer(AnswerKind.FOUND, text, survived=low, failed=high, cause=cause)
    return _with_range(found, ladder) if ladder.disputed else found


def _failures_due(settings: SearchSettings, ladder: Ladder, high: int, cause: Mark | None) -> int:
    """How often the level that fails is still to be tried."""
    due = settings.attempts - ladder.count(high)
    if cause is None or (ladder.is_end(high) and not ladder.disputed):
        return max(0, due)
    if not ladder.is_end(high):
        least = settings.least_failures * (2 if ladder.disputed else 1)
        return max(0, due, least - ladder.failures(high))
    return max(0, due if cause is Mark.OOM else due + _MORE_FAILURES)


def _is_sure(settings: SearchSettings, ladder: Ladder, low: int) -> bool:
    """Whether the level that fits was tried often enough, with what is still due above it."""
    high = ladder.failed
    due = 0 if high is None else _failures_due(settings, ladder, high, ladder.cause(high))
    least = settings.least_tries * (2 if ladder.disputed else 1)
    return ladder.count(low) >= settings.attempts and ladder.total + due >= least


def _with_range(found: Answer, ladder: Ladder) -> Answer:
    fits = ladder.fits(*ladder.disputed)
    count = sum(ladder.count(level) for level in ladder.disputed)
    text = f"{found.sentence}; between them {fits} of {count} tries fit"
    level = _most_tried(ladder)
    return replace(found, sentence=text, flaky=level, fits=fits, count=count)


def _most_tried(ladder: Ladder) -> int:
    return max(ladder.disputed, key=ladder.count)


def _flaky(settings: SearchSettings, ladder: Ladder, level: int) -> Answer:
    fits, count = ladder.fits(level), ladder.count(level)
    first, last = level, level
    if ladder.disputed:
        first, last = ladder.disputed[0], ladder.disputed[-1]
    if fits == count or (not fits and first < last):
        text = f"flaky: {settings.unit.text(first)} failed, {settings.unit.text(last)} fits"
    elif fits:
        text = f"flaky: {fits} of {count} tries at {settings.unit.text(level)} fit"
    else:
        text = f"flaky: {count} tries at {settings.unit.text(level)} failed in different ways"
    low, high = ladder.survived, ladder.failed
    return Answer(AnswerKind.FLAKY, text, low, high, flaky=level, fits=fits, count=count)


def _ended(settings: SearchSettings, ladder: Ladder, why: str) -> Answer:
    low, high, unit = ladder.survived, ladder.failed, settings.unit
    cause = None if high is None else ladder.cause(high)
    text = f"the search ended without an answer: {why}"
    if low is not None:
        text += f"; {unit.text(low)} of {unit.load} fits"
    if high is not None:
        text += f"; {unit.text(high)} of {unit.load} does not fit"
    return Answer(AnswerKind.INCONCLUSIVE, text, low, high, cause)
