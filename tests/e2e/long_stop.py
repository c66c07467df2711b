"""Several clients on one pod: a load that another one stops, and two at once."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from tests.e2e.plugin import Plugin
from tests.e2e.pods import NodeMemory, Pods, pod, wait_until

# At 64 MiB one percent is less than what the kernel charges in batches.
LIMIT_MIB = 256


@pytest.fixture
def bob(plugin: Plugin) -> Plugin:
    """Another administrator."""
    return Plugin(plugin.environment, (*plugin.options, "--as=bob", "--as-group=system:masters"))


def has_agent(memory: NodeMemory) -> bool:
    return any("agent" in line for line in memory.commands())


def test_a_load_at_99_percent_of_the_limit_is_stopped_by_another_client(
    plugin: Plugin, bob: Plugin, pods: Pods, flavour: str
) -> None:
    pods.create(pod(flavour, limit=f"{LIMIT_MIB}Mi"))
    memory, before = pods.memory("app"), pods.status("app")
    words = ("mem", "app", "--size=98.9%headroom", "--duration=10m", "--yes", "-o=json")

    with plugin.running(*words) as running:
        running.wait_for("holding ")
        wait_until("99% is used", lambda: memory.usage_bytes() >= (LIMIT_MIB << 20) * 99 // 100)
        stopped = bob("stop", "app", "-o=json")
        done = running.end()

    (load,) = json.loads(stopped.shown)["loads"]
    assert load["started_by"] == "admin"
    assert load["is_ended"]
    assert done.exit_code == 4
    assert "stopped by bob (kubectl stress stop)" in done.report["verdict"]["sentence"]
    assert not has_agent(memory)
    assert memory.oom_kills() == 0
    assert pods.status("app") == before


def test_two_clients_at_once_name_each_other_and_the_third_is_told(
    plugin: Plugin, bob: Plugin, pods: Pods, flavour: str
) -> None:
    pods.create(pod(flavour))
    words = ("mem", "app", "--size=16Mi", "--duration=20s", "--yes", "-o=json")

    with ExitStack() as stack:
        both = [stack.enter_context(one.running(*words)) for one in (plugin, bob)]
        for running in both:
            running.wait_for("holding ")
        third = plugin("mem", "app", "--size=1Mi")
        reports = [running.end().report for running in both]

    names = [[load["started_by"] for load in report["other_loads"]] for report in reports]
    assert names == [["bob"], ["admin"]]
    for report, (name,) in zip(reports, names, strict=True):
        assert f"started by {name}" in report["verdict"]["sentence"]
        agents = [row["role"] for row in report["processes"] if row["command"] == "agent"]
        assert "other" not in agents
    assert third.exit_code == 5
    assert 'container "app" is already under another load (' in third.stderr
    assert len(pods.holders("app")) <= 2
