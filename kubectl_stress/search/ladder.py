"""The tries of a search by their level, and where they part. Pure."""

from collections.abc import Sequence

from kubectl_stress.search.tries import Mark, Try


class Ladder:
    """The levels that were tried; tries that told nothing are left out.

    `disputed` are the levels at which tries disagree, lowest first: from the lowest at which one
    failed to the highest at which one fits, where that is not below it. `survived` is the highest
    level under them, at which every try fits, and `failed` the lowest over them, at which none
    does.
    """

    def __init__(self, tries: Sequence[Try]) -> None:
        self._marks: dict[int, list[Mark]] = {}
        self._untold: dict[int, int] = {}
        for one in tries:
            if one.mark is Mark.INCONCLUSIVE:
                self._untold[one.level] = self._untold.get(one.level, 0) + 1
            else:
                self._marks.setdefault(one.level, []).append(one.mark)
        levels = sorted(self._marks)
        fits = [level for level in levels if self.fits(level)]
        fails = [level for level in levels if self.fits(level) < self.count(level)]
        lowest, highest = min(fails, default=None), max(fits, default=0)
        self.survived = max(
            (level for level in fits if lowest is None or level < lowest), default=None
        )
        self.failed = min((level for level in fails if level > highest), default=None)
        self.disputed: Sequence[int] = []
        if lowest is not None:
            self.disputed = [level for level in levels if lowest <= level <= highest]

    @property
    def total(self) -> int:
        """How many tries told something."""
        return sum(len(marks) for marks in self._marks.values())

    def count(self, level: int) -> int:
        """How often this level was tried."""
        return len(self._marks.get(level, ()))

    def count_from(self, level: int) -> int:
        """How many tries there were at this level and above it."""
        return sum(len(marks) for other, marks in self._marks.items() if other >= level)

    def fits(self, *levels: int) -> int:
        """How many of their tries fit."""
        return sum(self._marks.get(level, []).count(Mark.FITS) for level in levels)

    def failures(self, failed: int) -> int:
        """How many tries at this level and above it failed in the way in which those at it did."""
        cause = self.cause(failed)
        marks = [mark for level, found in self._marks.items() if level >= failed for mark in found]
        return 0 if cause is None else marks.count(cause)

    def cause(self, *levels: int) -> Mark | None:
        """How the tries at these levels failed; None where they failed in different ways."""
        marks = {mark for level in levels for mark in self._marks.get(level, ())} - {Mark.FITS}
        return marks.pop() if len(marks) == 1 else None

    def is_end(self, level: int) -> bool:
        """Whether a try at this level ended something in the container."""
        return any(mark.is_end for mark in self._marks.get(level, ()))

    def untold(self, attempts: int) -> int | None:
        """A level whose tries told nothing again and again."""
        return next((level for level, count in self._untold.items() if count >= attempts), None)
