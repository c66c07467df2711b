"""A memory load as the command line describes it ↔ the memory stressor of a StressChaos. Pure."""

from collections.abc import Iterator

from kubectl_stress.errors import UsageError
from kubectl_stress.manifest.stresschaos import Experiment
from kubectl_stress.manifest.stressors import MemoryStressor
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.plan.spec import AfterOom, LoadKind, MemSpec
from kubectl_stress.plan.stop_on import stop_words

DEFAULT_DURATION_MS = MemSpec.duration_ms


def mem_spec(experiment: Experiment) -> MemSpec:
    """The load that the experiment's memory stressor asks for."""
    memory = experiment.memory
    assert memory is not None
    return MemSpec(
        amount=memory.amount,
        duration_ms=experiment.duration_ms or DEFAULT_DURATION_MS,
        ramp_ms=memory.ramp_ms,
        workers=memory.workers,
        oom_score_adj=memory.oom_score_adj,
    )


def memory_stressor(spec: MemSpec) -> MemoryStressor:
    """The stressor that asks for this load; UsageError names what no StressChaos can say."""
    unsaid = ", ".join(_inexpressible(spec))
    if unsaid:
        raise UsageError(
            f"a StressChaos cannot express {unsaid}: leave it out, or run it from here"
        )
    return MemoryStressor(spec.amount, spec.workers, spec.ramp_ms, spec.oom_score_adj)


def _inexpressible(spec: MemSpec) -> Iterator[str]:
    if not _is_size(spec.amount):
        yield f"--size {spec.amount.text}"
    if spec.oom_score_adj == 0:
        yield "--oom-score-adj 0"  # there it means "as inherited"
    if spec.kind is not LoadKind.ANON:
        yield f"--kind {spec.kind.value}"
    if spec.dirty_bytes_per_s:
        yield "--dirty"
    if spec.steps:
        yield "--steps"
    if spec.after_oom is not AfterOom.STOP:
        yield f"--after-oom {spec.after_oom.value}"
    yield from (f"--stop-on {word}" for word in stop_words(spec.stop_on, spec.pressure_percent))


def _is_size(amount: Amount) -> bool:
    """Bytes, or whole percentages up to 100 of the limit or the node."""
    if amount.percent is None:
        return True
    is_whole = amount.percent == int(amount.percent) and amount.percent <= 100
    return is_whole and amount.base in (ShareBase.LIMIT, ShareBase.NODE)
