"""How much of a long test is run: a random sample whose seed is told, or the whole of it."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

FULL = os.environ.get("KUBECTL_STRESS_FULL", "") not in ("", "0")
SEED = int(os.environ.get("KUBECTL_STRESS_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
HOW_TO_REPEAT = (
    f"{'whole' if FULL else 'sample'}, seed {SEED}: "
    f"KUBECTL_STRESS_SEED={SEED} repeats it, KUBECTL_STRESS_FULL=1 runs all"
)

_Case = TypeVar("_Case")


def sampled(cases: Sequence[_Case], count: int) -> list[_Case]:
    """Choose `count` of the cases, in their order."""
    if FULL:
        return list(cases)
    chosen = random.Random(SEED).sample(range(len(cases)), count)
    return [cases[index] for index in sorted(chosen)]


def one_of(cases: Sequence[_Case], *, of: str) -> _Case:
    """Choose one of the cases for each `of`."""
    return random.Random(f"{SEED} {of}").choice(cases)


def left_out(items: Sequence[_Case], *, share: float) -> list[_Case]:
    """Choose those that a sample leaves out, so that `share` of them, at least one, remains."""
    kept = sampled(items, max(1, round(share * len(items)))) if items else items
    return [item for item in items if item not in kept]


def size(*, whole: int, sample: int) -> int:
    """Give how often something is repeated."""
    return whole if FULL else sample
