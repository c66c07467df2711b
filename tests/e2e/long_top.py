"""What `top` shows beside a load: kernel memory and page cache, as node and kubelet count them."""

from __future__ import annotations

from tests.e2e.plugin import Plugin, only_target
from tests.e2e.pods import Pods, pod, wait_until

MIB = 1 << 20
# The rss of a process is counted in batches of 64 pages a thread before Linux 6.2.
RSS_BATCH = 64 * 4096
BATCHES = 2 * 256 * 1024  # the kernel charges usage in batches of 256 KiB a CPU


def test_e13_the_level_includes_kernel_memory_and_a_load_is_seen_from_elsewhere(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    pods.create(pod(flavour))

    with plugin.running("mem", "app", "--size=32Mi", "--duration=60s", "-o=json") as running:
        running.wait_for("holding ")
        memory = pods.memory("app")
        progress = only_target(plugin("top", "app", "--duration=4s", "-o=json").top)
        kernel = memory.kernel_bytes()
        wide = plugin("top", "app", "-o=wide").shown

    seen = progress["memory"]
    parts = seen["anon_bytes"] + seen["file_bytes"] + seen["kernel_bytes"]
    assert abs(seen["kernel_bytes"] - kernel) <= 256 * 1024
    assert seen["kernel_bytes"] >= 32 * MIB // 512  # the page tables of the load, at least
    assert abs(seen["usage_bytes"] - parts) <= BATCHES + 256 * 1024
    assert 32 * MIB - RSS_BATCH <= progress["stress_bytes"] <= 34 * MIB
    for heading in ("KERNEL", "PAGE TABLES", "SLAB", "SWAP LIMIT", "NODE AVAILABLE"):
        assert heading in wide


def test_e11_page_cache_is_usage_and_no_working_set_as_the_kubelet_counts_it(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    pods.create(pod(flavour))
    idle = only_target(plugin("top", "app", "-o=json").top)["memory"]

    with plugin.running("mem", "app", "--size=24Mi", "--kind=file", "--duration=2m") as running:
        running.wait_for("holding ")
        low = idle["usage_bytes"] + 20 * MIB
        wait_until(
            "seen by the kubelet",
            lambda: pods.summary("app").get("usageBytes", 0) > low,
            seconds=100,
        )
        progress = only_target(plugin("top", "app", "-o=json").top)["memory"]
        counted = pods.summary("app")

    assert progress["inactive_file_bytes"] - idle["inactive_file_bytes"] >= 23 * MIB
    assert progress["usage_bytes"] - idle["usage_bytes"] >= 23 * MIB
    assert progress["working_set_bytes"] - idle["working_set_bytes"] <= 3 * MIB
    assert abs(progress["usage_bytes"] - counted["usageBytes"]) <= 2 * MIB
    assert abs(progress["working_set_bytes"] - counted["workingSetBytes"]) <= 2 * MIB
