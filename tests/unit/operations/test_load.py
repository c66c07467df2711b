"""A run from its first step to its report, against a cluster in memory and a clock that waits."""

from typing import Any

from kubectl_stress.errors import InjectionError, Unreachable
from kubectl_stress.session.progress import Started
from kubectl_stress.targets.changes import ChangeKind
from kubectl_stress.verdict.outcome import Expectation, Outcome
from tests.builders.agent_lines import (
    bye_line,
    hello_line,
    reading,
    sample_line,
    survived,
    worker_killed_line,
)
from tests.builders.pods import MIB, PodBuilder, pod
from tests.builders.scene import BEGINNING, NEAR_LIMIT, OOM_KILLED, Scene, ended, started_again
from tests.fakes.cluster import forbidden
from tests.fakes.stream import FakeStream


def test_a_load_that_runs_to_its_end_is_survived(scene: Scene) -> None:
    scene.script.agent_says(0, survived()).stream_ends(24_000, 0)

    report = scene.run(expectation=Expectation.SURVIVE)

    assert report.verdict.outcome is Outcome.SURVIVED
    assert report.is_as_expected is True
    assert report.findings.samples.peak_held_bytes == 50 * MIB
    assert report.holder == scene.cluster.added[0]["name"]


def test_the_load_is_executed_in_the_target_through_the_holders_root(scene: Scene) -> None:
    scene.script.agent_says(0, survived()).stream_ends(24_000, 0)

    scene.run()

    container, command = scene.cluster.execs[-1]
    assert container == "app"
    assert command[:5] == ["/proc/23/root/agent", "run", "mem", "--size-bytes", str(50 * MIB)]


def test_the_screen_hears_of_the_start_before_the_load(scene: Scene) -> None:
    scene.script.agent_says(0, survived()).stream_ends(24_000, 0)

    scene.run()

    kinds = [type(progress).__name__ for progress in scene.progress]
    assert kinds.index("Started") < kinds.index("Hello")
    assert scene.stories[0].startswith("added ephemeral container kubectl-stress-")
    started = next(progress for progress in scene.progress if isinstance(progress, Started))
    assert [process.role for process in started.reading.processes] == ["target", "holder"]


def test_a_share_of_the_headroom_is_told_in_bytes_before_the_load(scene: Scene) -> None:
    scene.script.agent_says(0, survived()).stream_ends(24_000, 0)

    report = scene.run("50%headroom")

    size = "size: 59.0 MiB (50% of the headroom 118.0 MiB)"
    assert scene.stories.index(size) < scene.stories.index("joining the target's cgroup by exec")
    assert report.plan.size_bytes == 59 * MIB


def test_the_load_gets_a_heartbeat_each_second(scene: Scene) -> None:
    scene.script.agent_says(0, BEGINNING).agent_says(10_000, bye_line()).stream_ends(10_000, 0)

    scene.run()

    assert scene.cluster.load.sent == [b"."] * 10


def test_a_group_kill_is_told_by_the_status_and_the_restart_is_seen(scene: Scene) -> None:
    scene.cluster.readings = [FakeStream().says(reading()).ends(0), InjectionError("gone")]
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT).stream_ends(900, 137)
    scene.script.at(4_800, lambda: scene.cluster.change_pod(ended().dict))
    scene.script.at(8_100, lambda: scene.cluster.change_pod(started_again().dict))

    report = scene.run("120%", Expectation.OOM)

    assert report.verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert (report.restarts, report.oom_kills, report.is_as_expected) == (1, None, True)
    assert [change.at_ms for change in report.findings.changes] == [4_800, 4_800, 8_100, 8_100]


def test_a_load_killed_while_the_holder_lives_is_found_by_a_second_reading(scene: Scene) -> None:
    after = hello_line() + sample_line(12, oom_kill=1) + bye_line()
    scene.cluster.readings = [FakeStream().says(data).ends(0) for data in (reading(), after)]
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT).stream_ends(900, 137)

    report = scene.run("120%")

    assert report.verdict.outcome is Outcome.LOAD_OOM_KILLED
    assert (report.oom_kills, report.restarts) == (1, 0)
    assert scene.time.ms < 2_000  # nothing else is waited for


def test_a_worker_killed_under_a_living_supervisor_is_the_loads_death(scene: Scene) -> None:
    final_message = worker_killed_line() + bye_line("workers-killed", 12)
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT + final_message).stream_ends(900, 12)

    assert scene.run("120%").verdict.outcome is Outcome.LOAD_OOM_KILLED


def under_one_limit(**side: Any) -> PodBuilder:
    built = pod("web").container("app").container("side").with_container_status(**side)
    return built.with_spec(resources={"limits": {"memory": "128Mi"}})


def test_a_neighbour_killed_under_the_pods_limit_is_waited_for(scene: Scene) -> None:
    scene.cluster.pods["web"] = under_one_limit().dict
    final_message = worker_killed_line() + bye_line("workers-killed", 12)
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT + final_message).stream_ends(900, 12)
    killed = under_one_limit(state={"terminated": {**OOM_KILLED, "containerID": "containerd://s"}})
    scene.script.at(4_800, lambda: scene.cluster.change_pod(killed.dict))

    report = scene.run("120Mi")

    assert report.verdict.outcome is Outcome.APP_OOM_KILLED
    assert 'container "side"' in report.verdict.evidence[0].text
    assert scene.time.ms < 6_000


def test_a_silent_stream_is_given_up_and_said_to_have_been_silent(scene: Scene) -> None:
    scene.script.agent_says(0, BEGINNING)

    report = scene.run()

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert "no message from the agent for 20 s" in report.verdict.sentence


def test_a_load_that_outlives_its_deadline_is_cut_off(scene: Scene) -> None:
    scene.script.agent_says(0, hello_line())
    for second in range(100):
        scene.script.agent_says(second * 1_000, sample_line(60, held_mib=50))

    report = scene.run()

    assert "the load exceeded its deadline" in report.verdict.sentence
    agents_own_ms = 20_000 + 3_000 + 60_000  # duration, settle and 60 s
    assert report.findings.ending.at_ms < agents_own_ms


def test_a_start_that_took_long_leaves_the_load_its_whole_time(scene: Scene) -> None:
    scene.script.agent_says(55_000, BEGINNING)
    for second in range(56, 86):  # as a node short of CPU takes long to fill it, too
        scene.script.agent_says(second * 1_000, sample_line(60, held_mib=50))
    scene.script.agent_says(86_000, bye_line()).stream_ends(86_000, 0)

    report = scene.run()

    assert report.verdict.outcome is Outcome.SURVIVED


def test_a_stream_frozen_by_the_containers_end_is_not_waited_for(scene: Scene) -> None:
    scene.cluster.readings = [FakeStream().says(reading()).ends(0), InjectionError("gone")]
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT)
    scene.script.at(500, lambda: scene.cluster.change_pod(ended().dict))
    scene.script.at(9_000, lambda: scene.cluster.change_pod(started_again().dict))

    report = scene.run("120%")

    assert report.verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert "the stream froze" in (report.findings.ending.lost or "")
    assert report.findings.ending.at_ms < 7_000


def test_a_cut_link_costs_nothing_of_what_was_seen_before(scene: Scene) -> None:
    def cut(seconds: float = 0) -> None:
        error = Unreachable("cannot reach the API server at https://x: no answer in time")
        scene.cluster.errors["get pods"] = [error]

    scene.script.agent_says(0, BEGINNING).at(1_900, cut)
    scene.script.stream_ends(2_000, lost="no message from the agent for 20 s")

    report = scene.run()

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert report.exit_code == 4
    assert report.findings.samples.count > 0
    assert scene.stories[-1].startswith("cannot read the pod once more: cannot reach the API")


def test_a_lost_connection_without_a_cause_is_inconclusive(scene: Scene) -> None:
    scene.script.agent_says(0, BEGINNING).stream_ends(2_000, lost="connection reset by peer")

    report = scene.run()

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert "connection reset by peer" in report.verdict.sentence


def test_a_node_that_is_lost_is_awaited_and_named(scene: Scene) -> None:
    scene.cluster.readings = [FakeStream().says(reading()).ends(0), InjectionError("gone")]
    scene.script.agent_says(0, BEGINNING).stream_ends(2_000, lost="connection reset by peer")
    scene.script.at(62_500, lambda: scene.cluster.show_event("NodeNotReady", "Node is not ready"))

    report = scene.run()

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert "became NotReady during the run" in report.verdict.sentence
    assert scene.time.ms < 70_000  # nothing more is to be heard of it


def test_a_deleted_pod_ends_the_run_without_a_guess(scene: Scene) -> None:
    scene.cluster.readings = [FakeStream().says(reading()).ends(0), InjectionError("gone")]
    scene.script.agent_says(0, BEGINNING)
    scene.script.at(1_000, lambda: scene.cluster.lose_pod("web"))
    scene.script.stream_ends(1_500, 137)

    report = scene.run()

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert "the pod was deleted" in report.verdict.sentence
    deletions = [c for c in report.findings.changes if c.kind is ChangeKind.DELETED]
    assert len(deletions) == 1


def test_events_that_may_not_be_read_cost_one_line_and_not_the_run(scene: Scene) -> None:
    scene.cluster.errors["list events"] = [forbidden("list events")]
    scene.script.agent_says(0, survived()).stream_ends(24_000, 0)

    assert scene.run().verdict.outcome is Outcome.SURVIVED
    assert 'continuing without it: user "me" may not list events' in scene.stories


def test_an_agent_that_a_busy_node_starts_late_is_waited_for(scene: Scene) -> None:
    scene.script.agent_says(30_000, survived()).stream_ends(54_000, 0)

    assert scene.run().verdict.outcome is Outcome.SURVIVED


def test_a_load_says_in_the_pod_which_run_it_is_of_and_who_started_it(scene: Scene) -> None:
    scene.script.agent_says(0, survived()).stream_ends(24_000, 0)

    scene.run()

    words = scene.cluster.execs[-1][1]
    assert words[words.index("--run-id") + 1] == "0a1b2c3d"
    assert words[words.index("--started-by") + 1] == "ann"


def test_a_load_that_somebody_else_stopped_says_who(scene: Scene) -> None:
    held = sample_line(60, held_mib=50)
    scene.script.agent_says(0, BEGINNING + held + bye_line("stopped", by="bob")).stream_ends(900, 0)

    report = scene.run()

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert "stopped by bob" in report.verdict.sentence
    assert report.exit_code == 4
