"""How readings of CPU time are shown: a `Gauge`. Pure."""

from collections.abc import Callable, Sequence

from kubectl_stress.agent.cpu_use import CpuMeter, CpuUse
from kubectl_stress.agent.samples import CpuLoadReading, Sample
from kubectl_stress.plan.gauge import Column, Curve, Drawing, Row, at_the_end
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.quantity import format_millicores
from kubectl_stress.targets.target import Target

HAS_VICTIMS = False


def limit_millicores(target: Target, sample: Sample | None) -> float | None:
    """The quota of the cgroup as it was read, else the limit that the API server tells."""
    read = sample.cpu.limit_millicores if sample else None
    return target.effective_limit_millicores if read is None else read


def asked_millicores(load: CpuLoadReading | None) -> float | None:
    """What all workers together are to use now."""
    if load is None or load.load_percent is None or load.workers is None:
        return None
    return load.load_percent * load.workers * 10


def _used(row: Row) -> str:
    return format_millicores(row.cpu.used_millicores if row.cpu else None)


def _share_of_limit(row: Row) -> str:
    used = row.cpu.used_millicores if row.cpu else None
    limit = limit_millicores(row.target, row.sample)
    return "-" if used is None or not limit else f"{100 * used / limit:.1f}%"


def _limit(row: Row) -> str:
    return format_millicores(limit_millicores(row.target, row.sample))


def _load(row: Row) -> str:
    return row.load_state or format_millicores(row.cpu.load_millicores if row.cpu else None)


def _asked(row: Row) -> str:
    sample = row.under_load
    return format_millicores(asked_millicores(sample.cpu_load if sample else None))


def level_words(sample: Sample | None, *, is_over: bool = False) -> str:
    """The level, and whether it is met: the load can add, but not take from the app.

    Once the load is over, of its last reading.
    """
    load = sample.cpu_load if sample else None
    if load is None or load.level_percent is None:
        return "-"
    is_apps = load.level_state == "above" and not load.load_percent
    state = "app above" if is_apps else load.level_state or "unknown"
    return (
        f"{format_millicores(load.level_percent * 10)} ({at_the_end(state) if is_over else state})"
    )


def _throttled(row: Row) -> str:
    share = row.cpu.throttled_percent if row.cpu else None
    return "-" if share is None else f"{share:.1f}%"


def _pressure(row: Row) -> str:
    some = row.sample.cpu.pressure_some_avg10_percent if row.sample else None
    return "-" if some is None else f"{some:.1f}%"


COLUMNS: tuple[Column, ...] = (
    Column("CPU", _used),
    Column("CPU%", _share_of_limit),
    Column("CPU LIMIT", _limit),
    Column("CPU LOAD", _load, of_load=True),
    Column("ASKED", _asked, stays=False, of_load=True),
    Column(
        "CPU LEVEL",
        lambda row: level_words(row.under_load, is_over=row.held is not None),
        of_load=True,
        is_shown=lambda spec: spec.cpu is not None and spec.cpu.is_level,
    ),
    Column("THROTTLED", _throttled),
)
WIDE_COLUMNS: tuple[Column, ...] = (Column("CPU PSI SOME", _pressure, wide_only=True),)


def drawing(target: Target, _spec: LoadSpec | None, samples: Sequence[Sample]) -> Drawing:
    """CPU time used by the container and by the load, each over the second before."""
    meter = CpuMeter()
    uses = {id(sample): meter.add(sample) for sample in samples}
    known = [use for use in uses.values() if use]

    def value_of(field: str) -> Callable[[Sample], float | None]:
        return lambda sample: getattr(uses.get(id(sample)), field, None)

    return Drawing(
        title="CPU time",
        curves=(
            Curve("CPU", "usage", value_of("used_millicores")),
            Curve("load", "load", value_of("load_millicores")),
        ),
        limit=lambda sample: sample.cpu.limit_millicores,
        planned_limit=target.effective_limit_millicores,
        peak=max((use.used_millicores or 0 for use in known), default=0),
        unit=_unit,
        text=format_millicores,
        least_top=10,
    )


def _unit(height: float) -> tuple[float, str]:
    return (1_000, "CPUs") if height >= 4_000 else (1, "m CPU")


def reading(sample: Sample, cpu: CpuUse | None, *, is_loaded: bool) -> str:
    """What is used, its share of the limit, the load where there is one, and the throttling."""
    if cpu is None:
        return "CPU not measured yet"
    limit, share = sample.cpu.limit_millicores, ""
    if limit and cpu.used_millicores is not None:
        share = f" ({100 * cpu.used_millicores / limit:.1f}% of the limit)"
    throttled = cpu.throttled_percent
    of_load = f", load {format_millicores(cpu.load_millicores)}" if is_loaded else ""
    of_load += "" if level_words(sample) == "-" else f", level {level_words(sample)}"
    of_quota = "" if throttled is None else f", throttled in {throttled:.0f}% of the periods"
    return f"CPU {format_millicores(cpu.used_millicores)}{share}{of_load}{of_quota}"


def holding(plan: Plan, _held_bytes: int) -> str:
    """What is held from now on: with steps, the first of them."""
    assert plan.cpu is not None
    first = (*plan.cpu.step_millicores, plan.cpu.millicores)[0]
    return f"{format_millicores(first)} CPU"
