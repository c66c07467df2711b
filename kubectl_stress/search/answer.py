"""What a search found: a boundary, or why there is none. Pure."""

from dataclasses import dataclass
from enum import Enum

from kubectl_stress.search.tries import Mark


class AnswerKind(Enum):
    """Whether there is a number; the values are stable words for scripts."""

    FOUND = "found"
    ALL_FIT = "all-fit"
    FLAKY = "flaky"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Answer:
    """The end of a search; `survived` and `failed` are the range it is in.

    Where tries at one level disagree, `fits` of `count` at `flaky` fit.
    """

    kind: AnswerKind
    sentence: str
    survived: int | None = None
    failed: int | None = None
    cause: Mark | None = None
    flaky: int | None = None
    fits: int | None = None
    count: int | None = None

    @property
    def has_number(self) -> bool:
        """Whether a limit follows from it."""
        return self.kind in (AnswerKind.FOUND, AnswerKind.ALL_FIT)
