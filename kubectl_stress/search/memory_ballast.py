"""What is particular to a search for a memory limit: a `Ballast`. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Sample
from kubectl_stress.errors import Refused
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.guards import describe_loaded
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.plan.limit_patch import NewLimit, moves_request
from kubectl_stress.plan.spec import LoadSpec, MemoryLoad, Schedule
from kubectl_stress.plan.stop_on import StopOn
from kubectl_stress.quantity import format_bytes, format_quantity, parse_bytes
from kubectl_stress.search.ballast import LeastLimit, Situation
from kubectl_stress.search.curve import Point
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark, Stopped, Try
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.findings import Findings, kill_counts

HEADS: tuple[str, ...] = ("PEAK USAGE", "LEAST HEADROOM", "PSI FULL")
WATCH_MS = 0

_RAMP_MS = 1_000
# An exec costs the target about 1.75 MiB: below this a search never goes on purpose.
LEAST_FLOOR_BYTES = 8 << 20
_FLOOR_PERCENT = 2
# Of 10 s, for which all processes of the container waited for memory at once (PSI, full).
_MOST_PRESSURE_PERCENT = 10.0


def limit(target: Target) -> int | None:
    """The container's, or a lower one of its pod."""
    return target.effective_limit_bytes


def request(target: Target) -> int | None:
    """The container's."""
    return target.request_bytes


def refuse(target: Target, join: Join) -> None:
    """Raise Refused where nothing but the node bounds the ballast."""
    if target.effective_limit_bytes is None:
        raise Refused(
            f"{describe_loaded(target, join)} has no memory limit, below which to search: set one "
            f'first that is certainly enough, and that node "{target.node}" can spare'
        )


def parse(text: str) -> int:
    """`300Mi`; raises UsageError."""
    return parse_bytes(text)


def load_of(level: int, hold_ms: int) -> LoadSpec:
    """Memory that is held beside the app."""
    return LoadSpec(
        memory=MemoryLoad(Amount.parse(str(level))),
        schedule=Schedule(duration_ms=hold_ms, ramp_ms=_RAMP_MS),
        stop_on=(StopOn.NOT_READY, StopOn.RESTART),
    )


def situation(
    settings: SearchSettings, _target: Target, hello: Hello, sample: Sample, _later: Sample | None
) -> Situation:
    """It breaks when its headroom is used up; before that where no OOM kill may be caused."""
    memory = sample.memory
    headroom = memory.headroom_bytes or 0
    held = memory.anon_bytes if memory.anon_bytes is not None else memory.usage_bytes
    below_oom = settings.unit.whole(headroom - floor_bytes(settings.limit))
    return Situation(
        ceiling=below_oom if settings.avoids_oom else settings.ceiling,
        headroom=headroom,
        breaks_by=Mark.NO_HEADROOM if settings.avoids_oom else Mark.OOM,
        restarts_by_failure=bool(hello.oom_group) and not settings.avoids_oom,
        usage=memory.usage_bytes,
        held_bytes=held or 0,
    )


def floor_bytes(limit_bytes: int) -> int:
    """How much headroom `--stop-before oom` leaves."""
    return max(LEAST_FLOOR_BYTES, limit_bytes * _FLOOR_PERCENT // 100)


def stopped(settings: SearchSettings, sample: Sample) -> Stopped | None:
    """With `avoids_oom`, where somebody would be killed next."""
    if not settings.avoids_oom:
        return None
    headroom, pressure = sample.memory.headroom_bytes, sample.memory.pressure_full_avg10_percent
    if headroom is not None and sample.held_bytes and headroom < floor_bytes(settings.limit) // 2:
        text = f"only {format_bytes(headroom)} of headroom, and --stop-before oom was given"
        return Stopped(Mark.NO_HEADROOM, text)
    if pressure is not None and pressure > _MOST_PRESSURE_PERCENT:
        text = f"memory pressure of {pressure:.0f}% (PSI full, 10 s), the app stalls"
        return Stopped(Mark.THROTTLED, text)
    return None


def with_readings(one: Try, seen: Findings) -> Try:
    """The most that was held and used, the least that was left, and how it was felt."""
    samples = seen.samples.samples
    return replace(
        one,
        held_bytes=seen.samples.peak_held_bytes,
        peak_usage_bytes=seen.samples.peak_usage_bytes,
        least_headroom_bytes=_least_headroom(samples),
        pressure_some_percent=_most(samples, "pressure_some_avg10_percent"),
        pressure_full_percent=_most(samples, "pressure_full_avg10_percent"),
        high_events=seen.samples.delta("high_events"),
        oom_kills=kill_counts(seen),
    )


def _least_headroom(samples: Sequence[Sample]) -> int | None:
    found = [sample.memory.headroom_bytes for sample in samples]
    return min((headroom for headroom in found if headroom is not None), default=None)


def _most(samples: Sequence[Sample], field: str) -> float | None:
    found = [getattr(sample.memory, field) for sample in samples]
    return max((value for value in found if value is not None), default=None)


def too_much(_settings: SearchSettings, _one: Try) -> Stopped | None:
    """What is held and does no harm fits."""
    return None


def mark(known: Mark | None) -> Mark | None:
    """As its outcome says."""
    return known


def is_short(one: Try) -> bool:
    """Whether less was held than was asked for."""
    return one.held_bytes < one.level


def least_limit(
    settings: SearchSettings, survived: int, _tries: tuple[Try, ...]
) -> LeastLimit | None:
    """The ballast took away that much of the limit, so the app lived with the rest."""
    least = settings.limit - survived
    words = f"{format_bytes(settings.limit)} - {format_bytes(survived)} = {format_bytes(least)}"
    return LeastLimit(least, words)


def new_limit(target: Target, limit_bytes: int) -> NewLimit:
    """The request goes down with it where it must."""
    is_moved = moves_request(target.request_bytes, target.limit_bytes, limit_bytes)
    return NewLimit("memory", format_quantity(limit_bytes), is_moved)


def cells(point: Point) -> dict[str, str]:
    """The worst that was seen."""
    pressure = point.pressure_full_percent
    return {
        "PEAK USAGE": format_bytes(point.peak_usage_bytes),
        "LEAST HEADROOM": format_bytes(point.least_headroom_bytes),
        "PSI FULL": "-" if pressure is None else f"{pressure:.1f}%",
    }


def bar(point: Point) -> tuple[float, float]:
    """The peak of usage without the ballast, and the ballast that was held."""
    usage = max(point.peak_usage_bytes or 0, point.held_bytes)
    return usage - point.held_bytes, point.held_bytes
