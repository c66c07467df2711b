"""Every field of a StressChaos is run on a real node, one manifest each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, pod
from tests.e2e.stresschaos_fields import ROWS, Row


@pytest.fixture(scope="module")
def pods(shared: Pods) -> Pods:
    """The two pods that all rows are run on."""
    for name in ("first", "second"):
        manifest = pod("v2", name=name)
        manifest["metadata"]["labels"]["tier"] = "chaos"
        if name == "first":
            manifest["metadata"]["annotations"] = {"team": "a/b"}
            (app,) = manifest["spec"]["containers"]
            manifest["spec"]["containers"].append({**app, "name": "side"})
        shared.create(manifest)
    return shared


def reports(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Of a run over one container or several."""
    if "targets" not in answer:
        return [answer]
    return [target["report"] for target in answer["targets"]]


@pytest.mark.parametrize("flavour", ["v2"], indirect=True, scope="session")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_field_is_run_or_refused_in_a_line(
    row: Row, plugin: Plugin, pods: Pods, tmp_path: Path, flavour: str
) -> None:
    file = tmp_path / "chaos.json"
    node = pods.cluster.node(flavour).name
    file.write_text(json.dumps(row.manifest(pods.namespace, node), indent=1))

    done = plugin("run", "-f", str(file), "--yes", "-o=json", *row.options)

    assert row.said in done.stderr
    if row.refusal:
        assert done.exit_code == 2
        lines = [line for line in done.stderr.splitlines() if ": error: " in line]
        assert any("chaos.json:" in line and row.refusal in line for line in lines), lines
        return
    assert done.exit_code == 0, done.stderr
    found = reports(json.loads(done.stdout))
    where = [f"{one['target']['pod']}/{one['target']['container']}" for one in found]
    assert tuple(where) == row.loaded
    assert {one["verdict"]["outcome"] for one in found} == {"survived"}
    assert row.holds(found[0]), found[0]["plan"]
