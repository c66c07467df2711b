"""What `top` shows without a load: the node's own figures, each by its right name."""

from __future__ import annotations

import re

import pytest

from tests.e2e.plugin import Plugin, only_target
from tests.e2e.pods import Pods, pod

pytestmark = pytest.mark.long

MIB = 1 << 20
BATCHES = 2 * 256 * 1024  # the kernel charges usage in batches of 256 KiB a CPU


def host_total_kib(pods: Pods) -> int:
    """What `free` says inside the container."""
    words = pods.kubectl("exec", "app", "-c", "app", "--", "free").split()
    return int(words[words.index("Mem:") + 1])


def test_e01_the_host_s_memory_is_named_as_the_host_s(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    pods.create(pod(flavour))
    before = pods.status("app")

    table = plugin("top", "app").shown
    progress = only_target(plugin("top", "app", "-o=json").top)

    memory = pods.memory("app")
    assert progress["memory"]["limit_bytes"] == progress["target"]["limit_bytes"] == 64 * MIB
    assert abs(progress["memory"]["usage_bytes"] - memory.usage_bytes()) <= BATCHES + MIB
    assert progress["node"]["total_bytes"] == host_total_kib(pods) * 1024
    assert re.search(r"node \S+: .* of 1\.9 GiB used \(the host's memory", table)
    assert [process["role"] for process in progress["processes"]].count("target") == 1
    assert progress["memory"]["oom_kill"] == memory.oom_kills() == 0
    assert pods.status("app") == before
    assert len(pods.holders("app")) == 1  # the second reading reused the first one's
