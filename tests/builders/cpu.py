"""Runs of a CPU load: a container of 250m, and samples ten times a second."""

from typing import Any

from kubectl_stress.agent.samples import Cpu, CpuLoadReading, Memory, Phase, Sample
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.spec import CpuLoad, LoadSpec, Schedule
from kubectl_stress.targets.target import Target
from tests.builders.pods import MIB, pod


def limited(limit: str | None = "250m", request: str | None = "100m") -> Target:
    """A container with this limit and request of CPU."""
    built = pod().container("app", limit="128Mi", request="64Mi")
    resources = built.dict["spec"]["containers"][0]["resources"]
    for kind, value in (("limits", limit), ("requests", request)):
        resources[kind] |= {"cpu": value} if value else {}
    return Target.from_pod(built.dict)


def cpu_load(
    amount: str = "50%", *steps: str, workers: int | None = None, **given: Any
) -> LoadSpec:
    """A load of CPU alone; further fields are those of its schedule."""
    load = CpuLoad(Amount.parse_cpu(amount), tuple(map(Amount.parse_cpu, steps)), workers)
    return LoadSpec(cpu=load, schedule=Schedule(**given))


def cpu_plan(amount: str = "50%", *steps: str, target: Target | None = None, **given: Any) -> Plan:
    """Decided on a container of 250m."""
    return make_plan(cpu_load(amount, *steps, **given), target or limited())


def cpu_sample(
    at_ms: int,
    *,
    used_us: int,
    load_us: int,
    periods: int | None = 0,
    throttled: int | None = 0,
    phase: str = "hold",
    **load: Any,
) -> Sample:
    """A sample with these counters."""
    reading = {"load_percent": 12.5, "workers": 1, "used_us": load_us}
    return Sample(
        elapsed_ms=at_ms,
        time_ms=at_ms,
        phase=Phase(phase),
        size_bytes=0,
        held_bytes=0,
        memory=Memory(usage_bytes=10 * MIB, limit_bytes=128 * MIB, oom_kill=0, oom_group_kill=0),
        cpu=Cpu(used_us, periods, throttled, (throttled or 0) * 50_000, limit_millicores=250),
        cpu_load=CpuLoadReading(**{**reading, **load}),
        at_ms=at_ms,
    )


def cpu_samples(
    load_millicores: float = 125,
    *,
    app_millicores: float = 10,
    throttled: bool = False,
    **load: Any,
) -> list[Sample]:
    """Three seconds of hold in which so much is used; `throttled` in each period."""
    return [
        cpu_sample(
            at_ms,
            used_us=int((load_millicores + app_millicores) * at_ms),
            load_us=int(load_millicores * at_ms),
            periods=at_ms // 100,
            throttled=at_ms // 100 if throttled else 0,
            **load,
        )
        for at_ms in range(0, 3_100, 100)
    ]
