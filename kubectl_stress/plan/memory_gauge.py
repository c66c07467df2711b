"""How readings of memory are shown: a `Gauge`. Pure."""

from collections.abc import Callable, Sequence

from kubectl_stress.agent.cpu_use import CpuUse
from kubectl_stress.agent.samples import Sample
from kubectl_stress.plan.gauge import Column, Curve, Drawing, Row, at_the_end
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.quantity import format_bytes
from kubectl_stress.targets.target import Target

HAS_VICTIMS = True  # who dies first is a question of memory


def _size(field: str) -> Callable[[Row], str]:
    return lambda row: format_bytes(getattr(row.sample.memory, field) if row.sample else None)


def _share_of_limit(row: Row) -> str:
    memory = row.sample.memory if row.sample else None
    if memory is None or not memory.limit_bytes or memory.usage_bytes is None:
        return "-"
    return f"{100 * memory.usage_bytes / memory.limit_bytes:.1f}%"


def _pressure(row: Row) -> str:
    some = row.sample.memory.pressure_some_avg10_percent if row.sample else None
    full = row.sample.memory.pressure_full_avg10_percent if row.sample else None
    return "-" if some is None or full is None else f"{some:.1f}%/{full:.1f}%"


def _held(row: Row) -> str:
    return row.load_state or format_bytes(row.sample.held_bytes if row.sample else None)


def level_words(sample: Sample | None, *, is_over: bool = False) -> str:
    """The level, and whether it is met: the load can add, but not take from the app.

    Once the load is over, of its last reading.
    """
    if sample is None or sample.level_bytes is None:
        return "-"
    is_apps = sample.level_state == "above" and sample.held_bytes == 0
    state = "app above" if is_apps else sample.level_state or "unknown"
    return f"{format_bytes(sample.level_bytes)} ({at_the_end(state) if is_over else state})"


def _oom_kills(row: Row) -> str:
    return "unknown" if row.oom_kills is None else str(row.oom_kills)


COLUMNS: tuple[Column, ...] = (
    Column("USAGE", _size("usage_bytes")),
    Column("USAGE%", _share_of_limit),
    Column("LIMIT", _size("limit_bytes")),
    Column("WORKING SET", _size("working_set_bytes"), stays=False),
    Column("LOAD", _held, of_load=True),
    Column(
        "LEVEL",
        lambda row: level_words(row.under_load, is_over=row.held is not None),
        of_load=True,
        is_shown=lambda spec: spec.memory is not None and spec.memory.metric is not None,
    ),
    Column("PEAK", lambda row: format_bytes(row.peak_usage_bytes), stays=False),
    Column("OOM KILLS", _oom_kills),
)
WIDE_COLUMNS: tuple[Column, ...] = (
    Column("ANON", _size("anon_bytes"), wide_only=True),
    Column("FILE", _size("file_bytes"), wide_only=True),
    Column("INACTIVE FILE", _size("inactive_file_bytes"), wide_only=True),
    Column("SHMEM", _size("shmem_bytes"), wide_only=True),
    Column("KERNEL", _size("kernel_bytes"), wide_only=True),
    Column("PAGE TABLES", _size("pagetables_bytes"), wide_only=True),
    Column("SLAB", _size("slab_bytes"), wide_only=True),
    Column("SWAP", _size("swap_bytes"), wide_only=True),
    Column("SWAP LIMIT", _size("swap_limit_bytes"), wide_only=True),
    Column("HIGH", _size("high_bytes"), wide_only=True),
    Column("POD LIMIT", lambda row: format_bytes(row.target.pod_limit_bytes), wide_only=True),
    Column("PSI SOME/FULL", _pressure, wide_only=True),
    Column("NODE AVAILABLE", lambda row: format_bytes(row.node_available_bytes), wide_only=True),
)


def drawing(target: Target, spec: LoadSpec | None, samples: Sequence[Sample]) -> Drawing:
    """Usage, working set and what the load holds, against the limit that the kernel enforces."""
    return Drawing(
        title="Memory",
        curves=(*_CURVES, _LEVEL) if spec and spec.memory and spec.memory.metric else _CURVES,
        limit=lambda sample: sample.memory.limit_bytes,
        planned_limit=target.effective_limit_bytes,
        peak=max((top for sample in samples for top in _levels(sample)), default=0),
        unit=_unit,
        text=_text,
        least_top=1 << 20,
    )


_CURVES = (
    Curve("usage", "usage", lambda sample: sample.memory.usage_bytes),
    Curve("working set", "working-set", lambda sample: sample.memory.working_set_bytes),
    Curve("load", "load", lambda sample: sample.held_bytes),
)


_LEVEL = Curve("level", "level", lambda sample: sample.level_bytes)


def _levels(sample: Sample) -> tuple[int, ...]:
    return max(0, sample.memory.usage_bytes or 0), max(0, sample.held_bytes)


def _unit(height: float) -> tuple[float, str]:
    return (1 << 30, "GiB") if height >= 4 << 30 else (1 << 20, "MiB")


def _text(value: float | None) -> str:
    return format_bytes(None if value is None else int(value))


def reading(sample: Sample, _cpu: CpuUse | None, *, is_loaded: bool) -> str:
    """Usage, its share of the limit, the working set, and the load where there is one."""
    memory = sample.memory
    share = ""
    if memory.usage_bytes is not None and memory.limit_bytes:
        share = f" ({100 * memory.usage_bytes / memory.limit_bytes:.1f}% of the limit)"
    of_load = f", load {format_bytes(sample.held_bytes)}" if is_loaded else ""
    of_load += "" if sample.level_bytes is None else f", level {level_words(sample)}"
    return (
        f"usage {format_bytes(memory.usage_bytes)}{share}, working set "
        f"{format_bytes(memory.working_set_bytes)}{of_load}"
    )


def holding(_plan: Plan, held_bytes: int) -> str:
    """What is held from now on."""
    return format_bytes(held_bytes)
