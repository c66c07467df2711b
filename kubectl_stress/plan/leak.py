"""A memory load that grows at a rate, as `--leak` asks: a ramp whose length is known late. Pure."""

from dataclasses import replace

from kubectl_stress.plan.plan import MemorySize
from kubectl_stress.plan.spec import Leak, MemoryLoad, Schedule
from kubectl_stress.quantity import format_bytes

# What has grown is seen in some samples before it is released.
_HELD_MS = 1_000


def leaked(size: MemorySize, load: MemoryLoad, schedule: Schedule) -> tuple[MemorySize, Schedule]:
    """The size or level that is reached in the time there is, and the schedule that grows to it."""
    leak = load.leak
    if leak is None or size.size_bytes is None:
        return size, schedule
    reached = grown(size.size_bytes, load)
    left = size.size_bytes - reached
    level = None if size.level_bytes is None else size.level_bytes - left
    ramp_ms = max(1, int(reached / leak.bytes_per_s * 1_000))
    return (
        replace(size, size_bytes=reached, level_bytes=level),
        replace(schedule, ramp_ms=ramp_ms, duration_ms=_HELD_MS),
    )


def grown(size_bytes: int, load: MemoryLoad) -> int:
    """As much of `size_bytes` as the load reaches in the time it has."""
    leak = load.leak
    return min(size_bytes, int(leak.bytes_per_s * leak.longest_ms / 1_000)) if leak else size_bytes


def leak_words(leak: Leak) -> str:
    """The rate for a person: by the second, or by the hour where that is a small one."""
    if leak.bytes_per_s >= 1 << 20:
        return f"{format_bytes(int(leak.bytes_per_s))} a second"
    return f"{format_bytes(int(leak.bytes_per_s * 3_600))} an hour"
