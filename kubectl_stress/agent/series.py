"""All samples of a run, with what a verdict asks of them. Pure."""

from kubectl_stress.agent.samples import Sample


class Series:
    """All samples of a run in order of arrival, with what a verdict asks of them."""

    def __init__(self, samples: list[Sample] | None = None) -> None:
        self.samples = samples or []
        self._known, self._peak_usage_bytes = 0, -1

    def add(self, sample: Sample) -> None:
        """Append a sample."""
        self.samples.append(sample)

    @property
    def first(self) -> Sample | None:
        """The state before the load."""
        return self.samples[0] if self.samples else None

    @property
    def last(self) -> Sample | None:
        """The last word of the agent, perhaps flushed right before it was killed."""
        return self.samples[-1] if self.samples else None

    @property
    def peak(self) -> Sample | None:
        """The sample with the highest usage."""
        return max(self.samples, key=lambda sample: sample.memory.usage_bytes or 0, default=None)

    @property
    def peak_usage_bytes(self) -> int | None:
        """The highest sampled usage of this run (the kernel's own peak is of its whole life)."""
        # Asked for at each redrawing, in runs of hours: only what is new is looked at.
        for sample in self.samples[self._known :]:
            self._peak_usage_bytes = max(
                self._peak_usage_bytes,
                sample.memory.usage_bytes if sample.memory.usage_bytes is not None else -1,
            )
        self._known = len(self.samples)
        return None if self._peak_usage_bytes < 0 else self._peak_usage_bytes

    @property
    def peak_held_bytes(self) -> int:
        """The most that the load held."""
        return max((sample.held_bytes for sample in self.samples), default=0)

    def delta(self, counter: str) -> int | None:
        """How far a counter of `Memory` rose from the first sample to the last."""
        if self.first is None or self.last is None:
            return None
        before, after = getattr(self.first.memory, counter), getattr(self.last.memory, counter)
        return None if before is None or after is None else after - before
