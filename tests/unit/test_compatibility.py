"""The page of the matrix: two nodes in a row, each refusal once, nothing left out."""

from pathlib import Path

from tests.e2e.cells import Cell
from tests.e2e.compatibility import table, write_page
from tests.e2e.variants import VARIANTS, WORKS

RESULTS = {
    Cell(VARIANTS[0], "exec", "v2"): WORKS,
    Cell(VARIANTS[0], "exec", "v1"): "no way in",
    Cell(VARIANTS[1], "exec", "v2"): "no way in",
}


def test_a_row_is_one_pod_and_join_and_each_refusal_stands_once() -> None:
    first, second = VARIANTS[0].name, VARIANTS[1].name

    assert table(RESULTS).splitlines()[2:] == [
        f"| {first} | exec | works | refused (1) |",
        f"| {second} | exec | refused (1) | - |",
        "",
        "1. no way in",
    ]


def test_the_page_counts_what_works(tmp_path: Path) -> None:
    write_page(tmp_path / "page.md", RESULTS)

    text = (tmp_path / "page.md").read_text()
    assert "3 cells: 1 work, 2 are refused, 0 skipped." in text
    assert text.endswith("1. no way in\n")


def test_every_variant_has_a_name_of_its_own_and_makes_a_pod() -> None:
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)
    for variant in VARIANTS:
        made = variant.manifest("v2")
        named = made["spec"]["containers"] + made["spec"].get("initContainers", [])
        assert variant.container in [container["name"] for container in named]
