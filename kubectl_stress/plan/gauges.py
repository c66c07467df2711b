"""Which resources of a run are shown. Pure."""

from collections.abc import Sequence

from kubectl_stress.plan import cpu_gauge, memory_gauge
from kubectl_stress.plan.gauge import Gauge
from kubectl_stress.plan.spec import LoadSpec

GAUGES: tuple[Gauge, ...] = (memory_gauge, cpu_gauge)


def gauges(spec: LoadSpec | None) -> Sequence[Gauge]:
    """Those of what is loaded; without a load, that of memory."""
    if spec is None:
        return GAUGES[:1]
    return [gauge for gauge, load in zip(GAUGES, (spec.memory, spec.cpu), strict=True) if load]


def has_victims(spec: LoadSpec | None) -> bool:
    """Whether the kernel may kill somebody because of the load."""
    return any(gauge.HAS_VICTIMS for gauge in gauges(spec))
