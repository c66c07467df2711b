"""What the kernel does at the limit, told as the kubelet and the node tell it."""

import re

from tests.e2e.plugin import Plugin
from tests.e2e.pods import NodeMemory, Pods, hello, pod


def last_victim(memory: NodeMemory) -> str:
    """The command that the node's kernel says it killed in this container."""
    killed = rf"oom-kill:.*task_memcg=\S*{memory.container_id},task=([^,]+),"
    return str(re.findall(killed, memory.dmesg())[-1])


def test_e05_cgroup_v2_kills_the_container_as_a_group(plugin: Plugin, pods: Pods) -> None:
    pods.create(hello("v2"))
    name = pods.name_of("hello")
    old_id, old_memory = pods.status(name, "app")["containerID"], pods.memory(name)

    done = plugin("mem", "deploy/hello", "--size=120%", "--yes", "--expect=oom", "-o=json")

    report, status, events = done.report, pods.status(name), old_memory.pod_events()
    last, told = status["lastState"]["terminated"], report["status"]
    assert done.exit_code == 0
    assert report["verdict"]["outcome"] == "group-oom-killed"
    assert told["container_id"] == status["containerID"] != old_id
    assert told["restart_count"] == status["restartCount"] == 1
    assert told["last_state"]["container_id"] == last["containerID"] == old_id
    assert told["last_state"]["reason"] == last["reason"] == "OOMKilled"
    assert told["last_state"]["exit_code"] == last["exitCode"] == 137
    assert told["last_state"]["finished_at"] == last["finishedAt"]
    assert told["oom_kills"] is None  # the container's counters went with its cgroup
    assert events["oom_group_kill"] == 1
    assert events["oom_kill"] >= 2
    sources = {fact["source"] for fact in report["verdict"]["evidence"]}
    assert {"stream", "agent", "status"} <= sources


def test_e05_cgroup_v1_kills_the_load_alone(plugin: Plugin, pods: Pods) -> None:
    pods.create(hello("v1"))
    name = pods.name_of("hello")
    before, memory = pods.status(name), pods.memory(name)

    done = plugin("mem", "deploy/hello", "--size=120%", "--yes", "--expect=oom", "-o=json")

    report, status = done.report, pods.status(name)
    assert done.exit_code == 0
    assert report["verdict"]["outcome"] == "load-oom-killed"
    assert status["containerID"] == before["containerID"] == report["status"]["container_id"]
    assert report["status"]["restart_count"] == status["restartCount"] == 0
    assert report["status"]["oom_kills"] == memory.oom_kills() == 1
    assert last_victim(memory) == "agent-worker"


def test_e14_an_oom_kill_from_before_the_run_is_shown_but_not_counted(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    pods.create(pod(flavour))
    first = plugin("mem", "app", "--size=120%", "--yes", "-o=json").report
    pods.kubectl("wait", "--for=condition=Ready", "pod/app", "--timeout=60s")

    second = plugin("mem", "app", "--size=8Mi", "--duration=2s", "-o=json").report

    status = pods.status("app")
    killed = "group-oom-killed" if flavour == "v2" else "load-oom-killed"
    assert first["verdict"]["outcome"] == killed
    assert second["verdict"]["outcome"] == "survived"
    assert second["status"]["oom_kills"] == 0
    assert second["status"]["restart_count_before"] == status["restartCount"]
    assert second["status"]["restart_count"] == status["restartCount"]
    last = status["lastState"].get("terminated", {}).get("reason")
    assert (second["status"]["last_state"] or {}).get("reason") == last
