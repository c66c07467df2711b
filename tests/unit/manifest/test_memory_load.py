"""A memory load and the StressChaos that stands for it are the same plan."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.errors import UsageError
from kubectl_stress.formats.serialize import to_yaml
from kubectl_stress.manifest.memory_load import load_spec, stressors
from kubectl_stress.manifest.stresschaos import Experiment
from kubectl_stress.manifest.writer import stress_chaos
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.load_words import AfterOom, LoadKind, Metric
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.spec import CpuLoad, Leak, LoadSpec, MemoryLoad, Schedule
from kubectl_stress.plan.stop_on import StopOn
from kubectl_stress.targets.choose import Choice, Mode
from kubectl_stress.targets.selector import PodSelector
from kubectl_stress.targets.target import Target
from tests.builders.loads import memory_load
from tests.builders.manifests import experiment as read
from tests.builders.manifests import memory
from tests.builders.manifests import stress_chaos as text_of
from tests.builders.pods import pod

TARGET = Target.from_pod(pod().container("app", limit="128Mi", request="64Mi").dict)
AMOUNTS = st.sampled_from(["300Mi", "52428801", "1500k", "60%", "100%", "1%"]).map(Amount.parse)
SPECS = st.builds(
    memory_load,
    AMOUNTS,
    duration_ms=st.integers(1, 86_400_000),
    ramp_ms=st.integers(0, 3_600_000),
    workers=st.integers(1, 64),
    oom_score_adj=st.none() | st.integers(-999, -1) | st.integers(1, 1000),
)


def as_manifest(spec: LoadSpec) -> str:
    return to_yaml(
        stress_chaos(
            Experiment(
                line=1,
                name="web-memory",
                namespace="default",
                selector=PodSelector(pods=(("default", "web"),)),
                choice=Choice(Mode.ALL),
                containers=("app",),
                duration_ms=spec.schedule.duration_ms,
                memory=stressors(spec)[0],
                cpu=stressors(spec)[1],
            )
        )
    )


def memory_of(spec: LoadSpec) -> MemoryLoad:
    assert spec.memory is not None
    return spec.memory


def plan(spec: LoadSpec) -> Plan:
    """Decided on the same target; how the size was written does not count."""
    found = make_plan(spec, TARGET)
    load = replace(memory_of(spec), amount=replace(memory_of(spec).amount, text=""))
    return replace(found, spec=replace(spec, memory=load))


@given(spec=SPECS)
def test_a_load_is_the_same_plan_after_its_manifest(spec: LoadSpec) -> None:
    assert plan(load_spec(read(as_manifest(spec)))) == plan(spec)


@pytest.mark.parametrize(
    "stressor",
    [
        "workers: 4, size: 50MiB",
        "workers: 1, size: 10GB, oomScoreAdj: 1000",
        "workers: 1, size: 50%, options: ['--time 30s']",
        "workers: 1, size: 1.5GiB, time: 1m30s",
    ],
)
def test_a_manifest_is_the_same_plan_after_its_load(stressor: str) -> None:
    spec = load_spec(read(text_of(stressors=memory(stressor))))

    assert plan(load_spec(read(as_manifest(spec)))) == plan(spec)


def test_a_share_of_the_node_comes_back_where_it_is_asked_for() -> None:
    spec = memory_load(Amount.parse("50%node"))

    assert load_spec(read(as_manifest(spec), ShareBase.NODE)) == spec


def test_without_a_duration_the_default_counts() -> None:
    spec = load_spec(read(text_of(duration="")))

    assert spec.schedule.duration_ms == Schedule().duration_ms == 60_000


def test_every_field_of_a_load_is_expressed_or_refused() -> None:
    expressed = {"amount", "duration_ms", "ramp_ms", "workers", "oom_score_adj"}
    refused = {"kind", "dirty_bytes_per_s", "after_oom", "steps", "metric", "leak"}
    of_these = {"max_restarts", "step_hold_ms"}  # mean nothing without --after-oom and --steps

    known = {field.name for kind in (MemoryLoad, Schedule) for field in fields(kind)}
    assert known == expressed | refused | of_these
    of_all = {"memory", "cpu", "schedule", "stop_on", "pressure_percent"}
    assert {field.name for field in fields(LoadSpec)} == of_all


SIZES = "(use bytes, or a whole percentage of limit or node)"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"amount": Amount.parse("60%request")}, f"--size 60%request {SIZES}"),
        ({"amount": Amount.parse("60%headroom")}, f"--size 60%headroom {SIZES}"),
        ({"amount": Amount.parse("12.5%")}, f"--size 12.5% {SIZES}"),
        ({"amount": Amount.parse("120%")}, f"--size 120% {SIZES}"),
        ({"oom_score_adj": 0}, "--oom-score-adj 0"),
        ({"kind": LoadKind.SHM}, "--kind shm"),
        ({"dirty_bytes_per_s": 1}, "--dirty"),
        ({"after_oom": AfterOom.REPEAT}, "--after-oom repeat"),
        ({"steps": (Amount.parse("10Mi"),)}, "--steps"),
        ({"metric": Metric.USAGE}, "--to"),
        ({"leak": Leak(1 << 20, 1_000)}, "--leak"),
        ({"stop_on": (StopOn.RESTART, StopOn.NOT_READY)}, "--stop-on restart, --stop-on not-ready"),
    ],
    ids=str,
)
def test_what_a_stresschaos_cannot_express_is_refused_by_name(
    changes: dict[str, object], named: str
) -> None:
    spec = memory_load(**{"amount": Amount.parse("50Mi"), **changes})  # type: ignore[arg-type]

    with pytest.raises(UsageError) as caught:
        stressors(spec)

    assert str(caught.value).startswith(f"a StressChaos cannot express {named}: ")


@pytest.mark.parametrize(
    ("beside", "named"),
    [(None, "--load 50%"), (MemoryLoad(Amount.parse("50Mi")), "--cpu-load 50%")],
)
def test_a_cpu_load_is_named_as_its_command_does(beside: MemoryLoad | None, named: str) -> None:
    spec = LoadSpec(memory=beside, cpu=CpuLoad(Amount.parse_cpu("50%")))

    with pytest.raises(UsageError, match=f"cannot express {named} "):
        stressors(spec)
