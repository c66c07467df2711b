"""Several pods of a real node are loaded together, and judged each on its own."""

import json
import signal
from pathlib import Path

import pytest

from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, pod, wait_until

pytestmark = pytest.mark.long

MIB = 1 << 20
MANIFEST = Path(__file__).parents[1] / "testdata" / "manifests" / "memory-stress.yaml"


@pytest.fixture
def pods(shared: Pods) -> Pods:
    """Three pods on a node serve all of these tests: each is to leave them as they were."""
    return shared


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

    assert "memory.yaml:15: note: spec.stressors.memory.size: the total of all 4" in done.stderr
    assert stopped.exit_code == 0
    assert done.exit_code == 4
    assert [one["pod"] for one in report["targets"]] == names
    for one in report["targets"]:
        assert one["report"]["plan"]["size_bytes"] == 50 * MIB
        assert one["report"]["memory"]["peak_load_bytes"] == 50 * MIB
        assert one["outcome"] == "inconclusive"
    for memory, anon in zip(memories, before, strict=True):
        wait_until("it is released", lambda m=memory, a=anon: m.anon_bytes() < a + MIB, seconds=15)


def test_pods_by_a_label_begin_together_and_each_has_its_verdict(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    names = three_on(flavour, pods)
    before = [pods.status(name) for name in names]

    done = plugin(
        "mem", "-l", f"tier={flavour}", "--size=24Mi", "--duration=5s", "--yes", "-o=json"
    )

    report = json.loads(done.shown)
    assert [one["pod"] for one in report["targets"]] == names
    assert report["summary"]["outcomes"] == {"survived": 3}
    assert [pods.status(name) for name in names] == before
    assert "3 containers will be loaded" not in done.stderr  # agreed to by --yes


def test_ctrl_c_releases_all_of_them(plugin: Plugin, pods: Pods, flavour: str) -> None:
    names = three_on(flavour, pods)
    memories = [pods.memory(name) for name in names]
    before = [memory.anon_bytes() for memory in memories]

    with plugin.running("mem", *names, "--size=24Mi", "--duration=10m", "--yes") as running:
        for memory, anon in zip(memories, before, strict=True):
            wait_until(
                "24 MiB are held",
                lambda m=memory, a=anon: m.anon_bytes() >= a + 24 * MIB,
                seconds=300,
            )
        running.send(signal.SIGINT)
        done = running.end()

    assert done.exit_code == 130
    assert "VERDICT  3 targets: 3 interrupted" in done.stdout
    for memory, anon in zip(memories, before, strict=True):
        wait_until("it is released", lambda m=memory, a=anon: m.anon_bytes() < a + MIB, seconds=15)
