"""Chooses among the selected pods: the five modes of Chaos Mesh. Pure: chance comes from outside.

Source: chaos-mesh pkg/selector/generic/mode.go at 608b61e7c (FilterObjectsByMode); what values a
mode takes: api/v1alpha1/common_webhook.go (PodSelector.Validate).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from kubectl_stress.errors import UsageError

Candidate = TypeVar("Candidate")
# A whole number from 0 up to, and not including, the one given; each as likely as the others.
Below = Callable[[int], int]

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")  # strconv.Atoi


class Mode(Enum):
    """How many of the candidates are chosen."""

    ONE = "one"
    ALL = "all"
    FIXED = "fixed"
    FIXED_PERCENT = "fixed-percent"
    RANDOM_MAX_PERCENT = "random-max-percent"

    @property
    def takes_value(self) -> bool:
        return self not in (Mode.ONE, Mode.ALL)


@dataclass(frozen=True)
class Choice:
    """A mode with its value: a number of pods for `fixed`, a percentage for the other two."""

    mode: Mode
    value: int | None = None

    @classmethod
    def parse(cls, mode: str, value: str | None = None) -> "Choice":
        """Raises UsageError where the mode is unknown or the value does not fit it."""
        try:
            known = Mode(mode)
        except ValueError:
            valid = ", ".join(choice.value for choice in Mode)
            raise UsageError(f'unknown mode "{mode}" (valid: {valid})') from None
        return cls(known, _value(known, value) if known.takes_value else None)

    def shortage(self, count: int) -> str:
        """What is to be said where there are fewer candidates than `fixed` asks for, else ""."""
        if self.mode is not Mode.FIXED or self.value is None or self.value <= count:
            return ""
        return f"mode {self} asks for more pods than the {count} found"

    def choose(self, candidates: Sequence[Candidate], below: Below) -> list[Candidate]:
        """The chosen, in the order of `candidates`; `random-max-percent` may choose none."""
        count = len(candidates)
        if self.mode is Mode.ALL or not count:
            return list(candidates)
        indexes = _distinct(count, self._number_of(count, below), below)
        return [candidates[index] for index in sorted(indexes)]

    def _number_of(self, count: int, below: Below) -> int:
        if self.mode is Mode.ONE:
            return 1
        assert self.value is not None
        if self.mode is Mode.FIXED:
            return min(self.value, count)
        if self.mode is Mode.FIXED_PERCENT:
            return _percent_of(count, self.value)
        return _percent_of(count, below(self.value + 1))

    def __str__(self) -> str:
        return self.mode.value if self.value is None else f"{self.mode.value} {self.value}"


def _value(mode: Mode, text: str | None) -> int:
    unit = (
        "number of pods, at least 1"
        if mode is Mode.FIXED
        else "percentage from 1 to 100, without %"
    )
    if text is None or text == "":
        raise UsageError(f"mode {mode.value} needs a value: a {unit}")
    number = int(text) if _INTEGER.fullmatch(text) else 0
    if number <= 0 or (mode is not Mode.FIXED and number > 100):
        raise UsageError(f'"{text}" is not a value for mode {mode.value}: it takes a {unit}')
    return number


def _percent_of(count: int, percent: int) -> int:
    """Rounded up: any percentage but 0 is at least one."""
    return -(-count * percent // 100)


def _distinct(count: int, number: int, below: Below) -> set[int]:
    found: set[int] = set()
    while len(found) < number:
        found.add(below(count))
    return found
