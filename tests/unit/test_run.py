"""A run from its first step to its report, against a cluster in memory and a clock that waits."""

import pytest

from kubectl_stress.errors import InjectionError, Interrupted, Refused, TargetError
from kubectl_stress.plan import make_plan
from kubectl_stress.report import Report
from kubectl_stress.run import Run, Started, Story, Told
from kubectl_stress.spec import Amount, Expectation, HolderSpec, MemSpec
from kubectl_stress.status import ChangeKind
from kubectl_stress.target import Target
from kubectl_stress.verdict import Outcome
from tests.agent_lines import (
    bye_line,
    hello_line,
    phase_line,
    reading,
    sample_line,
    survived,
    worker_killed_line,
)
from tests.builders import MIB, PodBuilder, pod
from tests.fake_cluster import FakeCluster, forbidden
from tests.fake_stream import FakeStream
from tests.fake_time import FakeTime, ScriptedInbox

OOM_KILLED = {
    "containerID": "containerd://app-1",
    "reason": "OOMKilled",
    "exitCode": 137,
    "finishedAt": "2026-01-01T00:01:00Z",
}
BEGINNING = hello_line() + sample_line(10, phase="baseline") + phase_line("ramp")
NEAR_LIMIT = sample_line(127.9, held_mib=117)


def web() -> PodBuilder:
    return pod("web").container("app", limit="128Mi", request="64Mi")


def ended() -> PodBuilder:
    return web().with_container_status(state={"terminated": OOM_KILLED}, ready=False)


def started_again() -> PodBuilder:
    return web().with_container_status(
        containerID="containerd://app-2", restartCount=1, lastState={"terminated": OOM_KILLED}
    )


class Scene:
    """A pod, what happens to it, and what was told."""

    def __init__(self) -> None:
        self.time, self.cluster = FakeTime(), FakeCluster(web().dict)
        self.script = ScriptedInbox(self.time, self.cluster)
        self.told: list[Told] = []

    def hear(self, told: Told) -> None:
        self.told.append(told)

    def run(self, size: str = "50Mi", expectation: Expectation | None = None) -> Report:
        target = Target.from_pod(self.cluster.pods["web"])
        run = Run(
            self.cluster,
            clock=self.time.clock,
            tell=self.hear,
            confirm=self.confirm,
            inbox=self.script,
        )
        try:
            spec = MemSpec(Amount.parse(size), duration_ms=20_000)
            return run(make_plan(spec, target), HolderSpec("agent:1"), expectation)
        finally:
            self.cluster.end_watches()

    def confirm(self, questions: tuple[str, ...]) -> None:
        if questions:
            raise Refused("; ".join(questions))

    @property
    def stories(self) -> list[str]:
        return [told.text for told in self.told if isinstance(told, Story)]


@pytest.fixture
def scene() -> Scene:
    return Scene()


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

    kinds = [type(told).__name__ for told in scene.told]
    assert kinds.index("Started") < kinds.index("Hello")
    assert scene.stories[0].startswith("added ephemeral container kubectl-stress-")
    started = next(told for told in scene.told if isinstance(told, Started))
    assert [process.role for process in started.reading.processes] == ["target", "holder"]


def test_a_share_of_the_headroom_is_told_in_bytes_before_the_load(scene: Scene) -> None:
    scene.script.agent_says(0, survived()).stream_ends(24_000, 0)

    report = scene.run("50%headroom")

    size = "the size is 59.0 MiB (50% of the headroom 118.0 MiB)"
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
    goodbye = worker_killed_line() + bye_line("workers-killed", 12)
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT + goodbye).stream_ends(900, 12)

    assert scene.run("120%").verdict.outcome is Outcome.LOAD_OOM_KILLED


def test_a_silent_stream_is_given_up_and_said_to_have_been_silent(scene: Scene) -> None:
    scene.script.agent_says(0, BEGINNING)

    report = scene.run()

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert "the agent was silent for 20 s" in report.verdict.sentence


def test_a_load_that_outlives_its_deadline_is_cut_off(scene: Scene) -> None:
    scene.script.agent_says(0, hello_line())
    for second in range(100):
        scene.script.agent_says(second * 1_000, sample_line(60, held_mib=50))

    report = scene.run()

    assert "the load outlived its deadline" in report.verdict.sentence
    agents_own_ms = 20_000 + 3_000 + 60_000  # duration, settle and 60 s
    assert report.findings.ending.at_ms < agents_own_ms


def test_a_stream_frozen_by_the_containers_end_is_not_waited_for(scene: Scene) -> None:
    scene.cluster.readings = [FakeStream().says(reading()).ends(0), InjectionError("gone")]
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT)
    scene.script.at(500, lambda: scene.cluster.change_pod(ended().dict))
    scene.script.at(9_000, lambda: scene.cluster.change_pod(started_again().dict))

    report = scene.run("120%")

    assert report.verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert "the stream froze" in (report.findings.ending.lost or "")
    assert report.findings.ending.at_ms < 7_000


def test_a_lost_connection_without_a_cause_is_inconclusive(scene: Scene) -> None:
    scene.script.agent_says(0, BEGINNING).stream_ends(2_000, lost="connection reset by peer")

    report = scene.run()

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert "connection reset by peer" in report.verdict.sentence


def test_an_agent_that_never_spoke_is_an_error_with_the_runtimes_words(scene: Scene) -> None:
    scene.script.stream_ends(0, message="no such file or directory")

    with pytest.raises(
        InjectionError, match="did not start in the target: no such file or directory"
    ):
        scene.run()


def test_ctrl_c_releases_the_load_before_anything_else(scene: Scene) -> None:
    def interrupt() -> None:
        scene.script.agent_says(0, bye_line("stopped")).stream_ends(0, 0)
        raise KeyboardInterrupt

    scene.script.agent_says(0, BEGINNING).at(2_000, interrupt)

    with pytest.raises(Interrupted, match="the load released"):
        scene.run()

    assert scene.cluster.load.sent[-1] == b"stop\n"
    assert scene.stories[-1] == "releasing the load"


def test_ctrl_c_does_not_wait_for_the_counters_to_settle(scene: Scene) -> None:
    def interrupt() -> None:
        scene.script.agent_says(2_100, phase_line("settle") + sample_line(10, phase="settle"))
        scene.script.agent_says(5_100, bye_line("stopped"))
        raise KeyboardInterrupt

    scene.script.agent_says(0, BEGINNING).at(2_000, interrupt)

    with pytest.raises(Interrupted, match="the load released"):
        scene.run()

    assert scene.time.ms < 2_500


def test_ctrl_c_does_not_wait_for_an_agent_that_says_nothing(scene: Scene) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    scene.script.agent_says(0, BEGINNING).at(2_000, interrupt)

    with pytest.raises(Interrupted, match="releases itself, since its connection is closed"):
        scene.run()


def test_a_target_restarted_before_the_load_is_left_alone(scene: Scene) -> None:
    def restart(container: str) -> None:
        if container != "app":
            scene.cluster.pods["web"] = started_again().dict

    scene.cluster.before_exec = restart

    with pytest.raises(TargetError, match="restarted in the meantime"):
        scene.run()

    assert [container for container, _ in scene.cluster.execs if container == "app"] == []


def test_an_agent_of_another_protocol_is_refused_before_the_load(scene: Scene) -> None:
    scene.cluster.readings = [FakeStream().says(reading(protocol=2)).ends(0)]

    with pytest.raises(InjectionError, match="speaks protocol 2, this plugin 1"):
        scene.run()

    assert len(scene.cluster.execs) == 1


def test_an_agent_that_does_not_see_its_holder_is_refused(scene: Scene) -> None:
    scene.cluster.readings = [FakeStream().says(reading(holder_pid=None)).ends(0)]

    with pytest.raises(InjectionError, match="no shared PID namespace"):
        scene.run()


def test_a_deleted_pod_ends_the_run_without_a_guess(scene: Scene) -> None:
    scene.cluster.readings = [FakeStream().says(reading()).ends(0), InjectionError("gone")]
    scene.script.agent_says(0, BEGINNING)
    scene.script.at(1_000, lambda: scene.cluster.delete_pod("web"))
    scene.script.stream_ends(1_500, 137)

    report = scene.run()

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert "deleted the pod" in report.verdict.sentence
    deletions = [c for c in report.findings.changes if c.kind is ChangeKind.DELETED]
    assert len(deletions) == 1


def test_a_node_that_would_be_pressed_is_asked_about_before_the_load(scene: Scene) -> None:
    scene.cluster.readings = [
        FakeStream().says(reading(node_available_bytes=120 * MIB)).ends(0),
    ]

    with pytest.raises(Refused, match="eviction threshold"):
        scene.run()

    assert len(scene.cluster.execs) == 1


def test_events_that_may_not_be_read_cost_one_line_and_not_the_run(scene: Scene) -> None:
    scene.cluster.errors["list events"] = [forbidden("list events")]
    scene.script.agent_says(0, survived()).stream_ends(24_000, 0)

    assert scene.run().verdict.outcome is Outcome.SURVIVED
    assert 'going on without: user "me" may not list events' in scene.stories
