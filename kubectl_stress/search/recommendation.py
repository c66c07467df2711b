"""The limit that follows from what a search found. Pure."""

from dataclasses import dataclass

from kubectl_stress.search.answer import Answer
from kubectl_stress.search.ballasts import ballast_of
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Try


@dataclass(frozen=True)
class Recommendation:
    """The least limit with which the app was seen to live, and that with a margin."""

    minimal: int
    recommended: int
    arithmetic: str


def recommendation(
    answer: Answer, settings: SearchSettings, tries: tuple[Try, ...] = ()
) -> Recommendation | None:
    """What follows from a boundary; None where there is none, or where nobody measured it."""
    if not answer.has_number or answer.survived is None:
        return None
    least = ballast_of(settings.resource).least_limit(settings, answer.survived, tries)
    if least is None:
        return None
    unit, margin = settings.unit, settings.margin_percent
    grain = unit.limit_grain
    with_margin = least.amount * (100 + margin)
    recommended = -(-with_margin // (100 * grain)) * grain
    arithmetic = (
        f"{least.arithmetic}; {unit.text(least.amount)} × {1 + margin / 100:g} = "
        f"{unit.text(recommended)} (rounded up to {unit.limit_grain_text})"
    )
    return Recommendation(least.amount, recommended, arithmetic)
