"""A memory load as the command line describes it ↔ the memory stressor of a StressChaos. Pure."""

from collections.abc import Iterator

from kubectl_stress.errors import UsageError
from kubectl_stress.manifest.stresschaos import Experiment
from kubectl_stress.manifest.stressors import MemoryStressor
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.plan.spec import AfterOom, LoadKind, LoadSpec, MemoryLoad, Schedule
from kubectl_stress.plan.stop_on import stop_words

DEFAULT_DURATION_MS = Schedule.duration_ms


def load_spec(experiment: Experiment) -> LoadSpec:
    """The load that the experiment's memory stressor asks for."""
    memory = experiment.memory
    assert memory is not None
    return LoadSpec(
        memory=MemoryLoad(
            amount=memory.amount, workers=memory.workers, oom_score_adj=memory.oom_score_adj
        ),
        schedule=Schedule(experiment.duration_ms or DEFAULT_DURATION_MS, memory.ramp_ms),
    )


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
