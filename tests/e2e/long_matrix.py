"""Every pod that the plugin will meet: each cell works, seen from the node, or is refused aloud."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.e2e import images
from tests.e2e.cells import CELLS, Cell, try_cell
from tests.e2e.compatibility import PROPERTY
from tests.e2e.fleet import Fleet
from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, wait_until
from tests.e2e.test_permissions import bind_printed_role
from tests.e2e.variants import CRUN, WORKS, Until
from tests.selection import sample

MUST = [cell for cell in CELLS if cell.variant.is_must and cell.join == "exec"]
OTHERS = [cell for cell in CELLS if cell not in MUST]
PLANNED = CELLS if sample.FULL else [*MUST, *sample.sampled(OTHERS, 4)]


def chosen(request: pytest.FixtureRequest, flavour: str) -> list[Cell]:
    """The cells of this session on a node."""
    found = [getattr(item, "callspec", None) for item in request.session.items]
    cells = [each.params["cell"] for each in found if each and "cell" in each.params]
    return [cell for cell in cells if cell.node == flavour]


@pytest.fixture(scope="module")
def fleet(cluster: Cluster, flavour: str, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    """The pods of this node's cells."""
    cells = chosen(request, flavour)
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(CRUN))
    cluster.node(flavour).load_image(images.archive())
    levels: dict[str, Pods] = {}
    try:
        for level in {cell.variant.level for cell in cells}:
            levels[level] = Pods(cluster, f"matrix-{level}-{os.getpid()}")
            levels[level].enforce(level)
            bind_printed_role(Plugin.on(levels[level]), levels[level])
        yield Fleet.of(cells, levels)
    finally:
        for pods in levels.values():
            pods.remove()


@pytest.mark.parametrize(
    ("flavour", "cell"),
    [pytest.param(cell.node, cell, id=str(cell)) for cell in PLANNED],
    indirect=["flavour"],
    scope="session",
)
def test_each_cell_works_or_is_refused(
    cell: Cell, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    pods = fleet.reach(cell)
    if cell.variant.until is Until.READY:
        wait_until(f"{cell.pod} is ready", lambda: pods.is_ready(cell.pod), seconds=400)
    elif cell.variant.until is Until.STARTED:
        pods.await_start(cell.pod, cell.variant.container)
    # With nothing but the Role that the plugin prints.
    developer = Plugin.on(pods, "--context=developer")

    end = try_cell(cell, developer, pods)
    record_property(PROPERTY, (cell.variant.name, cell.join, cell.node, end))

    assert (cell.refusal in end) if cell.refusal else (end == WORKS)
