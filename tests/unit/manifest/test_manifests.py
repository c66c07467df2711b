"""Files hold more than one StressChaos, and other things too."""

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.manifest.manifests import read_manifest
from kubectl_stress.manifest.schema import STRESS_CHAOS, Struct, field_names
from kubectl_stress.plan.amount import ShareBase
from tests.builders.manifests import manifest, said, stress_chaos

SCHEDULE = """\
kind: Schedule
apiVersion: chaos-mesh.org/v1alpha1
metadata: {name: every}
spec:
  schedule: '@every 15s'
  startingDeadlineSeconds: null
  concurrencyPolicy: Forbid
  historyLimit: 1
  type: StressChaos
  stressChaos: {mode: one, selector: {}, stressors: {memory: {workers: 1, size: 1MiB}}}
"""


def errors_and_warnings(text: str) -> list[str]:
    return [line for line in said(manifest(text)) if ": note: " not in line]


def test_a_mistake_in_one_document_leaves_the_others() -> None:
    broken = stress_chaos(mode="mode: some")

    found = manifest(f"{stress_chaos()}---\n{broken}---\n{stress_chaos()}")

    assert [one.line for one in found.experiments] == [1, 23]
    (error,) = [line for line in said(found) if ": error: " in line]
    assert error.startswith("17: error: spec.mode")


def test_json_is_read_as_yaml_is() -> None:
    values = yaml.safe_load(stress_chaos())

    found = read_manifest("memory.json", json.dumps(values).encode(), ShareBase.LIMIT)

    assert found.experiments == manifest(stress_chaos()).experiments


def test_a_list_as_kubectl_prints_it_is_taken_apart() -> None:
    items = [yaml.safe_load(stress_chaos()), yaml.safe_load(stress_chaos(mode="mode: some"))]
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}, sort_keys=False)

    found = manifest(text)

    assert [one.name for one in found.experiments] == ["memory-stress"]
    (error,) = errors_and_warnings(text)
    assert ": error: items[1].spec.mode: unknown mode" in error


def test_what_is_missing_in_a_list_says_in_which_item() -> None:
    items = [yaml.safe_load(stress_chaos(duration=""))]
    del items[0]["metadata"]

    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}, sort_keys=False)

    assert [line.split(": ")[2] for line in errors_and_warnings(text)] == [
        "items[0].metadata.name",
        "items[0].spec.duration",
    ]


def test_a_schedule_of_it_is_refused_with_what_to_do_instead() -> None:
    (line,) = said(manifest(SCHEDULE))

    assert line == (
        "1: error: kind: a Schedule needs Chaos Mesh: put spec.stressChaos into a StressChaos of "
        'its own, and run it from a CronJob of the cluster (schedule "@every 15s")'
    )


def test_a_workflow_with_it_is_refused() -> None:
    templates = "{templates: [{templateType: Serial}, {templateType: StressChaos}]}"
    text = f"apiVersion: chaos-mesh.org/v1alpha1\nkind: Workflow\nspec: {templates}\n"

    (line,) = said(manifest(text))

    assert line.startswith("2: error: kind: a Workflow needs Chaos Mesh")


def test_what_is_no_stress_is_skipped_aloud() -> None:
    texts = [
        SCHEDULE.replace("type: StressChaos", "type: PodChaos"),
        "apiVersion: v1\nkind: Service\n",
        "apiVersion: chaos-mesh.org/v1alpha1\nkind: PodChaos\n",
        "apiVersion: chaos-mesh.org/v1alpha1\nkind: Workflow\nspec: {}\n",
    ]

    found = [line for text in texts for line in said(manifest(text))]

    assert found == [
        "1: warning: kind: Schedule of PodChaos is skipped: only a StressChaos is run",
        "2: warning: kind: Service is skipped: only a StressChaos is run",
        "2: warning: kind: PodChaos is skipped: only a StressChaos is run",
        "2: warning: kind: Workflow of nothing is skipped: only a StressChaos is run",
    ]


def test_other_versions_are_refused() -> None:
    old = stress_chaos().replace("chaos-mesh.org", "pingcap.com")
    new = stress_chaos().replace("v1alpha1", "v1beta1")

    assert errors_and_warnings(old) == [
        "1: error: apiVersion: of Chaos Mesh 0.x: write chaos-mesh.org/v1alpha1"
    ]
    assert errors_and_warnings(new) == [
        "1: error: apiVersion: unknown version: write chaos-mesh.org/v1alpha1"
    ]


def test_a_stress_chaos_of_another_group_is_not_skipped() -> None:
    for written in ("v1", "chaos.example.org/v1alpha1"):
        text = stress_chaos().replace("chaos-mesh.org/v1alpha1", written)
        wanted = "1: error: apiVersion: of a StressChaos: write chaos-mesh.org/v1alpha1"

        assert errors_and_warnings(text) == [wanted]
    without = stress_chaos().replace("apiVersion: chaos-mesh.org/v1alpha1\n", "")

    (line,) = errors_and_warnings(without)
    assert line.endswith("error: apiVersion: of a StressChaos: write chaos-mesh.org/v1alpha1")


def test_what_is_no_object_is_an_error() -> None:
    assert said(manifest("- a\n")) == [
        "1: error: kind: not a Kubernetes object: kind StressChaos is expected"
    ]
    assert said(manifest("# nothing\n")) == ["1: error: no manifest in it"]


def test_a_hostile_name_does_not_reach_the_terminal() -> None:
    text = stress_chaos(evil='"\\e[2Jevil": 1')

    (line,) = errors_and_warnings(text)

    assert line.isprintable()
    assert "spec.evil: unknown field" in line


def test_a_value_as_long_as_a_book_is_cut() -> None:
    (line,) = errors_and_warnings(stress_chaos(mode=f"mode: {'x' * 10_000}"))

    assert line.startswith('6: error: spec.mode: unknown mode "xxx')
    assert line.endswith("x…")
    assert len(line) < 400


def fields_of(*path: str) -> Any:
    """The fields of the object at this path of the schema."""
    shape: Any = STRESS_CHAOS
    for name in path:
        shape = shape.fields[name]
    assert isinstance(shape, Struct)
    return shape.fields


SPEC = fields_of("spec")
MEMORY = fields_of("spec", "stressors", "memory")
SELECTOR = fields_of("spec", "selector")
SCALARS = (
    st.sampled_from(
        ["", "1", "50%", "-1", "10min", "all", "fixed", "--time", "In", "!Running", "é\n"]
    )
    | st.text(max_size=5)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.none()
)
NAMES = st.sampled_from(sorted(field_names(STRESS_CHAOS))) | st.text(max_size=4)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(
    spec=st.dictionaries(st.sampled_from(sorted(SPEC)), VALUES, max_size=6),
    memory=st.dictionaries(st.sampled_from(sorted(MEMORY)), VALUES, max_size=4),
    selector=st.dictionaries(st.sampled_from(sorted(SELECTOR)), VALUES, max_size=4),
)
def test_whatever_stands_in_a_field_is_read_or_has_an_error(
    spec: dict[str, Any], memory: dict[str, Any], selector: dict[str, Any]
) -> None:
    sound = yaml.safe_load(stress_chaos())
    sound["spec"]["stressors"]["memory"] |= memory
    sound["spec"]["selector"] |= selector
    sound["spec"] |= spec

    found = read_manifest("memory.json", json.dumps(sound).encode(), ShareBase.LIMIT)

    assert len(found.experiments) == (0 if found.has_errors else 1)
    for experiment in found.experiments:
        assert list(experiment.selector_in("default").queries())
