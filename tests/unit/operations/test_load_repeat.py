"""`--after-oom repeat`: the load again after each OOM kill, and one verdict over all of it."""

from kubectl_stress.errors import InjectionError
from kubectl_stress.plan.load_words import AfterOom
from kubectl_stress.results.report import Report
from kubectl_stress.verdict.outcome import Outcome
from tests.builders.agent_lines import (
    bye_line,
    hello_line,
    reading,
    sample_line,
    survived,
    worker_killed_line,
)
from tests.builders.pods import MIB
from tests.builders.scene import OOM_KILLED, Scene, ended, started_again, web
from tests.fakes.stream import FakeStream

SINGLE = {"cgroup_version": 1, "oom_group": None}


def repeated(scene: Scene, *, max_restarts: int = 3) -> Report:
    return scene.run("120%", after_oom=AfterOom.REPEAT, max_restarts=max_restarts)


def tooth(scene: Scene, at_ms: int, *, oom_kill: int) -> None:
    """One load that is killed while the container lives on (cgroup v1)."""
    climb = sample_line(12, oom_kill=oom_kill - 1) + sample_line(127.9, held_mib=110)
    killed = worker_killed_line(oom_kill - 1, oom_kill)
    final_message = sample_line(12, oom_kill=oom_kill) + killed + bye_line("workers-killed", 12)
    scene.script.agent_says(at_ms, hello_line(**SINGLE) + climb + final_message)
    scene.script.stream_ends(at_ms + 500, 12)


def test_the_load_begins_again_until_it_was_killed_often_enough(scene: Scene) -> None:
    for number in (1, 2, 3):
        tooth(scene, number * 1_000, oom_kill=number)

    report = repeated(scene, max_restarts=2)

    assert report.verdict.outcome is Outcome.LOAD_OOM_KILLED
    assert report.verdict.sentence.endswith("(the load was started 3 times)")
    assert (report.findings.loads, report.oom_kills, report.restarts) == (3, 3, 0)
    assert [container for container, _ in scene.cluster.execs].count("app") == 3
    assert len(scene.cluster.added) == 1  # the holder lives on
    assert "repeating the load, 2 of at most 2 times" in scene.stories


def test_a_load_that_survives_is_not_repeated_and_the_kill_before_counts(scene: Scene) -> None:
    tooth(scene, 1_000, oom_kill=1)
    scene.script.agent_says(2_000, survived()).stream_ends(24_000, 0)

    report = repeated(scene)

    assert report.findings.loads == 2
    assert report.verdict.outcome is Outcome.LOAD_OOM_KILLED


def test_without_an_oom_kill_nothing_is_repeated(scene: Scene) -> None:
    scene.script.agent_says(0, survived()).stream_ends(24_000, 0)

    assert repeated(scene).findings.loads == 1


def test_a_restarted_container_gets_the_next_load(scene: Scene) -> None:
    scene.cluster.readings = [_reading(), InjectionError("gone"), _reading()]
    scene.script.agent_says(0, hello_line() + sample_line(127.9, held_mib=117))
    scene.script.stream_ends(900, 137)
    scene.script.at(4_800, lambda: scene.cluster.change_pod(ended().dict))
    scene.script.at(8_100, lambda: scene.cluster.change_pod(started_again().dict))
    scene.script.agent_says(9_000, survived()).stream_ends(33_000, 0)

    report = repeated(scene)

    assert report.verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert (report.findings.loads, report.restarts) == (2, 1)
    waited = scene.stories.index("waiting for the container to restart")
    assert "joining the target's cgroup by exec" in scene.stories[waited:]


def test_no_load_follows_where_a_restart_does_not_free_the_memory(scene: Scene) -> None:
    spec = scene.cluster.pods["web"]["spec"]
    spec["volumes"] = [{"name": "cache", "emptyDir": {"medium": "Memory"}}]
    spec["containers"][0]["volumeMounts"] = [{"name": "cache", "mountPath": "/cache"}]
    scene.cluster.readings = [_reading(), InjectionError("gone")]
    near = sample_line(127.9, held_mib=77, shmem_bytes=40 * MIB)
    scene.script.agent_says(0, hello_line() + near).stream_ends(900, 137)
    scene.script.at(4_800, lambda: scene.cluster.change_pod(ended().dict))
    scene.script.at(8_100, lambda: scene.cluster.change_pod(started_again().dict))

    report = repeated(scene)

    kept = (
        "shmem 40.0 MiB: a restart of the container does not free what lies in its memory volumes"
    )
    assert (report.verdict.outcome, report.findings.loads) == (Outcome.GROUP_OOM_KILLED, 1)
    assert any(fact.text.startswith(kept) for fact in report.verdict.evidence)
    assert any(f"the load is not repeated: {kept} (cache)" in text for text in scene.stories)


def test_a_container_that_does_not_come_back_keeps_its_verdict(scene: Scene) -> None:
    scene.cluster.readings = [_reading(), InjectionError("gone")]
    scene.script.agent_says(0, hello_line() + sample_line(127.9, held_mib=117))
    scene.script.stream_ends(900, 137)
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    gone = web().with_container_status(
        state=waiting, lastState={"terminated": OOM_KILLED}, ready=False
    )
    scene.script.at(4_800, lambda: scene.cluster.change_pod(gone.dict))

    report = repeated(scene)

    assert report.verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert scene.stories[-2].endswith("its container did not restart")


def _reading() -> FakeStream:
    return FakeStream().says(reading()).ends(0)
