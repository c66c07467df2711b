"""What a search will cost, by playing it against an app that breaks where it is expected. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_stress.quantity import format_duration
from kubectl_stress.search.answer import Answer
from kubectl_stress.search.ladder import Ladder
from kubectl_stress.search.levels import next_step
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark, Try

# A try besides its hold: an exec, the growth, what settles afterwards, a reading (seen: 6 to 8 s).
_BESIDE_HOLD_MS = 8_000
# How long a killed container takes to be seen, to start and to be ready, apart from the back-off.
_RESTART_MS = 15_000
# The kubelet's default: 10 s after the second end in a row, doubled each time up to 5 minutes
# (pkg/kubelet/kubelet.go, backOffPeriod and MaxContainerBackOff).
_FIRST_BACKOFF_MS, _MOST_BACKOFF_MS = 10_000, 300_000
_MOST_TRIES = 100


@dataclass(frozen=True)
class Price:
    """About how many tries, how many of them end in a restart, and how long all may take."""

    tries: int
    failures: int
    restarts: int
    took_ms: int


def price(
    settings: SearchSettings,
    tries: Sequence[Try] = (),
    *,
    breaks_at: int,
    breaks_by: Mark,
    restarts_by_failure: bool,
) -> Price:
    """What is still to come after these tries, if the app breaks at this level.

    It breaks as it did already, else by `breaks_by`.
    """
    made, played = list(tries), 0
    failed = Ladder(tries).failed
    mark = (None if failed is None else Ladder(tries).cause(failed)) or breaks_by
    failures = 0
    while played < _MOST_TRIES:
        level = next_step(settings, made)
        if isinstance(level, Answer):
            break
        is_fit = level < breaks_at
        made.append(Try(level, Mark.FITS if is_fit else mark, ""))
        played, failures = played + 1, failures + (not is_fit)
    restarts = min(failures, settings.max_restarts) if restarts_by_failure else 0
    took_ms = played * _each_ms(settings) + restarts * _RESTART_MS + backoff_ms(restarts)
    return Price(played, failures, restarts, took_ms)


def most_tries(settings: SearchSettings, tries: Sequence[Try], ways: Sequence[Mark]) -> int:
    """How many are still to come at the most, wherever it breaks and in whichever of these ways.

    A boundary that moves meanwhile, or that is a range, may take more.
    """
    ladder, half = Ladder(tries), max(1, settings.resolution // 2)
    low, high = ladder.survived or 0, ladder.failed or settings.ceiling + 1
    breaks = range(low + 1, high + 1, max(half, (high - low) // _MOST_TRIES))
    found = (
        price(settings, tries, breaks_at=one, breaks_by=way, restarts_by_failure=False).tries
        for one in breaks
        for way in ways
    )
    return max(found)


def expected_break(settings: SearchSettings, tries: Sequence[Try], headroom: int) -> int:
    """Where it most likely breaks: at its headroom, or in the midst of what the tries leave."""
    ladder = Ladder(tries)
    low, high = ladder.survived or 0, ladder.failed
    if high is not None:
        return (low + high) // 2 + 1
    return max(headroom, low + settings.resolution)


def backoff_ms(restarts: int) -> int:
    """How long the kubelet lets a container wait in all, by default, when it ends so often."""
    waits = (min(_FIRST_BACKOFF_MS << number, _MOST_BACKOFF_MS) for number in range(restarts - 1))
    return sum(waits)


def describe(found: Price, settings: SearchSettings, *, most: int, adds_entries: bool) -> str:
    """The price in a sentence, as it is asked about: restarts and time up to `most` tries."""
    cost = f"about {found.tries} tries"
    most_ms = found.took_ms + max(0, most - found.tries) * _each_ms(settings)
    if found.restarts:
        least, highest = settings.attempts, min(_most_failures(settings), settings.max_restarts)
        count = f"{least} to {highest}" if least < highest else str(highest)
        cost += f", {count} restarts of the container"
        if adds_entries:
            cost += ", each with one more ephemeral container entry that stays in the pod"
        more = max(0, highest - found.restarts)
        most_ms += more * _RESTART_MS + backoff_ms(highest) - backoff_ms(found.restarts)
    limit, span = format_duration(settings.max_ms), _minutes(most_ms)
    if most_ms > settings.max_ms:
        return f"the search takes {cost}, up to {span}; --max-time {limit} may end it before"
    return f"the search takes {cost}, up to {span} (--max-time {limit})"


def _each_ms(settings: SearchSettings) -> int:
    return settings.hold_ms + _BESIDE_HOLD_MS


def _most_failures(settings: SearchSettings) -> int:
    """Each halving may fail, and the boundary fails as often as it is tried."""
    halvings = (settings.step - 1) // settings.resolution
    return settings.attempts + halvings.bit_length()


def _minutes(took_ms: int) -> str:
    return format_duration(-(-took_ms // 60_000) * 60_000)
