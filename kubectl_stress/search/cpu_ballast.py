"""What is particular to a search for a CPU limit: a `Ballast`. Pure.

A load beside the app leaves it less of the quota. How little it can live with is not the rest of
the limit, since the load gets less than it asks for where both want more than there is, but what
the app was measured to use by itself meanwhile.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from kubectl_stress.agent.cpu_use import CpuMeter, CpuUse, held_use
from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Phase, Sample
from kubectl_stress.errors import Refused
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.guards import describe_loaded
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.plan.limit_patch import NewLimit, moves_request
from kubectl_stress.plan.spec import CpuLoad, LoadSpec, Schedule
from kubectl_stress.plan.stop_on import StopOn
from kubectl_stress.quantity import format_duration, format_millicores, parse_millicores
from kubectl_stress.search.ballast import LeastLimit, Situation
from kubectl_stress.search.curve import Point
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark, Stopped, Try
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.findings import Findings

HEADS: tuple[str, ...] = ("APP CPU", "APP PEAK", "LOAD HAD", "THROTTLED", "CPU PSI SOME")
WATCH_MS = 10_000

_RAMP_MS = 1_000
# Fewer are the odd burst of an app that is well within its quota.
_ALREADY_THROTTLED_PERCENT = 5
_A_SECOND_MS = 900


def limit(target: Target) -> int | None:
    """The container's own, in thousandths of a CPU."""
    return None if target.limit_millicores is None else int(target.limit_millicores)


def request(target: Target) -> int | None:
    """The container's, in thousandths of a CPU."""
    return None if target.request_millicores is None else int(target.request_millicores)


def refuse(target: Target, join: Join) -> None:
    """Raise Refused where no quota of the container makes the app and the load share."""
    what = describe_loaded(target, join)
    if target.limit_millicores is None:
        raise Refused(
            f"{what} has no CPU limit of its own, so a load squeezes it only as far as node "
            f'"{target.node}" is busy, and no limit would follow: set one first'
        )
    if target.is_cpu_limited_by_pod:
        raise Refused(
            f'the CPU limit of pod "{target.pod}" is lower than that of {what}, and throttling '
            "by it cannot be seen in the container: set a lower limit of the container first"
        )


def parse(text: str) -> int:
    """`300m` or `0.3`; raises UsageError."""
    return math.ceil(parse_millicores(text))


def load_of(level: int, hold_ms: int) -> LoadSpec:
    """CPU time that is used beside the app."""
    return LoadSpec(
        cpu=CpuLoad(Amount.parse_cpu(f"{level}m")),
        schedule=Schedule(duration_ms=hold_ms, ramp_ms=_RAMP_MS),
        stop_on=(StopOn.NOT_READY, StopOn.RESTART),
    )


def situation(
    settings: SearchSettings, target: Target, _hello: Hello, sample: Sample, later: Sample | None
) -> Situation:
    """It most likely breaks where the load and what the app uses fill the quota."""
    use = None if later is None else _between(sample, later)
    used = use.used_millicores if use else None
    app = None if used is None else math.ceil(used)
    return Situation(
        ceiling=settings.ceiling,
        headroom=max(settings.unit.grain, settings.limit - (app or 0)),
        breaks_by=Mark.READINESS_LOST,
        restarts_by_failure=target.probes == ("liveness",),
        usage=app,
        held_bytes=None,
        notes=_notes(settings, use),
    )


def _between(sample: Sample, later: Sample) -> CpuUse | None:
    """By the node's clock: each reading is of an agent of its own."""
    before, after = (replace(one, elapsed_ms=one.time_ms) for one in (sample, later))
    return CpuUse.between(before, after)


def _notes(settings: SearchSettings, use: CpuUse | None) -> tuple[str, ...]:
    """What the app is like before any load."""
    if use is None or use.used_millicores is None:
        return ("the CPU use of the container cannot be read, so no limit can follow",)
    used, span = format_millicores(use.used_millicores), format_duration(use.passed_ms)
    share = use.throttled_percent
    text = f"without any load the app used {used} CPU over {span}"
    if share is None or share < _ALREADY_THROTTLED_PERCENT:
        return (text,)
    return (
        f"{text}, and was throttled in {share:.0f}% of the periods of its quota: it already wants "
        f"more than its limit {format_millicores(settings.limit)}, so what it is found to live "
        "with is less than what it would use",
    )


def stopped(_settings: SearchSettings, _sample: Sample) -> Stopped | None:
    """Nobody is killed for want of CPU time."""
    return None


def with_readings(one: Try, seen: Findings) -> Try:
    """What the app and the load used while the level was held, on average."""
    samples = [sample for sample in seen.samples.samples if sample.phase is Phase.HOLD]
    use = held_use(samples)
    if use is None:
        return one
    return replace(
        one,
        app_millicores=_of_app(use),
        app_peak_millicores=_peak_of_app(samples),
        load_millicores=use.load_millicores,
        throttled_percent=use.throttled_percent,
        cpu_pressure_some_percent=_most_pressure(samples),
    )


def _of_app(use: CpuUse) -> float | None:
    if use.used_millicores is None or use.load_millicores is None:
        return None
    return max(0.0, use.used_millicores - use.load_millicores)


def _peak_of_app(samples: Sequence[Sample]) -> float | None:
    """The most of any second."""
    meter = CpuMeter()
    uses = [use for sample in samples if (use := meter.add(sample)) is not None]
    found = [_of_app(use) for use in uses if use.passed_ms >= _A_SECOND_MS]
    return max((value for value in found if value is not None), default=None)


def _most_pressure(samples: Sequence[Sample]) -> float | None:
    found = [sample.cpu.pressure_some_avg10_percent for sample in samples]
    return max((value for value in found if value is not None), default=None)


def too_much(settings: SearchSettings, one: Try) -> Stopped | None:
    """Throttling alone fails no level, unless it was asked to."""
    most, share = settings.max_throttled_percent, one.throttled_percent
    if most is None or share is None or share <= most:
        return None
    text = f"the quota throttled it in {share:.0f}% of its periods (--max-throttled {most:g}%)"
    return Stopped(Mark.THROTTLED, text)


def mark(known: Mark | None) -> Mark | None:
    """What was throttled and stayed well was survived."""
    return Mark.FITS if known is Mark.THROTTLED else known


def is_short(_one: Try) -> bool:
    """A load that gets less than it asks for has its reason in its verdict."""
    return False


def least_limit(
    settings: SearchSettings, survived: int, tries: tuple[Try, ...]
) -> LeastLimit | None:
    """The app's own use at that level: the highest of its tries, to be on the safe side."""
    made = [one for one in tries if one.level == survived and one.mark is Mark.FITS]
    found = [one.app_millicores for one in made if one.app_millicores is not None]
    if not found:
        return None
    most, hold = max(found), format_duration(settings.hold_ms)
    of_tries = f"the most of {len(found)} tries of {hold}" if len(found) > 1 else f"over {hold}"
    words = (
        f"the app's own use beside {format_millicores(survived)} of CPU load was "
        f"{format_millicores(most)} on average ({of_tries})"
    )
    return LeastLimit(max(1, math.ceil(most)), words)


def new_limit(target: Target, millicores: int) -> NewLimit:
    """The request goes down with it where it must."""
    is_moved = moves_request(target.request_millicores, target.limit_millicores, millicores)
    return NewLimit("cpu", f"{millicores}m", is_moved)


def cells(point: Point) -> dict[str, str]:
    """The most that was seen."""
    return {
        "APP CPU": format_millicores(point.app_millicores),
        "APP PEAK": format_millicores(point.app_peak_millicores),
        "LOAD HAD": format_millicores(point.load_millicores),
        "THROTTLED": _percent(point.throttled_percent),
        "CPU PSI SOME": _percent(point.cpu_pressure_some_percent),
    }


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}%"


def bar(point: Point) -> tuple[float, float]:
    """What both had on average."""
    return point.app_millicores or 0.0, point.load_millicores or 0.0
