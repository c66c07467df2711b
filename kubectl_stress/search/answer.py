"""What a search found: a boundary, or why there is none; and the limit that follows. Pure."""

from dataclasses import dataclass
from enum import Enum

from kubectl_stress.quantity import format_bytes
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark

_MIB = 1 << 20


class AnswerKind(Enum):
    """Whether there is a number; the values are stable words for scripts."""

    FOUND = "found"
    ALL_FIT = "all-fit"
    FLAKY = "flaky"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Answer:
    """The end of a search; `survived_bytes` and `failed_bytes` are the range it is in.

    Where tries at one level disagree, `fits` of `count` at `flaky_bytes` fit.
    """

    kind: AnswerKind
    sentence: str
    survived_bytes: int | None = None
    failed_bytes: int | None = None
    cause: Mark | None = None
    flaky_bytes: int | None = None
    fits: int | None = None
    count: int | None = None

    @property
    def has_number(self) -> bool:
        """Whether a limit follows from it."""
        return self.kind in (AnswerKind.FOUND, AnswerKind.ALL_FIT)


@dataclass(frozen=True)
class Recommendation:
    """The least limit with which the app was seen to live, and that with a margin, in bytes."""

    minimal_bytes: int
    recommended_bytes: int
    arithmetic: str


def recommendation(answer: Answer, settings: SearchSettings) -> Recommendation | None:
    """What follows from a boundary; None where there is none.

    The ballast took away that much of the limit, so the app lived with the rest. Rounded up to
    whole MiB.
    """
    if not answer.has_number or answer.survived_bytes is None:
        return None
    limit, margin = settings.limit_bytes, settings.margin_percent
    minimal = limit - answer.survived_bytes
    with_margin = minimal * (100 + margin)
    recommended = -(-with_margin // (100 * _MIB)) * _MIB
    arithmetic = (
        f"{format_bytes(limit)} - {format_bytes(answer.survived_bytes)} = {format_bytes(minimal)}; "
        f"{format_bytes(minimal)} × {1 + margin / 100:g} = {format_bytes(recommended)} "
        "(rounded up to whole MiB)"
    )
    return Recommendation(minimal, recommended, arithmetic)
