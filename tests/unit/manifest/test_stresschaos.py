"""Each field of a StressChaos is read, or refused in one line that has its number."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kubectl_stress.manifest.schema import STRESS_CHAOS, field_names
from kubectl_stress.manifest.stresschaos import Experiment
from kubectl_stress.manifest.stressors import CpuStressor, MemoryStressor
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.targets.choose import Choice, Mode
from kubectl_stress.targets.selector import LabelRule, Operator, PodSelector
from tests.builders.manifests import cpu, experiment, manifest, memory, said, stress_chaos

ARTICLE = """\
apiVersion: chaos-mesh.org/v1alpha1
kind: StressChaos
metadata:
  name: memory-stress
  namespace: hello-kubernetes
spec:
  mode: all
  selector:
    namespaces:
      - hello-kubernetes
  stressors:
    memory:
      workers: 4
      size: 50MiB
      options: [""]
  duration: "1h"
"""


def test_the_file_of_the_article_is_read_as_it_stands() -> None:
    assert experiment(ARTICLE) == Experiment(
        line=1,
        name="memory-stress",
        namespace="hello-kubernetes",
        selector=PodSelector(namespaces=("hello-kubernetes",)),
        choice=Choice(Mode.ALL),
        duration_ms=3_600_000,
        memory=MemoryStressor(Amount("50MiB", absolute_bytes=50 << 20), workers=4),
    )


@pytest.mark.parametrize(
    ("field", "read"),
    [
        ("namespaces: [a, b]", PodSelector(namespaces=("a", "b"))),
        ("labelSelectors: {app: web}", PodSelector(labels=(LabelRule.equal("app", "web"),))),
        (
            "expressionSelectors: [{key: tier, operator: In, values: [a, b]}]",
            PodSelector(labels=(LabelRule("tier", Operator.IN, ("a", "b")),)),
        ),
        (
            "expressionSelectors: [{key: tier, operator: DoesNotExist}]",
            PodSelector(labels=(LabelRule("tier", Operator.DOES_NOT_EXIST),)),
        ),
        ("annotationSelectors: {who: a/b}", PodSelector(annotations=(("who", "a/b"),))),
        ("fieldSelectors: {spec.nodeName: n1}", PodSelector(fields=(("spec.nodeName", "n1"),))),
        ("podPhaseSelectors: [Running, Pending]", PodSelector(phases=("Running", "Pending"))),
        (
            "podPhaseSelectors: ['!Failed, Running']",
            PodSelector((), (), (), (), ("Running",), ("Failed",)),
        ),
        ("nodes: [n1]", PodSelector(nodes=("n1",))),
        ("nodeSelectors: {disk: ssd}", PodSelector(node_labels=(("disk", "ssd"),))),
        ("pods: {a: [p, q], b: [r]}", PodSelector(pods=(("a", "p"), ("a", "q"), ("b", "r")))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_selector_is_read(field: str, read: PodSelector) -> None:
    assert experiment(stress_chaos(selector=f"selector: {{{field}}}")).selector == read


@pytest.mark.parametrize(
    ("fields", "attribute", "read"),
    [
        ({"mode": "mode: all"}, "choice", Choice(Mode.ALL)),
        ({"mode": "mode: fixed", "value": 'value: "2"'}, "choice", Choice(Mode.FIXED, 2)),
        ({"mode": "mode: fixed", "value": "value: 2"}, "choice", Choice(Mode.FIXED, 2)),
        (
            {"mode": "mode: fixed-percent", "value": "value: '30'"},
            "choice",
            Choice(Mode.FIXED_PERCENT, 30),
        ),
        (
            {"mode": "mode: random-max-percent", "value": "value: '30'"},
            "choice",
            Choice(Mode.RANDOM_MAX_PERCENT, 30),
        ),
        ({"containerNames": "containerNames: [a, b]"}, "containers", ("a", "b")),
        ({"containerNames": ""}, "containers", ()),
        ({"duration": "duration: 1h30m"}, "duration_ms", 5_400_000),
        ({"duration": ""}, "duration_ms", None),
        ({"duration": 'duration: ""'}, "duration_ms", None),
        ({"remoteCluster": 'remoteCluster: ""'}, "name", "memory-stress"),
        ({"stressngStressors": 'stressngStressors: ""'}, "name", "memory-stress"),
    ],
    ids=str,
)
def test_each_field_of_the_spec_is_read(fields: dict[str, str], attribute: str, read: Any) -> None:
    assert getattr(experiment(stress_chaos(**fields)), attribute) == read


def amount(written: str, size_bytes: int) -> Amount:
    return Amount(written, absolute_bytes=size_bytes)


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ("workers: 1, size: 10GB", MemoryStressor(amount("10GB", 10**10))),
        ("workers: 1, size: 1000Gi", MemoryStressor(amount("1000Gi", 1000 << 30))),
        ("size: 50MiB", MemoryStressor(amount("50MiB", 50 << 20))),  # workers left out
        ("workers: '2', size: 50MiB", MemoryStressor(amount("50MiB", 50 << 20), 2)),
        ("workers: 1, size: 50MiB, time: 1m", MemoryStressor(amount("50MiB", 50 << 20), 1, 60_000)),
        (
            "workers: 1, size: 50MiB, oomScoreAdj: 1000",
            MemoryStressor(amount("50MiB", 50 << 20), oom_score_adj=1000),
        ),
        ("workers: 1, size: 50MiB, oomScoreAdj: 0", MemoryStressor(amount("50MiB", 50 << 20))),
        (
            "workers: 1, size: 1MiB, options: ['--time 1m', -size=2MiB --workers, '3']",
            MemoryStressor(amount("2MiB", 2 << 20), 3, 60_000),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_field_of_the_memory_stressor_is_read(fields: str, read: MemoryStressor) -> None:
    assert experiment(stress_chaos(stressors=memory(fields))).memory == read


@pytest.mark.parametrize(
    ("percent_of", "base"),
    [(ShareBase.LIMIT, ShareBase.LIMIT), (ShareBase.NODE, ShareBase.NODE)],
)
def test_a_percentage_is_of_what_was_asked_for(percent_of: ShareBase, base: ShareBase) -> None:
    text = stress_chaos(stressors=memory("workers: 1, size: 50%"))

    read = experiment(text, percent_of).memory

    assert read is not None
    assert (read.amount.percent, read.amount.base) == (Decimal(50), base)


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ("workers: 2, load: 60", CpuStressor(2, 60)),
        ("workers: 1", CpuStressor(1, 100)),
        ("load: 1", CpuStressor(1, 1)),
        ("workers: 1, options: [--cpu-method, all, '--cpu-load-slice=10']", CpuStressor(1, 100)),
    ],
)
def test_each_field_of_the_cpu_stressor_is_read(fields: str, read: CpuStressor) -> None:
    assert experiment(stress_chaos(stressors=cpu(fields))).cpu == read


def test_memory_and_cpu_stand_beside_each_other() -> None:
    both = "stressors: {memory: {workers: 1, size: 50%}, cpu: {load: 1}}"

    read = experiment(stress_chaos(stressors=both))

    assert (read.memory is None, read.cpu) == (False, CpuStressor(1, 1))


def test_without_namespaces_the_experiments_own_is_meant() -> None:
    text = stress_chaos(selector="selector: {labelSelectors: {app: web}}")
    with_own = text.replace("name: memory-stress", "name: memory-stress\n  namespace: shop")

    assert experiment(text).selector_in("default").namespaces == ("default",)
    assert experiment(with_own).selector_in("default").namespaces == ("shop",)
    assert experiment(stress_chaos()).selector_in("default").namespaces == ("shop",)


REFUSED = [
    ({"mode": ""}, "5: error: spec.mode: missing"),
    ({"mode": "mode: null"}, "6: error: spec.mode: missing"),
    ({"selector": "selector: null"}, "7: error: spec.selector: missing"),
    ({"mode": "mode: some"}, '6: error: spec.mode: unknown mode "some" (valid: one, all,'),
    (
        {"mode": "mode: some", "value": "value: '1'"},
        '6: error: spec.mode: unknown mode "some" (valid: one, all,',
    ),
    ({"mode": "mode: fixed"}, "6: error: spec.mode: mode fixed needs a value"),
    (
        {"selector": "selector: {namespaces: [a, B.c]}"},
        '7: error: spec.selector.namespaces[1]: "B.c" is not a name that Kubernetes takes',
    ),
    (
        {"mode": "mode: fixed-percent", "value": "value: 30%"},
        '11: error: spec.value: "30%" is not a value for mode fixed-percent',
    ),
    ({"selector": ""}, "5: error: spec.selector: missing"),
    ({"selector": "selector: web"}, "7: error: spec.selector: must be an object"),
    (
        {"selector": "selector: {labelSelector: {app: web}}"},
        "7: error: spec.selector.labelSelector: unknown field; did you mean labelSelectors?",
    ),
    (
        {"selector": "selector: {labelSelectors: {app: a b}}"},
        '7: error: spec.selector.labelSelectors.app: "a b" is not a label value',
    ),
    (
        {"selector": "selector: {expressionSelectors: [{key: a, operator: in, values: [b]}]}"},
        '7: error: spec.selector.expressionSelectors[0].operator: unknown operator "in" (valid: ',
    ),
    (
        {"selector": "selector: {expressionSelectors: [{key: a, operator: In}]}"},
        "7: error: spec.selector.expressionSelectors[0]: operator In needs values",
    ),
    (
        {"selector": "selector: {fieldSelectors: {nodeName: n1}}"},
        "7: error: spec.selector.fieldSelectors.nodeName: the API server does not select pods by",
    ),
    (
        {"selector": "selector: {podPhaseSelectors: [running]}"},
        '7: error: spec.selector.podPhaseSelectors[0]: "running" is not a pod phase (valid: Pend',
    ),
    ({"containerNames": "containerNames: app"}, "9: error: spec.containerNames: must be a list"),
    ({"duration": "duration: 10min"}, '10: error: spec.duration: "10min" is not a Go duration'),
    ({"duration": "duration: 60"}, '10: error: spec.duration: "60" is not a Go duration'),
    ({"duration": "duration: 0s"}, "10: error: spec.duration: must be more than 0"),
    (
        {"remoteCluster": "remoteCluster: eu"},
        "11: error: spec.remoteCluster: not supported: remove",
    ),
    (
        {"stressngStressors": "stressngStressors: --vm 1"},
        "11: error: spec.stressngStressors: needs stress-ng; Chaos Mesh itself runs nothing",
    ),
    (
        {"scheduler": "scheduler: {cron: '@hourly'}"},
        "11: error: spec.scheduler: a field of Chaos M",
    ),
    ({"action": "action: stress"}, "11: error: spec.action: a field of PodChaos and others"),
    ({"containerName": "containerName: a"}, "11: error: spec.containerName: a field of Chaos Mes"),
    ({"stressors": ""}, "5: error: spec.stressors: missing: give memory, cpu or both"),
    ({"stressors": "stressors: {}"}, "8: error: spec.stressors: missing: give memory, cpu or both"),
    ({"stressors": "stressors: {io: {workers: 1}}"}, "8: error: spec.stressors.io: unknown field"),
    (
        {"stressors": memory("worker: 1, size: 1MiB")},
        "8: error: spec.stressors.memory.worker: unknown field; did you mean workers?",
    ),
    (
        {"stressors": memory("workers: 0, size: 1MiB")},
        "8: error: spec.stressors.memory.workers: 0 workers load nothing; Chaos Mesh skips",
    ),
    (
        {"stressors": memory("workers: 8192, size: 1MiB")},
        "8: error: spec.stressors.memory.workers: 8192 workers: give a number from 1 to 64",
    ),
    (
        {"stressors": memory("workers: two, size: 1MiB")},
        '8: error: spec.stressors.memory.workers: must be an integer, not "two"',
    ),
    (
        {"stressors": memory("workers: 0x10, size: 1MiB")},
        '8: error: spec.stressors.memory.workers: must be a decimal integer, not "0x10"',
    ),
    (
        {"stressors": memory("workers: 1")},
        "8: error: spec.stressors.memory.size: missing: without a size",
    ),
    (
        {"stressors": memory("workers: 1, size: lots")},
        '8: error: spec.stressors.memory.size: "lots" is not a size: write one like 50MiB',
    ),
    (
        {"stressors": memory("workers: 1, size: 0MiB")},
        '8: error: spec.stressors.memory.size: "0MiB" is less than a page of memory (4 KiB)',
    ),
    (
        {"stressors": memory("workers: 1, size: 512")},
        '8: error: spec.stressors.memory.size: "512" is less than a page of memory (4 KiB)',
    ),
    (
        {"stressors": memory("workers: 1, size: 9EiB")},
        '8: error: spec.stressors.memory.size: "9EiB" is more than any machine has',
    ),
    (
        {"stressors": memory(f"workers: {'9' * 5000}, size: 1MiB")},
        "8: error: spec.stressors.memory.workers: must be a decimal integer",
    ),
    (
        {"stressors": memory(f"size: 1MiB, options: ['--workers {'9' * 5000}']")},
        "8: error: spec.stressors.memory.options[0]: ",
    ),
    ({"duration": "duration: 9000h"}, '10: error: spec.duration: "9000h" is longer than a year'),
    (
        {"stressors": memory("workers: 1, size: 0%")},
        '8: error: spec.stressors.memory.size: "0%" is not a share',
    ),
    (
        {"stressors": memory("workers: 1, size: 1MiB, time: 10min")},
        '8: error: spec.stressors.memory.time: "10min" is not a Go duration: write 10m',
    ),
    (
        {"stressors": memory("workers: 1, size: 1MiB, oomScoreAdj: -1000")},
        "8: error: spec.stressors.memory.oomScoreAdj: -1000 exempts the load from the OOM killer",
    ),
    (
        {"stressors": memory("workers: 1, size: 1MiB, oomScoreAdj: 1001")},
        "8: error: spec.stressors.memory.oomScoreAdj: 1001 is not an oom_score_adj",
    ),
    (
        {"stressors": memory("workers: 1, size: 1MiB, options: [--vm-keep]")},
        '8: error: spec.stressors.memory.options[0]: "--vm-keep" is not an option of memStress',
    ),
    (
        {"stressors": memory("workers: 1, size: 1MiB, options: [--time]")},
        "8: error: spec.stressors.memory.options[0]: --time needs a value",
    ),
    (
        {"stressors": cpu("workers: 1, load: 101")},
        "8: error: spec.stressors.cpu.load: 101 is not a percentage from 0 to 100",
    ),
    (
        {"stressors": cpu("workers: 1, load: 0")},
        "8: error: spec.stressors.cpu.load: 0 is no load: give a percentage from 1 to 100",
    ),
    (
        {"stressors": cpu("workers: 1, options: ['--timeout 60s']")},
        "8: error: spec.stressors.cpu.options[0]: --timeout is an option of stress-ng: not",
    ),
]


@pytest.mark.parametrize(
    ("fields", "line"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_cannot_be_run_has_one_line_that_says_why(fields: dict[str, str], line: str) -> None:
    found = manifest(stress_chaos(**fields))

    errors = [text for text in said(found) if ": error: " in text]
    assert len(errors) == 1
    assert errors[0].startswith(line)
    assert found.experiments == ()


def test_a_paused_experiment_is_not_run() -> None:
    pause = '  annotations: {experiment.chaos-mesh.org/pause: "true"}\nspec:\n'

    (line,) = said(manifest(stress_chaos().replace("spec:\n", pause)))

    assert line.startswith(
        "5: error: metadata.annotations.experiment.chaos-mesh.org/pause: the exp"
    )
    experiment(stress_chaos().replace("spec:\n", pause.replace("true", "false")))


def test_every_field_of_the_definition_is_in_a_test_of_this_file() -> None:
    text = Path(__file__).read_text()
    names = field_names(STRESS_CHAOS) - {"apiVersion", "kind", "metadata", "status", "spec"}

    assert len(names) == 28
    assert sorted(name for name in names if f"{name}:" not in text) == []


def test_a_mistake_in_one_part_hides_none_in_another() -> None:
    found = manifest(
        stress_chaos(
            mode="mode: some",
            duration="duration: 10min",
            selector="selector: {podPhaseSelectors: [Wrong]}",
            stressors="stressors: {memory: {workers: 0, size: 5MiB}}",
            bogus="bogus: 1",
        )
    )

    assert {one.field for one in found.diagnostics} == {
        "spec.mode",
        "spec.duration",
        "spec.selector.podPhaseSelectors[0]",
        "spec.stressors.memory.workers",
        "spec.bogus",
    }


@pytest.mark.parametrize(
    "name",
    ['"\\e]0;owned\\a"', '"a\\u202Eb"', '"a\\nb"', "Odd_Name", "-a", "a.", '"a..b"', "a" * 254],
)
@pytest.mark.parametrize("field", ["name", "namespace"])
def test_a_name_that_the_api_server_would_not_take_is_an_error(field: str, name: str) -> None:
    metadata = (
        f"metadata: {{name: web, {field}: {name}}}"
        if field != "name"
        else f"metadata: {{name: {name}}}"
    )
    text = stress_chaos().replace("metadata:\n  name: memory-stress\n", f"{metadata}\n")
    assert metadata in text

    (line,) = [line for line in said(manifest(text)) if ": error: " in line]

    assert f": error: metadata.{field}: " in line
    assert "is not a name that Kubernetes takes" in line
    assert line.isprintable()
    assert '"ab"' not in line


@pytest.mark.parametrize("name", ["a", "0", "web-0.shop", "a" * 63])
def test_a_name_that_the_api_server_takes_is_read(name: str) -> None:
    text = stress_chaos().replace("name: memory-stress", f'name: "{name}"')

    assert experiment(text).name == name
