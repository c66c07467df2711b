"""e12 on a node with swap, in a cluster of its own: `make swap`, since a node takes its time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.node import Node
from tests.e2e.clusters import ARCHIVE
from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, pod, wait_until

MIB = 1 << 20
SWAP_MIB = 256
# LimitedSwap is for cgroup v2 and Burstable pods: swap in the share of request to node memory.
LIMITED = '"memorySwap": {"swapBehavior": "LimitedSwap"}, "port"'


def give_swap(node: Node) -> None:
    """Swap on the node's disk, and a kubelet that lets pods use it."""
    node.check_run(
        ["sh", "-c", f"dd if=/dev/zero of=/swap bs=1M count={SWAP_MIB} && chmod 600 /swap"],
        timeout_seconds=300,
    )
    node.check_run(["sh", "-c", "mkswap /swap && swapon /swap"], timeout_seconds=60)
    node.check_run(["sed", "-i", f's/"port"/{LIMITED}/', "/node/own/kubelet.json"])
    # Both ask their own cgroup whether swap can be limited, and the root has no memory.swap.max.
    node.check_run(["mkdir", "/sys/fs/cgroup/system"])
    enter = "2i echo $$ >/sys/fs/cgroup/system/cgroup.procs"
    node.check_run(["sed", "-i", enter, "/node/containerd", "/node/kubelet"])
    node.check_run(["sh", "-c", "kill $(pidof containerd kubelet)"])  # init starts them again
    node.wait_until_importing_works()
    node.wait_until_ready()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    up = Cluster.up("swap", nodes=["v2"], memory_mib=1024, images=[ARCHIVE])
    try:
        give_swap(up.node("v2"))
        yield up
    finally:
        up.down()


@pytest.fixture
def pods(cluster: Cluster) -> Iterator[Pods]:
    made = Pods(cluster, "swap")
    made.create(pod("v2", limit="96Mi", request="64Mi"))
    yield made
    made.remove()


def facts(plugin: Plugin) -> dict[str, Any]:
    (entry,) = json.loads(plugin("check", "app", "--probe", "-o=json").shown)["targets"]
    return dict(entry["facts"])


def test_e12_swap_is_shown_and_an_oom_is_said_to_come_later(plugin: Plugin, pods: Pods) -> None:
    memory = pods.memory("app")
    wait_until("the kubelet has set the limit", lambda: memory.number("memory.swap.max") > 0)
    limit = memory.number("memory.swap.max")
    swapped = 96 * MIB + limit // 2  # more than the limit, less than with swap

    (progress,) = plugin("top", "app", "-o=json").top["targets"]
    table = plugin("top", "app").shown
    preflight = facts(plugin)["swap_limit_bytes"]
    held = plugin("mem", "app", f"--size={swapped - 8 * MIB}", "--duration=5s", "--yes", "-o=json")
    killed = plugin("mem", "app", "--size=400Mi", "--yes", "-o=json")

    print(f"swap limit {limit}, preflight: {preflight}\n{table}")
    for done in (held, killed):
        print("".join(line for line in done.stderr.splitlines(True) if "usage would reach" in line))
    assert progress["memory"]["swap_limit_bytes"] == limit == preflight["value"]
    assert abs(progress["node"]["swap_total_bytes"] - SWAP_MIB * MIB) <= MIB
    assert "an OOM kill comes later than without swap" in table
    assert "an OOM kill comes later" in preflight["text"]
    assert held.report["verdict"]["outcome"] == "survived"
    assert held.report["memory"]["under_load"]["swap_bytes"] > 0
    assert "the kernel will swap first" in held.stderr
    assert killed.report["verdict"]["outcome"] == "group-oom-killed"
    assert "of swap has been used up" in killed.stderr
