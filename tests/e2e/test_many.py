"""Several pods of a real node are loaded together; long_many.py has more of them."""

import json
from pathlib import Path

import pytest

from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, pod, wait_until

pytestmark = pytest.mark.long

MIB = 1 << 20
MANIFEST = Path(__file__).parents[1] / "testdata" / "manifests" / "memory-stress.yaml"


def three_on(flavour: str, pods: Pods) -> list[str]:
    """Have them, and give their names."""
    names = [f"app-{flavour}-{number}" for number in range(3)]
    for name in names:
        manifest = pod(flavour, name=name, limit="96Mi")
        manifest["metadata"].setdefault("labels", {})["tier"] = flavour
        pods.create(manifest)
    return names


def test_e03_the_articles_own_manifest_loads_every_pod_until_it_is_stopped(
    plugin: Plugin, pods: Pods, flavour: str, tmp_path: Path
) -> None:
    names = three_on(flavour, pods)
    file = tmp_path / "memory.yaml"
    file.write_text(MANIFEST.read_text().replace("hello-kubernetes", pods.namespace))
    memories = [pods.memory(name) for name in names]
    before = [memory.anon_bytes() for memory in memories]

    with plugin.running("run", "-f", str(file), "--yes", "-o", "json") as running:
        for memory, anon in zip(memories, before, strict=True):
            wait_until(
                "50 MiB are held",
                lambda m=memory, a=anon: m.anon_bytes() >= a + 50 * MIB,
                seconds=300,
            )
        stopped = plugin("stop")
        done = running.end()
    report = json.loads(done.stdout)

    assert "4 notes on these manifests: --lint prints them" in done.stderr
    assert stopped.exit_code == 0
    assert done.exit_code == 4
    assert [one["pod"] for one in report["targets"]] == names
    for one in report["targets"]:
        assert one["report"]["plan"]["size_bytes"] == 50 * MIB
        assert one["report"]["memory"]["peak_load_bytes"] == 50 * MIB
        assert one["outcome"] == "inconclusive"
    for memory, anon in zip(memories, before, strict=True):
        wait_until("it is released", lambda m=memory, a=anon: m.anon_bytes() < a + MIB, seconds=15)
