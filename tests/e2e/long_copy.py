"""`--copy` on a real kubelet: the pod itself is left alone, and nothing of the copy stays."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from typing import Any

from tests.e2e.plugin import Plugin
from tests.e2e.pods import NodeMemory, Pods, pod, wait_until

MEM = ("mem", "app", "--copy", "--yes", "--size=120%", "-o=json")


def names(pods: Pods) -> list[str]:
    return pods.kubectl("get", "pods", "-o", "name").split()


def seen_of(pods: Pods, memory: NodeMemory) -> Mapping[str, Any]:
    """What the pod's cgroup, its status and the kubelet's events say of it."""
    return {
        "counters": memory.container_events(),
        "pod counters": memory.pod_events(),
        "status": pods.status("app"),
        "holders": pods.holders("app"),
        "events": [pods.kubelet_events("app", kind) for kind in ("Normal", "Warning")],
        "is ready": pods.is_ready("app"),
    }


def copied_pod(flavour: str) -> dict[str, Any]:
    made = pod(flavour)
    made["metadata"].setdefault("labels", {})["app"] = "app"
    return made


def test_an_oom_kill_of_the_copy_leaves_the_pod_as_it_was_and_nothing_behind(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    pods.create(copied_pod(flavour))
    memory = pods.memory("app")
    before = seen_of(pods, memory)

    done = plugin(*MEM)

    report = done.report
    copy = report["target"]["pod"]
    assert copy.startswith("app-stress-")
    assert report["verdict"]["outcome"] in ("group-oom-killed", "load-oom-killed")
    assert seen_of(pods, memory) == before
    wait_until("the copy is gone", lambda: names(pods) == ["pod/app"])


def test_ctrl_c_removes_the_copy(plugin: Plugin, pods: Pods, flavour: str) -> None:
    pods.create(copied_pod(flavour))

    with plugin.running("cpu", "app", "--copy", "--yes", "--load=50m", "--duration=5m") as running:
        running.wait_for("holding ")
        running.send(signal.SIGINT)
        assert running.end().exit_code == 130

    wait_until("the copy is gone", lambda: names(pods) == ["pod/app"])


def test_after_kill_9_the_copy_ends_by_its_deadline_and_goes_with_stop(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    pods.create(copied_pod(flavour))
    words = ("mem", "app", "--copy", "--yes", "--size=8Mi", "--duration=10s", "--timeout=30s")

    with plugin.running(*words) as running:
        running.wait_for("holding ")
        running.send(signal.SIGKILL)
        running.process.wait()
    (left,) = (name.removeprefix("pod/") for name in names(pods) if name != "pod/app")
    memory = pods.memory(left)

    def has_ended() -> bool:
        return bool(pods.get(left)["status"]["phase"] == "Failed")

    wait_until("its deadline has ended it", has_ended, seconds=400)
    assert pods.get(left)["status"]["reason"] == "DeadlineExceeded"
    wait_until("no process of it runs", lambda: not processes(memory))
    stopped = plugin("stop", "-o=json")
    assert json.loads(stopped.shown)["loads"] == []
    assert f'removed pod "{left}"' in stopped.stderr
    wait_until("the copy is gone", lambda: names(pods) == ["pod/app"])


def processes(memory: NodeMemory) -> list[str]:
    """What runs in the container's cgroup, as long as it has one."""
    try:
        return memory.commands()
    except AssertionError:
        return []
