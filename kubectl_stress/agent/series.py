"""All samples of a run, with what a verdict asks of them. Pure."""

from kubectl_stress.agent.samples import Sample

# At 10 Hz the last three minutes are whole; before, a picture of some hundred columns has enough.
_RECENT, _MOST = 2_048, 4_096


class Series:
    """The samples of a run in order of arrival; `count` is how many there were.

    A run of hours would fill the memory: of the older samples every second is dropped once there
    are too many, but never one that a verdict rests on. Samples that are given are all kept.
    """

    def __init__(self, samples: list[Sample] | None = None) -> None:
        self.samples: list[Sample] = []
        self.count = 0
        self.peak: Sample | None = None
        self._peak_held: Sample | None = None
        for sample in samples or ():
            self._append(sample)

    def add(self, sample: Sample) -> None:
        """Append a sample."""
        self._append(sample)
        if len(self.samples) > _MOST:
            self._thin_out()

    def _append(self, sample: Sample) -> None:
        self.samples.append(sample)
        self.count += 1
        if self.peak is None or _usage(sample) > _usage(self.peak):
            self.peak = sample  # the highest usage, the first among equals
        if self._peak_held is None or sample.held_bytes > self._peak_held.held_bytes:
            self._peak_held = sample

    def _thin_out(self) -> None:
        older, recent = self.samples[:-_RECENT], self.samples[-_RECENT:]
        neighbours = zip([*older[:1], *older], older, [*older[1:], *recent[:1]], strict=False)
        kept = [
            sample
            for number, (before, sample, after) in enumerate(neighbours)
            if number % 2 == 0 or _is_turn(before, sample, after) or self._is_asked_for(sample)
        ]
        self.samples = kept + recent

    def _is_asked_for(self, sample: Sample) -> bool:
        return sample is self.peak or sample is self._peak_held

    @property
    def first(self) -> Sample | None:
        """The state before the load."""
        return self.samples[0] if self.samples else None

    @property
    def last(self) -> Sample | None:
        """The last word of the agent, perhaps flushed right before it was killed."""
        return self.samples[-1] if self.samples else None

    @property
    def peak_usage_bytes(self) -> int | None:
        """The highest sampled usage of this run (the kernel's own peak is of its whole life)."""
        return self.peak.memory.usage_bytes if self.peak else None

    @property
    def peak_held_bytes(self) -> int:
        """The most that the load held."""
        return self._peak_held.held_bytes if self._peak_held else 0

    def delta(self, counter: str) -> int | None:
        """How far a counter of `Memory` rose from the first sample to the last."""
        if self.first is None or self.last is None:
            return None
        before, after = getattr(self.first.memory, counter), getattr(self.last.memory, counter)
        return None if before is None or after is None else after - before


def _is_turn(before: Sample, sample: Sample, after: Sample) -> bool:
    """The first and the last of a phase, and of a stay in another cgroup."""
    stay = (sample.phase, sample.cgroup_same)
    return (before.phase, before.cgroup_same) != stay or (after.phase, after.cgroup_same) != stay


def _usage(sample: Sample) -> int:
    return -1 if sample.memory.usage_bytes is None else sample.memory.usage_bytes
