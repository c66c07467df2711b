"""What is shown without a load, and beside one: the node's own figures, each by its right name."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.cluster.cluster import Cluster
from tests.e2e.plugin import Plugin
from tests.e2e.pods import NodeMemory, Pods, pod, wait_until

MIB = 1 << 20
BATCHES = 2 * 256 * 1024  # the kernel charges usage in batches of 256 KiB a CPU


def only(told: dict[str, Any]) -> dict[str, Any]:
    (entry,) = told["targets"]
    return dict(entry)


def host_total_kib(pods: Pods) -> int:
    """What `free` says inside the container."""
    words = pods.kubectl("exec", "app", "-c", "app", "--", "free").split()
    return int(words[words.index("Mem:") + 1])


def test_e01_the_host_s_memory_is_named_as_the_host_s(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    pods.create(pod(flavour))
    before = pods.status("app")

    table = plugin("top", "app").stdout
    told = only(plugin("top", "app", "-o=json").top)

    memory = pods.memory("app")
    assert told["memory"]["limit_bytes"] == told["target"]["limit_bytes"] == 64 * MIB
    assert abs(told["memory"]["usage_bytes"] - memory.usage_bytes()) <= BATCHES + MIB
    assert told["node"]["total_bytes"] == host_total_kib(pods) * 1024
    assert re.search(r"node \S+: .* of 1\.9 GiB used \(free and top in the container", table)
    assert [process["role"] for process in told["processes"]].count("target") == 1
    assert told["memory"]["oom_kill"] == memory.oom_kills() == 0
    assert pods.status("app") == before
    assert len(pods.holders("app")) == 1  # the second reading reused the first one's


def test_e13_the_level_includes_kernel_memory_and_a_load_is_seen_from_elsewhere(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    pods.create(pod(flavour))

    with plugin.running("mem", "app", "--size=32Mi", "--duration=60s", "-o=json") as running:
        running.wait_for("holding ")
        memory = pods.memory("app")
        told = only(plugin("top", "app", "--duration=4s", "-o=json").top)
        kernel = memory.kernel_bytes()
        wide = plugin("top", "app", "-o=wide").stdout

    seen = told["memory"]
    parts = seen["anon_bytes"] + seen["file_bytes"] + seen["kernel_bytes"]
    assert abs(seen["kernel_bytes"] - kernel) <= 256 * 1024
    assert seen["kernel_bytes"] >= 32 * MIB // 512  # the page tables of the load, at least
    assert abs(seen["usage_bytes"] - parts) <= BATCHES + 256 * 1024
    assert 32 * MIB <= told["stress_bytes"] <= 34 * MIB
    for heading in ("KERNEL", "PAGE TABLES", "SLAB", "SWAP LIMIT", "NODE AVAILABLE"):
        assert heading in wide


def summary_memory(cluster: Cluster, memory: NodeMemory, namespace: str) -> dict[str, Any]:
    """What the kubelet's summary API says of the container `app`."""
    path = f"/api/v1/nodes/{memory.node}/proxy/stats/summary"
    summary = json.loads(cluster.kubectl("get", "--raw", path).stdout)
    for entry in summary["pods"]:
        if entry["podRef"]["namespace"] == namespace:
            for container in entry["containers"]:
                if container["name"] == "app":
                    return dict(container.get("memory") or {})
    return {}


def test_e11_page_cache_is_usage_and_no_working_set_as_the_kubelet_counts_it(
    plugin: Plugin, pods: Pods, flavour: str, cluster: Cluster
) -> None:
    pods.create(pod(flavour))
    idle = only(plugin("top", "app", "-o=json").top)["memory"]

    with plugin.running("mem", "app", "--size=24Mi", "--kind=file", "--duration=2m") as running:
        running.wait_for("holding ")
        memory = pods.memory("app")
        low = idle["usage_bytes"] + 20 * MIB

        def kubelet() -> dict[str, Any]:
            return summary_memory(cluster, memory, pods.namespace)

        wait_until("seen by the kubelet", lambda: kubelet().get("usageBytes", 0) > low, seconds=100)
        told = only(plugin("top", "app", "-o=json").top)["memory"]
        counted = kubelet()

    assert told["inactive_file_bytes"] - idle["inactive_file_bytes"] >= 23 * MIB
    assert told["usage_bytes"] - idle["usage_bytes"] >= 23 * MIB
    assert told["working_set_bytes"] - idle["working_set_bytes"] <= 3 * MIB
    assert abs(told["usage_bytes"] - counted["usageBytes"]) <= 2 * MIB
    assert abs(told["working_set_bytes"] - counted["workingSetBytes"]) <= 2 * MIB
