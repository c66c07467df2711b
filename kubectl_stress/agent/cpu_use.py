"""What CPU time was used for between two samples, from the counters of cpu.stat. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from kubectl_stress.agent.samples import Phase, Sample

# A period of the CPU quota is 100 ms as a rule: over a second its ups and downs are evened out.
_WINDOW_MS = 1_000


@dataclass(frozen=True)
class CpuUse:
    """CPU time of a while in thousandths of a CPU: of the container, and of our load in it.

    `periods` are those of the CPU quota, in so many of which the container was throttled; None
    where there is no quota. `throttled_us` is the sum over its CPUs.
    """

    passed_ms: int
    used_millicores: float | None
    load_millicores: float | None
    periods: int | None
    throttled_periods: int | None
    throttled_us: int | None

    @classmethod
    def between(cls, before: Sample, after: Sample) -> Self | None:
        """None where no time passed, or where another agent counted."""
        passed_ms = after.elapsed_ms - before.elapsed_ms
        if passed_ms <= 0:
            return None
        old, new = before.cpu_load, after.cpu_load
        used = _difference(before.cpu.usage_us, after.cpu.usage_us)
        load = _difference(old.used_us if old else None, new.used_us if new else None)
        return cls(
            passed_ms=passed_ms,
            used_millicores=None if used is None else used / passed_ms,
            load_millicores=None if load is None else load / passed_ms,
            periods=_difference(before.cpu.nr_periods, after.cpu.nr_periods),
            throttled_periods=_difference(before.cpu.nr_throttled, after.cpu.nr_throttled),
            throttled_us=_difference(before.cpu.throttled_us, after.cpu.throttled_us),
        )

    @property
    def throttled_percent(self) -> float | None:
        """The share of the quota's periods in which the container was throttled."""
        if not self.periods or self.throttled_periods is None:
            return None
        return 100 * self.throttled_periods / self.periods


def _difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None or after < before else after - before


class CpuMeter:
    """The use of about the last second, a sample at a time."""

    def __init__(self) -> None:
        self._recent: list[Sample] = []

    def add(self, sample: Sample) -> CpuUse | None:
        """The use up to this sample; None at first."""
        if self._recent and sample.elapsed_ms <= self._recent[-1].elapsed_ms:
            self._recent = []  # another agent
        self._recent.append(sample)
        while len(self._recent) > 2 and self._is_full_from(1, sample):
            del self._recent[0]
        return CpuUse.between(self._recent[0], sample)

    def _is_full_from(self, first: int, sample: Sample) -> bool:
        return sample.elapsed_ms - self._recent[first].elapsed_ms >= _WINDOW_MS


def held_use(samples: Sequence[Sample]) -> CpuUse | None:
    """The use while the last size was held, by the agent that held it last; None without a hold."""
    held = [at for at, sample in enumerate(samples) if sample.phase is Phase.HOLD]
    if not held:
        return None
    last = first = samples[held[-1]]
    for sample in reversed(samples[: held[-1]]):
        is_same = sample.phase is Phase.HOLD and _asked(sample) == _asked(last)
        if not is_same or sample.elapsed_ms >= first.elapsed_ms:
            break
        first = sample
    return CpuUse.between(first, last)


def _asked(sample: Sample) -> tuple[float | None, float | None]:
    load = sample.cpu_load
    if load is None:
        return None, None
    # What is asked of the workers moves with a level.
    return (None if load.level_percent else load.load_percent), load.level_percent
