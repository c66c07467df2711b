"""A load as the command line describes it ↔ the stressors of a StressChaos. Pure."""

import math
from collections.abc import Iterator

from kubectl_stress.errors import UsageError
from kubectl_stress.manifest.stresschaos import Experiment
from kubectl_stress.manifest.stressors import CpuStressor, MemoryStressor
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.plan.load_words import AfterOom, LoadKind
from kubectl_stress.plan.spec import CpuLoad, LoadSpec, MemoryLoad, Schedule
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


def stressors(spec: LoadSpec) -> tuple[MemoryStressor | None, CpuStressor | None]:
    """The stressors that ask for this load; UsageError names what no StressChaos can say."""
    of_all = (f"--stop-on {word}" for word in stop_words(spec.stop_on, spec.pressure_percent))
    unsaid = ", ".join([*_of_memory(spec), *_of_cpu(spec), *of_all])
    if unsaid:
        raise UsageError(
            f"a StressChaos cannot express {unsaid}: change that, or run it without -o manifest"
        )
    cpu = CpuStressor(*_workers(spec.cpu)) if spec.cpu else None
    load, ramp_ms = spec.memory, spec.schedule.ramp_ms
    if load is None:
        return None, cpu
    return MemoryStressor(load.amount, load.workers, ramp_ms, load.oom_score_adj), cpu


def _of_memory(spec: LoadSpec) -> Iterator[str]:
    load = spec.memory
    if load is None:
        return
    if load.metric is not None:
        yield "--to"
    elif not _is_size(load.amount):
        yield f"--size {load.amount.text} (use bytes, or a whole percentage of limit or node)"
    if load.oom_score_adj == 0:
        yield "--oom-score-adj 0"  # there it means "as inherited"
    if load.kind is not LoadKind.ANON:
        yield f"--kind {load.kind.value}"
    if load.leak is not None:
        yield "--leak"
    if load.dirty_bytes_per_s:
        yield "--dirty"
    if load.steps:
        yield "--steps"
    if load.after_oom is not AfterOom.STOP:
        yield f"--after-oom {load.after_oom.value}"


def _of_cpu(spec: LoadSpec) -> Iterator[str]:
    """There a load is a whole percentage of one CPU for each worker, from the beginning."""
    load = spec.cpu
    if load is None:
        return
    if load.is_level:
        yield "--to"
        return
    option = "--cpu-" if spec.memory else "--"
    percent = 0.0
    if load.amount.absolute_millicores is not None:
        workers, _ = _workers(load)
        percent = load.amount.absolute_millicores / workers / 10
    if percent != int(percent) or not 1 <= percent <= 100:
        yield f"{option}load {load.amount.text} (use whole percentages of a CPU, like 500m)"
    if load.steps:
        yield f"{option}steps"
    if spec.schedule.ramp_ms and spec.memory is None:
        yield "--ramp"


def _workers(load: CpuLoad) -> tuple[int, int]:
    """How many, and the percentage of each."""
    millicores = load.amount.absolute_millicores or 0
    workers = load.workers or max(1, math.ceil(millicores / 1_000))
    return workers, int(millicores / workers / 10)


def _is_size(amount: Amount) -> bool:
    """Bytes, or whole percentages up to 100 of the limit or the node."""
    if amount.percent is None:
        return True
    is_whole = amount.percent == int(amount.percent) and amount.percent <= 100
    return is_whole and amount.base in (ShareBase.LIMIT, ShareBase.NODE)
