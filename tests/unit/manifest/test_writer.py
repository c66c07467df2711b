"""What is written as a StressChaos is read again as the same, and Chaos Mesh admits it."""

from dataclasses import replace
from decimal import Decimal

import yaml
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.formats.serialize import to_yaml
from kubectl_stress.manifest.diagnostic import Severity
from kubectl_stress.manifest.stresschaos import Experiment
from kubectl_stress.manifest.stressors import CpuStressor, MemoryStressor
from kubectl_stress.manifest.writer import stress_chaos
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.targets.choose import Choice, Mode
from kubectl_stress.targets.selector import (
    PHASES,
    SELECTABLE_FIELDS,
    LabelRule,
    Operator,
    PodSelector,
)
from tests.builders.manifests import manifest

# Those that YAML takes for something else than a string are the ones to be quoted.
NAMES = st.sampled_from(["web", "a-1", "true", "1", "12e4", "no", "1.5", "0x1f", "null", "1_0"])
OBJECT_NAMES = st.sampled_from(["y", "no", "0x1", "1e3", "7", "null", "web-0"])  # some need quotes
KEYS = st.sampled_from(["app", "example.org/tier", "y", "on"])


def tuples_of(element: st.SearchStrategy, min_size: int = 0) -> st.SearchStrategy:
    return st.lists(element, min_size=min_size, max_size=3, unique=True).map(tuple)


def maps_of(keys: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    return st.dictionaries(keys, NAMES, max_size=2).map(lambda found: tuple(found.items()))


RULES = st.one_of(
    st.builds(LabelRule.equal, KEYS, NAMES),
    st.builds(LabelRule, KEYS, st.sampled_from([Operator.EXISTS, Operator.DOES_NOT_EXIST])),
    st.builds(
        LabelRule, KEYS, st.sampled_from([Operator.IN, Operator.NOT_IN]), tuples_of(NAMES, 1)
    ),
)
SELECTORS = st.builds(
    PodSelector,
    namespaces=tuples_of(OBJECT_NAMES, 1),
    labels=st.lists(RULES, max_size=3, unique_by=lambda rule: rule.key).map(tuple),
    annotations=maps_of(KEYS),
    fields=maps_of(st.sampled_from(SELECTABLE_FIELDS)),
    phases=tuples_of(st.sampled_from(PHASES)),
    excluded_phases=tuples_of(st.sampled_from(PHASES)),
    nodes=tuples_of(NAMES),
    node_labels=maps_of(KEYS),
) | st.builds(
    PodSelector,
    pods=st.dictionaries(NAMES, tuples_of(NAMES, 1), min_size=1, max_size=2).map(
        lambda found: tuple((namespace, name) for namespace in found for name in found[namespace])
    ),
)
CHOICES = st.sampled_from([Choice(Mode.ONE), Choice(Mode.ALL)]) | st.builds(
    Choice,
    st.sampled_from([Mode.FIXED, Mode.FIXED_PERCENT, Mode.RANDOM_MAX_PERCENT]),
    st.integers(1, 100),
)
SIZES = st.integers(4096, 1 << 45).map(lambda size: Amount("", absolute_bytes=size))
SHARES = st.integers(1, 100).map(
    lambda percent: Amount("", percent=Decimal(percent), base=ShareBase.LIMIT)
)
TIMES_MS = st.integers(1, 86_400_000) | st.integers(1, 24).map(lambda hours: hours * 3_600_000)
MEMORY = st.builds(
    MemoryStressor,
    SIZES | SHARES,
    workers=st.integers(1, 64),
    ramp_ms=st.just(0) | TIMES_MS,
    oom_score_adj=st.none() | st.integers(-999, -1) | st.integers(1, 1000),
)
CPU = st.builds(CpuStressor, st.integers(1, 64), st.integers(1, 100))


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    memory, cpu = draw(st.tuples(MEMORY, CPU | st.none()) | st.tuples(st.none(), CPU))
    return Experiment(
        line=1,
        name=draw(OBJECT_NAMES),
        namespace=draw(st.none() | OBJECT_NAMES),
        selector=draw(SELECTORS),
        choice=draw(CHOICES),
        containers=draw(tuples_of(NAMES)),
        duration_ms=draw(st.none() | TIMES_MS),
        memory=memory,
        cpu=cpu,
    )


def without_text(experiment: Experiment) -> Experiment:
    """Sizes may be written in another unit, and equalities on one key before other rules."""
    selector = replace(
        experiment.selector, labels=tuple(sorted(experiment.selector.labels, key=str))
    )
    memory = experiment.memory
    if memory is not None:
        memory = replace(memory, amount=replace(memory.amount, text=""))
    return replace(experiment, memory=memory, selector=selector)


@given(experiment=experiments())
def test_an_experiment_is_read_as_it_was_written(experiment: Experiment) -> None:
    found = manifest(to_yaml(stress_chaos(experiment)))

    (read,) = found.experiments
    assert without_text(read) == without_text(experiment)


@given(experiment=experiments())
def test_what_is_written_has_nothing_that_the_api_server_refuses(experiment: Experiment) -> None:
    found = manifest(to_yaml(stress_chaos(experiment)))

    refused = [one for one in found.diagnostics if "refuses" in one.sentence]
    assert refused == []
    assert all(one.severity is not Severity.ERROR for one in found.diagnostics)


def test_the_object_reads_as_a_person_would_write_it() -> None:
    experiment = Experiment(
        line=1,
        name="web-memory",
        namespace="shop",
        selector=PodSelector(("shop",), (LabelRule.equal("app", "web"),)),
        choice=Choice(Mode.FIXED, 2),
        containers=("app",),
        duration_ms=90_000,
        memory=MemoryStressor(Amount("50Mi", absolute_bytes=50 << 20), 4, 3_600_000, 1000),
    )

    assert to_yaml(stress_chaos(experiment)).splitlines() == [
        "apiVersion: chaos-mesh.org/v1alpha1",
        "kind: StressChaos",
        "metadata:",
        "  name: web-memory",
        "  namespace: shop",
        "spec:",
        "  selector:",
        "    namespaces:",
        "    - shop",
        "    labelSelectors:",
        "      app: web",
        "  mode: fixed",
        "  value: '2'",
        "  containerNames:",
        "  - app",
        "  stressors:",
        "    memory:",
        "      workers: 4",
        "      size: 50MiB",
        "      oomScoreAdj: 1000",
        "      options:",
        "      - --time 1h",
        "  duration: 90s",
    ]


def test_a_string_that_kubernetes_takes_for_a_number_is_quoted() -> None:
    assert to_yaml({"a": "12e4", "b": "1.5e-3", "c": "e4"}) == "a: '12e4'\nb: '1.5e-3'\nc: e4"
    assert yaml.safe_load(to_yaml({"a": 1.5, "b": 2})) == {"a": 1.5, "b": 2}
