"""e10: a node that runs short of memory. It needs a node of its own: `make eviction` runs it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.e2e.clusters import ARCHIVE
from tests.e2e.judged import Judge
from tests.e2e.plugin import Plugin, Running
from tests.e2e.pods import Pods, pod

NAME, MEMORY_MIB = "small", 1024


@pytest.fixture(scope="session")
def small_cluster(flavour: str) -> Iterator[Cluster]:
    """A cluster with little memory on its one node."""
    up = Cluster.up(NAME, nodes=[flavour], memory_mib=MEMORY_MIB, images=[ARCHIVE])
    yield up
    up.down()


@pytest.fixture
def small(small_cluster: Cluster, tmp_path: Path) -> Iterator[Judge]:
    pods = Pods(small_cluster, "small")
    yield Judge(Plugin.on(pods), pods, tmp_path)
    pods.remove()
    pods.kubectl("wait", "--for=delete", "namespace/small", "--timeout=90s", namespaced=False)


def available_mib(judge: Judge) -> int:
    """MemAvailable of the node, as the agent reads it."""
    (node,) = judge.pods.cluster.nodes
    text = node.read_file("/proc/meminfo")
    line = next(line for line in text.splitlines() if line.startswith("MemAvailable:"))
    return int(line.split()[1]) >> 10


def test_e10_a_slow_load_on_a_node_that_runs_short_is_evicted(small: Judge, flavour: str) -> None:
    small.pods.create(pod(flavour, limit=None, request=None))
    # By the kubelet's account 150 MiB are left then, and it evicts below 200.
    size = f"--size={available_mib(small) - 20}Mi"

    refused = small.plugin("mem", "app", size, "--yes")
    run = small(f"e10-evicted-{flavour}", "app", size, "--ramp=60s", "--duration=120s", "--force")

    assert refused.exit_code == 5
    assert "--force" in refused.stderr
    assert run.outcome == "evicted"
    assert run.facts.after is not None
    message = run.facts.after["status"]["message"]
    assert "The node was low on resource: memory" in message
    assert any(message in text for text in run.evidence)
    assert run.facts.victims == []


def test_e10_where_memory_rises_too_fast_the_kernel_comes_before_the_kubelet(
    small: Judge,
) -> None:
    # On v2 only: an emulated node with v1 reclaims for longer than the load waits for a heartbeat.
    small.pods.create(pod("v2", limit=None, request=None))
    node = small.pods.cluster.node("v2")
    size = available_mib(small) - 160

    def fill_the_node(running: Running) -> None:
        """Another process of the node takes the rest at once, and more than can be reclaimed."""
        running.wait_for("holding ")
        rest = ["dd", "if=/dev/zero", "of=/dev/null", "bs=500M", "count=1"]
        threading.Thread(target=node.run, args=(rest,), daemon=True).start()

    options = (f"--size={size}Mi", "--duration=60s", "--force")
    run = small("e10-oom-v2", "app", *options, during=fill_the_node)

    sentence = run.report["verdict"]["sentence"]
    assert run.facts.victims == ["agent-worker"]
    assert "constraint=CONSTRAINT_NONE" in run.facts.dmesg
    if run.outcome == "evicted":  # a kubelet evicts a pod whose container is dead, too
        assert "the kernel may have come first" in sentence
    else:
        assert run.outcome == "group-oom-killed"
        assert "the node ran out of memory" in sentence
