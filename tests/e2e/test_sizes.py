"""The size that is asked for is what the node counts, and all of it is given back."""

import time

import pytest

from tests.e2e.plugin import Plugin
from tests.e2e.pods import NodeMemory, Pods, hello, pod
from tests.selection.sample import sampled

MIB = 1 << 20
# memory.stat is flushed late by the kernel: every 2 s, and a little more on a busy node.
FLUSH_S = 3


def settled_anon(memory: NodeMemory) -> int:
    time.sleep(FLUSH_S)
    return memory.anon_bytes()


@pytest.fixture
def pods(shared: Pods) -> Pods:
    """Every run gives all back, so that one pod of a kind on a node is enough."""
    return shared


def app_on(flavour: str, pods: Pods) -> str:
    """Have that pod, and give its name."""
    name = f"app-{flavour}"
    pods.create(pod(flavour, name=name, limit="96Mi"))
    return name


@pytest.mark.parametrize("workers", sampled([1, 4], 1))
def test_e02_the_size_is_a_total_over_all_workers(
    plugin: Plugin, pods: Pods, flavour: str, workers: int
) -> None:
    app = app_on(flavour, pods)
    memory = pods.memory(app)
    anon, kernel = settled_anon(memory), memory.kernel_bytes()

    with plugin.running(
        "mem", app, "--size=50Mi", f"--workers={workers}", "--duration=12s", "-o=json"
    ) as running:
        running.wait_for("holding ")
        raised = settled_anon(memory) - anon
        report = running.end().report
    time.sleep(FLUSH_S)
    left, kernel_left = memory.anon_bytes() - anon, memory.kernel_bytes() - kernel

    assert 50 * MIB <= raised <= 50 * MIB + (64 + 16 * workers) * 1024
    assert abs(left) <= 16 * 1024
    assert kernel_left <= 64 * 1024
    assert report["memory"]["peak_load_bytes"] == 50 * MIB
    assert report["verdict"]["outcome"] == "survived"
    assert [line for line in memory.commands() if "agent" in line] == []
    if workers > 1:
        assert f"the size is the total of all {workers} workers: each holds 12.5 MiB" in running.log


@pytest.mark.long
def test_e04_limit_and_usage_are_those_of_the_node(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    app = f"hello-{flavour}"
    pods.create(hello(flavour, name=app))
    name = pods.name_of(app)
    memory = pods.memory(name)

    def beside_the_app() -> int:
        # The app serves its probes meanwhile: the least of some looks is between two requests.
        looks = [(settled_anon(memory), memory.app_anon_bytes()) for _ in range(3)]
        return min(anon for anon, _ in looks) - min(own for _, own in looks)

    anon, kernel, usage = beside_the_app(), memory.kernel_bytes(), memory.usage_bytes()
    with plugin.running(
        "mem", f"deploy/{app}", "--size=50Mi", "--duration=20s", "-o=json"
    ) as running:
        running.wait_for("holding 50.0 MiB")
        raised, under = beside_the_app() - anon, memory.usage_bytes()
        report = running.end().report
    left, kernel_left = beside_the_app() - anon, memory.kernel_bytes() - kernel

    batch = 2 * 256 * 1024  # the kernel charges usage in batches of 256 KiB a CPU
    own_exec = 7 << 18  # 1.75 MiB, for as long as the exec begins that reads
    assert 50 * MIB <= raised <= 50 * MIB + (64 + 16) * 1024
    assert abs(left) <= 16 * 1024
    assert kernel_left <= 64 * 1024
    assert report["target"]["limit_bytes"] == 128 * MIB
    assert abs(report["memory"]["before"]["usage_bytes"] - usage) <= own_exec + batch
    assert abs(report["memory"]["peak_usage_bytes"] - under) <= own_exec + batch
    more = report["memory"]["difference"]
    parts = more["anon_bytes"] + more["file_bytes"] + more["kernel_bytes"]
    assert more["load_bytes"] == 50 * MIB
    assert abs(more["usage_bytes"] - parts) <= batch + MIB  # nothing is left unexplained
    assert report["status"]["restart_count"] == pods.status(name)["restartCount"] == 0
    assert [line for line in memory.commands() if "agent" in line] == []


def test_a_run_leaves_the_app_as_it_was_and_the_next_reuses_the_ephemeral_container(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    app = app_on(flavour, pods)
    before = pods.status(app)

    first = plugin("mem", app, "--size=8Mi", "--duration=1s", "-o=json").report
    second = plugin("mem", app, "--size=8Mi", "--duration=1s", "-o=json").report

    assert pods.status(app) == before
    assert pods.holders(app) == [first["target"]["ephemeral_container"]]
    assert second["target"]["ephemeral_container"] == first["target"]["ephemeral_container"]


@pytest.mark.long
def test_steps_are_held_one_after_another(plugin: Plugin, pods: Pods, flavour: str) -> None:
    app = app_on(flavour, pods)

    with plugin.running(
        "mem", app, "--steps=12.5%,25%,50%", "--step-hold=4s", "--duration=4s", "-o=json"
    ) as running:
        for number in (1, 2, 3):
            running.wait_for(f"(step {number})")
        report = running.end().report

    assert report["plan"]["steps_bytes"] == [12 * MIB, 24 * MIB]
    assert report["memory"]["peak_load_bytes"] == 48 * MIB
    assert report["verdict"]["outcome"] == "survived"
