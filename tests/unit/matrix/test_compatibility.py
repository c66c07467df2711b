"""The page of the matrix: all nodes in a row, each refusal once, nothing left out."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.e2e.cells import CELLS
from tests.e2e.compatibility import PROPERTY, Key, kept, page, results, table
from tests.e2e.variants import VARIANTS, WORKS

RESULTS = {
    Key("first", "exec", "v2"): WORKS,
    Key("first", "exec", "v1"): "no way in",
    Key("second", "exec", "v2"): "no way in",
}


def test_a_row_is_one_pod_and_join_and_each_refusal_stands_once() -> None:
    assert table(RESULTS).splitlines()[2:] == [
        "| first | exec | works | refused (1) | - | - |",
        "| second | exec | refused (1) | - | - | - |",
        "",
        "1. no way in",
    ]


def test_the_page_counts_what_works() -> None:
    text = page(RESULTS)

    assert "3 cells: 1 work, 2 are refused, 0 skipped." in text
    assert text.endswith("1. no way in\n")


def test_what_the_workers_report_comes_to_the_same() -> None:
    reports = [
        SimpleNamespace(user_properties=[(PROPERTY, [*key, end])]) for key, end in RESULTS.items()
    ]

    assert results([*reports, SimpleNamespace(user_properties=[])]) == RESULTS


@pytest.mark.parametrize(("left_out", "is_written"), [(0, True), (1, False)])
def test_only_a_whole_run_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_out: int, is_written: bool
) -> None:
    path = tmp_path / "page.md"
    monkeypatch.setenv("KUBECTL_STRESS_COMPATIBILITY", str(path))
    found = {Key(cell.variant.name, cell.join, cell.node): WORKS for cell in CELLS[left_out:]}

    said = kept(found)

    assert path.exists() is is_written
    assert ("is written" in said) is is_written


def test_every_variant_has_a_name_of_its_own_and_makes_a_pod() -> None:
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)
    for variant in VARIANTS:
        made = variant.manifest("v2")
        named = made["spec"]["containers"] + made["spec"].get("initContainers", [])
        assert variant.container in [container["name"] for container in named]
