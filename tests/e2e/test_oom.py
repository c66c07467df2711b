"""What the kernel does at the limit, told as the kubelet and the node tell it."""

import pytest

from tests.e2e.judged import Judge
from tests.e2e.pods import Pods, hello, holding, pod, wait_until
from tests.selection.sample import sampled

MIB = 1 << 20
on_v1 = pytest.mark.parametrize("flavour", ["v1"], indirect=True, scope="session")


def test_e05_cgroup_v2_kills_the_container_as_a_group(judged: Judge, pods: Pods) -> None:
    pods.create(hello("v2"))
    name = pods.name_of("hello")
    old_id = pods.status(name)["containerID"]

    run = judged("e05-v2", name, "--size=120%", "--expect=oom")

    report, status, events = run.report, pods.status(name), run.memory.pod_events()
    last, progress = status["lastState"]["terminated"], report["status"]
    assert run.done.exit_code == 0
    assert run.outcome == "group-oom-killed"
    assert progress["container_id"] == status["containerID"] != old_id
    assert progress["restart_count"] == status["restartCount"] == 1
    assert progress["last_state"]["container_id"] == last["containerID"] == old_id
    assert progress["last_state"]["reason"] == last["reason"] == "OOMKilled"
    assert progress["last_state"]["exit_code"] == last["exitCode"] == 137
    assert progress["last_state"]["finished_at"] == last["finishedAt"]
    assert progress["oom_kills"] is None  # the container's counters went with its cgroup
    assert events["oom_group_kill"] == 1
    assert events["oom_kill"] >= 2
    assert "oom_kill unknown (cgroup gone)" in run.evidence
    sources = {fact["source"] for fact in report["verdict"]["evidence"]}
    assert {"stream", "agent", "status"} <= sources


@on_v1
def test_e05_cgroup_v1_kills_the_load_alone(judged: Judge, pods: Pods) -> None:
    pods.create(hello("v1"))
    name = pods.name_of("hello")
    before = pods.status(name)

    run = judged("e05-v1", name, "--size=120%", "--expect=oom")

    report, status = run.report, pods.status(name)
    assert run.done.exit_code == 0
    assert run.outcome == "load-oom-killed"
    assert status["containerID"] == before["containerID"] == report["status"]["container_id"]
    assert report["status"]["restart_count"] == status["restartCount"] == 0
    assert report["status"]["oom_kills"] == run.memory.oom_kills() == 1
    assert run.facts.victims == ["agent-worker"]


@pytest.mark.long
def test_e07_a_repeated_load_shows_what_each_kill_costs(
    judged: Judge, pods: Pods, flavour: str
) -> None:
    pods.create(pod(flavour))
    look = {"v1": is_a_sawtooth, "v2": is_a_row_of_restarts}[flavour]
    look(judged, pods)


def is_a_sawtooth(judged: Judge, pods: Pods) -> None:
    run = judged("e07-v1", "app", "--size=120%", "--after-oom=repeat", "--max-restarts=2")

    report, log = run.report, run.done.stderr
    assert run.outcome == "load-oom-killed"
    assert report["memory"]["loads"] == 3
    assert report["status"]["oom_kills"] == run.memory.oom_kills() == len(run.facts.victims) == 3
    assert [kill["oom_kill_after"] for kill in report["worker_kills"]] == [1, 2, 3]
    assert report["status"]["restart_count"] == pods.status("app")["restartCount"] == 0
    assert len(pods.holders("app")) == 1
    assert "usage drops and climbs again" in log
    assert log.index("climbs again") < log.index("joining the target's cgroup")
    assert teeth(run.lines("sample"), high=0.9, low=0.5) == 3


def is_a_row_of_restarts(judged: Judge, pods: Pods) -> None:
    run = judged("e07-v2", "app", "--size=120%", "--after-oom=repeat", "--max-restarts=1")

    report, log, progress = run.report, run.done.stderr, run.report["status"]
    assert run.outcome == "group-oom-killed"
    assert report["memory"]["loads"] == 2
    # The second start is put off by the kubelet, and counted when it comes.
    assert progress["restart_count"] == (1 if progress["state"] == "waiting" else 2)
    wait_until("it runs again", lambda: pods.status("app")["restartCount"] == 2)
    last = pods.status("app")["lastState"]["terminated"]
    assert progress["last_state"]["container_id"] == last["containerID"]
    assert run.memory.pod_events()["oom_group_kill"] == len(run.facts.victims) == 2
    assert len(pods.holders("app")) == 2
    assert "each kill restarts the whole container" in log
    assert log.index("each kill restarts") < log.index("joining the target's cgroup")
    assert teeth(run.lines("sample"), high=0.9, low=0.5) == 2


def teeth(samples: list[dict[str, dict[str, int]]], *, high: float, low: float) -> int:
    """How often the level rose above `high` of the limit after it was below `low`."""
    count, is_low = 0, True
    for sample in samples:
        share = sample["memory"]["usage_bytes"] / sample["memory"]["limit_bytes"]
        if is_low and share > high:
            count, is_low = count + 1, False
        is_low = is_low or share < low
    return count


@pytest.mark.long
@pytest.mark.parametrize(
    ("adjustment", "victim"),
    sampled([("same", "hello"), ("1000", "agent-worker")], 1),
)
def test_e08_whoever_was_foretold_dies_first(
    judged: Judge, pods: Pods, flavour: str, adjustment: str, victim: str
) -> None:
    # Guaranteed, so that the app has -997: 1000 weighs more than all that it holds.
    manifest = holding(flavour, 56, limit="96Mi")
    wanted = {"memory": "96Mi", "cpu": "500m"}
    manifest["spec"]["containers"][0]["resources"] = {"limits": wanted, "requests": wanted}
    pods.create(manifest)
    options = ("--size=60Mi", f"--oom-score-adj={adjustment}")

    run = judged(f"e08-{flavour}-{adjustment}", "app", *options)

    predicted = run.report["predicted_first_victim"]
    group = "group-oom-killed"
    single = {"hello": "app-oom-killed", "agent-worker": "load-oom-killed"}[victim]
    assert predicted["command"] == victim == run.facts.victims[0]
    assert run.outcome == (group if flavour == "v2" else single)


@pytest.mark.long
def test_e14_an_oom_kill_from_before_the_run_is_shown_but_not_counted(
    judged: Judge, pods: Pods, flavour: str
) -> None:
    pods.create(pod(flavour))
    first = judged(f"e14-{flavour}-first", "app", "--size=120%")
    pods.kubectl("wait", "--for=condition=Ready", "pod/app", "--timeout=300s")

    second = judged(f"e14-{flavour}", "app", "--size=8Mi", "--duration=2s")

    progress, status = second.report["status"], pods.status("app")
    assert first.outcome == ("group-oom-killed" if flavour == "v2" else "load-oom-killed")
    assert second.outcome == "survived"
    assert progress["oom_kills"] == 0
    assert progress["restart_count_before"] == progress["restart_count"] == status["restartCount"]
    last = status["lastState"].get("terminated", {}).get("reason")
    assert (progress["last_state"] or {}).get("reason") == last
