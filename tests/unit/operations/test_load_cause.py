"""What is waited for, and said, between the end of a load and its verdict."""

from typing import Any

import pytest

from kubectl_stress.errors import InjectionError, Interrupted
from kubectl_stress.formats.tables import target_table
from kubectl_stress.plan.gauge import Row
from kubectl_stress.verdict.outcome import Outcome
from tests.builders.agent_lines import (
    bye_line,
    hello_line,
    line,
    phase_line,
    reading,
    sample_line,
    worker_killed_line,
)
from tests.builders.pods import PodBuilder
from tests.builders.scene import BEGINNING, NEAR_LIMIT, OOM_KILLED, Scene, ended, started_again, web
from tests.fakes.stream import FakeStream

CONFIRMED = "cause confirmed by the container's status"


def killed(scene: Scene) -> Scene:
    """Its stream ends with 137, and no holder is left to read through."""
    scene.cluster.readings = [FakeStream().says(reading()).ends(0), InjectionError("gone")]
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT).stream_ends(900, 137)
    return scene


def test_an_agent_that_its_watchdog_ended_is_a_cause_and_another_is_waited_for_shortly(
    scene: Scene,
) -> None:
    scene.cluster.readings = [FakeStream().says(reading()).ends(0) for _ in range(2)]
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT).stream_ends(900, 142)

    report = scene.run()

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert "its watchdog ended it" in report.verdict.sentence
    assert scene.time.ms < 17_000


def test_a_container_that_the_kubelet_is_ending_is_what_the_watchdog_came_before(
    scene: Scene,
) -> None:
    """On a node without CPU the liveness probe fails too; SIGTERM leaves 30 s."""
    scene.cluster.readings = [FakeStream().says(reading()).ends(0) for _ in range(2)]
    end = {"containerID": "containerd://app-1", "reason": "Error", "exitCode": 137}
    again = {"containerID": "containerd://app-2", "lastState": {"terminated": end}}
    restarted = web().with_container_status(restartCount=1, **again)
    words = "Container app failed liveness probe, will be restarted"
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT)
    scene.script.at(500, lambda: scene.cluster.show_event("Killing", words))
    scene.script.stream_ends(900, 142)
    scene.script.at(30_000, lambda: scene.cluster.change_pod(restarted.dict))

    assert scene.run().verdict.outcome is Outcome.LIVENESS_RESTARTED


def test_an_agent_that_its_watchdog_ended_before_its_hello_needs_no_other_join(
    scene: Scene,
) -> None:
    scene.script.stream_ends(900, 142)

    with pytest.raises(InjectionError) as caught:
        scene.run()

    assert "its watchdog ended it" in str(caught.value)
    assert "--join" not in str(caught.value)


def stopped(**state: Any) -> PodBuilder:
    return web().with_container_status(state={"terminated": {**OOM_KILLED, **state}}, ready=False)


@pytest.mark.parametrize(("policy", "code"), [("Never", 137), ("OnFailure", 0)])
def test_a_container_that_has_ended_for_good_is_not_waited_for(
    scene: Scene, policy: str, code: int
) -> None:
    scene.cluster.pods["web"]["spec"]["restartPolicy"] = policy
    over = stopped(exitCode=code).with_spec(restartPolicy=policy)
    killed(scene).script.at(4_800, lambda: scene.cluster.change_pod(over.dict))

    report = scene.run("120%")

    assert scene.time.now_ms() < 6_000
    assert f"{CONFIRMED}; restartPolicy {policy}: it is not restarted" in scene.stories
    assert report.to_dict()["status"]["last_state"]["reason"] == "OOMKilled"
    table = target_table([Row(report.plan.target, report.after)], wide=True)
    assert f"OOMKilled ({code})" in table


def test_an_agent_that_saw_its_target_part_waits_for_what_became_of_it(scene: Scene) -> None:
    """A process leaves its cgroup before anybody is told that it has ended: the agent's look at
    its target came in between where a node was slow."""
    alone = hello_line(oom_group=None, cgroup_version=1)
    scene.cluster.readings = [FakeStream().says(reading()).ends(0), InjectionError("gone")]
    begun = alone + sample_line(10, phase="baseline") + phase_line("ramp") + NEAR_LIMIT
    parted = line("error", code="not-a-member", message="the cgroups have parted")
    scene.script.agent_says(0, begun).agent_says(900, parted + bye_line("parted", 26))
    scene.script.stream_ends(900, 26)
    scene.script.at(4_800, lambda: scene.cluster.change_pod(started_again().dict))

    report = scene.run("120%")

    assert report.verdict.outcome is Outcome.APP_OOM_KILLED


def test_a_kill_beyond_the_load_s_own_is_waited_for_until_the_kubelet_says_of_whom(
    scene: Scene,
) -> None:
    """The kernel kills the app and the last worker at once; the status comes seconds later."""
    both = worker_killed_line(0, 2, elapsed_ms=890) + bye_line("workers-killed", 12)
    begun = hello_line(oom_group=None, cgroup_version=1) + sample_line(10, phase="baseline")
    scene.script.agent_says(0, begun + phase_line("ramp") + NEAR_LIMIT)
    scene.script.agent_says(900, both).stream_ends(900, 12)
    over = stopped().with_spec(restartPolicy="Never")
    scene.cluster.pods["web"]["spec"]["restartPolicy"] = "Never"
    scene.script.at(4_800, lambda: scene.cluster.change_pod(over.dict))

    report = scene.run("120%")

    assert report.verdict.outcome is Outcome.APP_OOM_KILLED
    assert f"{CONFIRMED}; restartPolicy Never: it is not restarted" in scene.stories


def test_a_load_that_died_alone_is_waited_for_no_longer(scene: Scene) -> None:
    alone = worker_killed_line(0, 1, elapsed_ms=890) + bye_line("workers-killed", 12)
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT).agent_says(900, alone)
    scene.script.stream_ends(900, 12)

    report = scene.run("120%")

    assert report.verdict.outcome is Outcome.LOAD_OOM_KILLED
    assert scene.time.now_ms() < 2_000


def test_a_restart_that_was_seen_already_is_not_waited_for(scene: Scene) -> None:
    killed(scene).script.at(4_800, lambda: scene.cluster.change_pod(started_again().dict))

    report = scene.run("120%")

    assert report.verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert not [story for story in scene.stories if "waiting for its restart" in story]


def test_nothing_is_called_confirmed_that_the_verdict_does_not_say(scene: Scene) -> None:
    unexplained = stopped(reason="Error").dict
    killed(scene).script.at(4_800, lambda: scene.cluster.change_pod(unexplained))

    report = scene.run("120%")

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert not [story for story in scene.stories if "confirmed" in story]
    assert "container ended: Error (137); waiting for its restart" in scene.stories


def test_ctrl_c_while_the_cause_is_looked_for_says_what_is_known(scene: Scene) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    killed(scene).script.at(2_000, interrupt)

    with pytest.raises(Interrupted) as caught:
        scene.run("120%")

    assert "the load has ended" in str(caught.value)
    assert "not confirmed" in str(caught.value)
    assert "exit code 137" in str(caught.value)
    assert "last sample: usage 127.9 MiB" in str(caught.value)


def test_a_liveness_kill_while_the_load_joins_is_said_and_no_other_join_offered(
    scene: Scene,
) -> None:
    words = "Container app failed liveness probe, will be restarted"
    scene.script.at(100, lambda: scene.cluster.show_event("Killing", words))
    scene.script.stream_ends(900, 126)

    with pytest.raises(InjectionError) as caught:
        scene.run()

    assert "because its liveness probe failed (while the load was joining)" in str(caught.value)
    assert "--join" not in str(caught.value)


def test_a_container_that_ends_while_the_load_joins_is_said(scene: Scene) -> None:
    scene.script.stream_ends(900, 126)
    scene.script.at(3_000, lambda: scene.cluster.change_pod(ended().dict))

    with pytest.raises(InjectionError, match="the container ended meanwhile: OOMKilled"):
        scene.run()
