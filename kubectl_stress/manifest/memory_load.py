"""A load as the command line describes it ↔ the stressors of a StressChaos. Pure."""

from collections.abc import Iterator

from kubectl_stress.errors import UsageError
from kubectl_stress.manifest.stresschaos import Experiment
from kubectl_stress.manifest.stressors import CpuStressor, MemoryStressor
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.plan.spec import AfterOom, CpuLoad, LoadKind, LoadSpec, MemoryLoad, Schedule
from kubectl_stress.plan.stop_on import stop_words

DEFAULT_DURATION_MS = Schedule.duration_ms


def load_spec(experiment: Experiment) -> LoadSpec:
    """The load that the experiment's stressors ask for: memory, CPU, or both at the same time."""
    memory, cpu = experiment.memory, experiment.cpu
    ramp_ms = memory.ramp_ms if memory else 0
    return LoadSpec(
        memory=_memory_load(memory) if memory else None,
        cpu=_cpu_load(cpu) if cpu else None,
        schedule=Schedule(experiment.duration_ms or DEFAULT_DURATION_MS, ramp_ms),
    )


def _memory_load(stressor: MemoryStressor) -> MemoryLoad:
    return MemoryLoad(
        amount=stressor.amount, workers=stressor.workers, oom_score_adj=stressor.oom_score_adj
    )


def _cpu_load(stressor: CpuStressor) -> CpuLoad:
    """Each worker loads one CPU to its percentage: together so many thousandths of a CPU."""
    millicores = stressor.workers * stressor.load_percent * 10
    amount = Amount(f"{millicores}m", absolute_millicores=millicores)
    return CpuLoad(amount, workers=stressor.workers)


def memory_stressor(spec: LoadSpec) -> MemoryStressor:
    """The stressor that asks for this load; UsageError names what no StressChaos can say."""
    unsaid = ", ".join(_inexpressible(spec))
    if unsaid:
        raise UsageError(
            f"a StressChaos cannot express {unsaid}: leave it out, or run it from here"
        )
    load = spec.memory
    assert load is not None
    return MemoryStressor(load.amount, load.workers, spec.schedule.ramp_ms, load.oom_score_adj)


def _inexpressible(spec: LoadSpec) -> Iterator[str]:
    load = spec.memory
    assert load is not None
    if not _is_size(load.amount):
        yield f"--size {load.amount.text}"
    if load.oom_score_adj == 0:
        yield "--oom-score-adj 0"  # there it means "as inherited"
    if load.kind is not LoadKind.ANON:
        yield f"--kind {load.kind.value}"
    if load.dirty_bytes_per_s:
        yield "--dirty"
    if load.steps:
        yield "--steps"
    if load.after_oom is not AfterOom.STOP:
        yield f"--after-oom {load.after_oom.value}"
    yield from (f"--stop-on {word}" for word in stop_words(spec.stop_on, spec.pressure_percent))


def _is_size(amount: Amount) -> bool:
    """Bytes, or whole percentages up to 100 of the limit or the node."""
    if amount.percent is None:
        return True
    is_whole = amount.percent == int(amount.percent) and amount.percent <= 100
    return is_whole and amount.base in (ShareBase.LIMIT, ShareBase.NODE)
