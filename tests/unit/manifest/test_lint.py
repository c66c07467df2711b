"""What Chaos Mesh ignores, refuses or reads otherwise is said, each once and where it stands."""

import pytest

from kubectl_stress.plan.amount import ShareBase
from tests.builders.manifests import cpu, manifest, memory, said, stress_chaos

CONTAINERS_NOTE = (
    "9: note: spec.containerNames: Chaos Mesh silently skips a container that a pod does"
)
DURATION_NOTE = "note: spec.duration: counted from the start of the load; Chaos Mesh counts from"
SIZE = "8: {}: spec.stressors.memory.size: "

ROWS = [
    ({"containerNames": ""}, "5: note: spec.containerNames: not set: only the first container of"),
    ({"duration": ""}, "5: warning: spec.duration: missing: Chaos Mesh loads until the object"),
    ({"value": "value: '3'"}, "11: warning: spec.value: ignored: mode one takes no value"),
    ({"duration": "duration: null"}, "10: warning: spec.duration: null: the API server refuses it"),
    (
        {"mode": "mode: random-max-percent", "value": "value: '30'"},
        "6: note: spec.mode: chooses between 0% and 30% of the pods, possibly none",
    ),
    (
        {"mode": "mode: fixed", "value": "value: 3"},
        '11: warning: spec.value: must be a string: the API server refuses an integer; write "3"',
    ),
    (
        {"selector": "selector: {labelSelectors: {app: web}}"},
        "7: note: spec.selector.namespaces: not set: only pods in the connection's namespace are",
    ),
    (
        {"selector": "selector: {namespaces: [shop]}"},
        "7: note: spec.selector: selects every pod of its namespaces",
    ),
    (
        {"selector": "selector: {namespaces: [a], nodes: [n], pods: {a: [b]}}"},
        "7: warning: spec.selector.pods: all other selectors are ignored: namespaces, nodes",
    ),
    (
        {"selector": "selector: {namespaces: [a], annotationSelectors: {who: a b}}"},
        "7: warning: spec.selector.annotationSelectors.who: Chaos Mesh parses it as a label",
    ),
    (
        {"selector": "selector: {namespaces: [a], podPhaseSelectors: [Pending]}"},
        "7: warning: spec.selector.podPhaseSelectors: only pods of phase Running can be loaded",
    ),
    (
        {"selector": "selector: {namespaces: [a], labelSelectors: {v: 1}}"},
        "7: warning: spec.selector.labelSelectors.v: must be a string: the API server refuses an",
    ),
    (
        {"stressors": memory("size: 1MiB")},
        "8: warning: spec.stressors.memory.workers: missing: the",
    ),
    (
        {"stressors": memory("workers: '1', size: 1MiB")},
        "8: warning: spec.stressors.memory.workers: must be an integer: the API server refuses a",
    ),
    (
        {"stressors": memory("workers: 4, size: 50MiB")},
        SIZE.format("note") + "the total of all 4 workers; Chaos Mesh's reference says per worker",
    ),
    (
        {"stressors": memory("workers: 1, size: 50Mi")},
        SIZE.format("warning") + 'Chaos Mesh refuses "Mi" in a size: write 50MiB',
    ),
    (
        {"stressors": memory("workers: 1, size: 1EiB")},
        SIZE.format("warning") + 'Chaos Mesh refuses "EiB" in a size: write it in GiB',
    ),
    (
        {"stressors": memory("workers: 1, size: 50 MiB")},
        SIZE.format("warning")
        + "Chaos Mesh splits it at the space and reads 50 bytes: write 50MiB",
    ),
    (
        {"stressors": memory("workers: 1, size: 10GB")},
        SIZE.format("note") + "decimal units: 10GB is 10,000,000,000 bytes (9.3 GiB)",
    ),
    (
        {"stressors": memory("workers: 1, size: 50%")},
        SIZE.format("warning") + "50% of the container's memory limit; Chaos Mesh takes 50% of the",
    ),
    (
        {"stressors": memory("workers: 1, size: 1MiB, time: 1m")},
        "8: warning: spec.stressors.memory.time: in Chaos Mesh's documentation, but not in its API",
    ),
    (
        {"stressors": memory("workers: 1, size: 1MiB, oomScoreAdj: -5")},
        "8: warning: spec.stressors.memory.oomScoreAdj: needs CAP_SYS_RESOURCE in the target",
    ),
    (
        {"stressors": memory("workers: 1, size: 1MiB, oomScoreAdj: 0")},
        "8: note: spec.stressors.memory.oomScoreAdj: keeps the target's own value; with Chaos",
    ),
    (
        {"stressors": memory("workers: 1, size: 1MiB, options: [--size, 2MiB]")},
        "8: warning: spec.stressors.memory.size: ignored: --size in options takes precedence",
    ),
    (
        {"stressors": memory("workers: 1, options: [--size, 2Mi]")},
        '8: warning: spec.stressors.memory.options[1]: Chaos Mesh refuses "Mi"',
    ),
    ({"stressors": cpu("workers: 1")}, "8: note: spec.stressors.cpu.load: missing: each worker"),
    (
        {"stressors": cpu("load: 1")},
        "8: warning: spec.stressors.cpu.workers: missing: the API serv",
    ),
    (
        {"stressors": cpu("workers: 2, load: 60")},
        "8: note: spec.stressors.cpu.load: per worker: 2 workers load 120% of one CPU in total",
    ),
    (
        {"stressors": cpu("workers: 1, load: 60, options: [--cpu-method, all]")},
        "8: warning: spec.stressors.cpu.options[0]: --cpu-method of stress-ng is ignored by",
    ),
]


@pytest.mark.parametrize(("fields", "line"), ROWS, ids=lambda value: str(value)[:60])
def test_each_difference_is_said_once_where_it_stands(fields: dict[str, str], line: str) -> None:
    found = manifest(stress_chaos(**fields))

    usual = (CONTAINERS_NOTE, DURATION_NOTE)
    others = [text for text in said(found) if not any(one in text for one in usual)]
    assert len([text for text in others if text.startswith(line)]) == 1, others
    assert len(found.experiments) == 1
    expected = 2 if "null" in fields.get("duration", "") else 1
    assert len(others) == expected, others


def test_a_plain_experiment_has_two_notes_alone() -> None:
    first, second = said(manifest(stress_chaos()))

    assert first.startswith(CONTAINERS_NOTE)
    assert second.startswith(f"10: {DURATION_NOTE}")


def test_a_percentage_of_the_node_is_no_difference() -> None:
    text = stress_chaos(stressors=memory("workers: 1, size: 50%"))

    found = said(manifest(text, ShareBase.NODE))

    assert SIZE.format("note") + "50% of the node's memory, as Chaos Mesh reads it" in found


@pytest.mark.parametrize("size", ["120%", "12.5%"])
def test_a_percentage_that_chaos_mesh_refuses_is_taken_here(size: str) -> None:
    found = manifest(stress_chaos(stressors=memory(f"workers: 1, size: {size}")))

    refused = "Chaos Mesh accepts only whole percentages from 0% to 100%"
    assert SIZE.format("warning") + refused in said(found)
    assert len(found.experiments) == 1


def test_what_the_api_server_adds_is_not_taken_for_a_mistake() -> None:
    head = "  uid: 1\n  managedFields: []\n  finalizers: [chaos-mesh/records]\nspec:\n"
    text = stress_chaos().replace("spec:\n", head) + "status: {experiment: {desiredPhase: Run}}\n"

    assert said(manifest(text))[-1] == "14: note: status: ignored: controllers write it"
    assert len(said(manifest(text))) == 3


def test_a_manifest_needs_a_name() -> None:
    text = stress_chaos()

    without = said(manifest(text.replace("  name: memory-stress\n", "  labels: {}\n")))
    generated = said(manifest(text.replace("  name:", "  generateName:")))

    assert without[0].startswith("3: warning: metadata.name: missing")
    assert len(generated) == 2


def test_an_error_of_a_value_is_all_that_is_said_of_it() -> None:
    found = [
        line for line in said(manifest(stress_chaos(duration="duration: 15"))) if "10:" in line
    ]

    assert found == [
        '10: error: spec.duration: "15" is not a Go duration: a number and a unit; write 15s'
    ]
