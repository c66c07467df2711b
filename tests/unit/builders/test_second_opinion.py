"""The cause by others' words: what the tests on the real cluster hold the verdict to."""

from typing import Any

import pytest

from tests.builders.pods import PodBuilder, pod
from tests.builders.second_opinion import Facts, about_pod, second_opinion

MEMCG = "/kubepods/burstable/poduid-of-web/app-1"
GROUP = f"[  9.2] Tasks in {MEMCG} are going to be killed due to memory.oom.group set\n"


def oom(task: str) -> str:
    where = f"oom_memcg=/kubepods/burstable/poduid-of-web,task_memcg={MEMCG}"
    return (
        "[  9.0] agent invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0\n"
        "[  9.0] memory: usage 65536kB, limit 65536kB, failcnt 12\n"
        f"[  9.1] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),{where},task={task},pid=9\n"
        f"[  9.1] Memory cgroup out of memory: Killed process 9 ({task}) total-vm:1kB\n"
    )


def web(**status: Any) -> PodBuilder:
    return pod("web").container("app").with_container_status(**status)


def restarted(reason: str, code: int) -> dict[str, Any]:
    end = {"containerID": "containerd://app-1", "reason": reason, "exitCode": code}
    last = {"terminated": end}
    return web(containerID="containerd://app-2", restartCount=1, lastState=last).dict


def opinion(after: Any = None, dmesg: str = "", **values: Any) -> str:
    kept = {"events": [], "memory_events": {}, **values}
    return second_opinion(Facts("app", web().dict, after or web().dict, dmesg=dmesg, **kept))


def killing(words: str) -> list[dict[str, Any]]:
    return [{"reason": "Killing", "message": words}]


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (opinion(), "survived"),
        (opinion(restarted("OOMKilled", 137), oom("agent-worker") + GROUP), "group-oom-killed"),
        (opinion(restarted("OOMKilled", 137), oom("hello")), "app-oom-killed"),
        (opinion(dmesg=oom("agent-worker")), "load-oom-killed"),
        (opinion(dmesg=oom("agent-worker") + oom("dd")), "app-oom-killed"),
        (opinion(restarted("Error", 137)), "inconclusive"),
        (opinion(restarted("Completed", 0)), "app-exited"),
        (
            opinion(web(containerID="containerd://app-2", restartCount=1).dict, GROUP),
            "inconclusive",
        ),
        (
            opinion(restarted("Error", 137), events=killing("Container app failed liveness probe")),
            "liveness-restarted",
        ),
        (
            opinion(
                web(containerID="containerd://app-2", restartCount=1).dict,
                events=killing("Container app failed liveness probe"),
            ),
            "liveness-restarted",
        ),
        (opinion(restarted("OOMKilled", 0), oom("sleep")), "app-oom-killed"),
        (opinion(restarted("Completed", 0), oom("agent-worker")), "app-exited"),
        (opinion(restarted("Error", 143)), "inconclusive"),
        (opinion(restarted("Error", 130)), "inconclusive"),
        (opinion(restarted("Error", 139)), "app-exited"),
        (
            opinion(restarted("Error", 143), events=killing("Container app failed startup probe")),
            "kubelet-restarted",
        ),
        (
            opinion(restarted("Error", 137), events=killing("Container app definition changed")),
            "kubelet-restarted",
        ),
        (opinion(restarted("Error", 137), events=killing("killing")), "kubelet-restarted"),
        (
            opinion(
                web(containerID="containerd://app-2", restartCount=1).dict,
                events=killing("killing"),
            ),
            "kubelet-restarted",
        ),
        (
            opinion(restarted("Completed", 0), events=killing("Stopping container app")),
            "inconclusive",
        ),
        (opinion(web().with_status(reason="Evicted").dict), "evicted"),
        (opinion(memory_events={"container": {"high": 3}}), "throttled"),
    ],
)
def test_the_cause_is_what_kernel_and_kubelet_say(found: str, outcome: str) -> None:
    assert found == outcome


def test_a_pod_that_is_gone_tells_nothing() -> None:
    facts = Facts("app", web().dict, None, [], "", {})

    assert second_opinion(facts) == "inconclusive"


def test_only_the_pods_own_kills_since_the_beginning_are_kept() -> None:
    others = oom("java").replace("uid-of-web", "uid-of-other")
    known = oom("old")

    kept = about_pod(known + oom("agent-worker") + GROUP + others, "uid-of-web", since=known)

    assert len(kept.splitlines()) == 3
    assert "java" not in kept
    assert "task=old" not in kept
    assert kept.count("Killed process") == 1
    assert "memory.oom.group" in kept


@pytest.mark.parametrize(("signal", "outcome"), [("SIGABRT", "inconclusive"), (None, "app-exited")])
def test_a_fault_that_is_the_containers_stop_signal_may_have_been_sent(
    signal: str | None, outcome: str
) -> None:
    before = pod("web").container("app", lifecycle={"stopSignal": signal} if signal else None)
    before.with_container_status(containerID="containerd://app-1")
    after = restarted("Error", 134)

    assert second_opinion(Facts("app", before.dict, after, [], "", {})) == outcome


BOB = "/proc/7/root/agent run --run-id b0b --started-by bob --size 24Mi "
TWO_LOADS = f"1 sleep 3600 \n7 {BOB}\n8 {BOB}\n9 {BOB.replace('bob', 'admin')}\n"


def test_the_loads_of_others_are_known_by_their_command_lines_on_the_node() -> None:
    facts = Facts("app", web().dict, web().dict, [], "", {}, processes=TWO_LOADS)

    assert facts.others == {"bob"}
    assert second_opinion(facts) == "survived"


@pytest.mark.parametrize(
    ("pids", "outcome"),
    [((8,), "inconclusive"), ((9,), "load-oom-killed"), ((8, 9), "load-oom-killed")],
)
def test_a_kill_of_another_load_is_none_of_ours(pids: tuple[int, ...], outcome: str) -> None:
    dmesg = "".join(oom("agent").replace("pid=9", f"pid={pid}") for pid in pids)

    assert opinion(dmesg=dmesg, processes=TWO_LOADS) == outcome


def since(when: str) -> Any:
    ready = {"type": "ContainersReady", "status": "True", "lastTransitionTime": when}
    return web().with_status(conditions=[ready]).dict


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([], "inconclusive"),
        (
            [{"reason": "Unhealthy", "message": "Readiness probe failed: timeout"}],
            "readiness-lost",
        ),
    ],
)
def test_readiness_that_came_back_was_lost_only_by_a_failed_probe(
    events: list[dict[str, Any]], outcome: str
) -> None:
    before, after = since("2026-01-01T12:00:00Z"), since("2026-01-01T12:05:00Z")

    assert second_opinion(Facts("app", before, after, events, "", {})) == outcome
