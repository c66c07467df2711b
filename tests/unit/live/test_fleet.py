"""Progress of many targets: events as lines, a reason once, and the whole as a table."""

import pytest

from kubectl_stress.errors import InjectionError, NotLoaded
from kubectl_stress.injection.probe import Reading
from kubectl_stress.live.fleet import FleetLog
from kubectl_stress.live.sentences import Marks
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.progress import Finished, LogLine, Progress, Started, What
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from tests.builders.pods import event, hello, plan, pod, sample, terminated
from tests.fakes.time import FakeTime


class Scene:
    """A log of some targets, told one step after another."""

    def __init__(self, count: int = 4) -> None:
        self.time = FakeTime()
        self.log = FleetLog(self.time.now_ms, Marks(count))
        self.states = [self._state(number) for number in range(count)]

    def _state(self, number: int) -> TargetState:
        built = pod(f"web-{number}").container("app", limit="128Mi").dict
        status = ContainerStatus.from_pod(built, "app")
        return TargetState(Target.from_pod(built), status, number=number)

    def tell(self, number: int, what: What) -> None:
        self.log(Progress(self.states[number], what))

    def start_all(self) -> None:
        for number, state in enumerate(self.states):
            asked = plan(target=state.target)
            state.begin_load(asked)
            state.hear(sample(60, held_mib=50))
            self.tell(number, Started(asked, Reading(hello(), sample(), ()), state.status))


def test_what_is_done_with_each_is_not_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene()

    scene.tell(0, LogLine("reading the target's memory and processes"))
    scene.start_all()
    scene.tell(0, LogLine("joining the target's cgroup by exec"))

    assert capsys.readouterr().err == ""


def test_what_happens_to_one_is(capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene()
    scene.start_all()

    scene.tell(2, terminated("OOMKilled", 137))
    scene.tell(2, Finished(outcome="group-oom-killed"))
    scene.tell(1, Finished(outcome="survived"))

    assert [line.split("  ")[-1] for line in capsys.readouterr().err.splitlines()] == [
        "web-2: container terminated: OOMKilled (137)",
        "web-2: verdict: group-oom-killed",
    ]


def test_a_reason_that_many_have_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene()
    scene.start_all()

    for number in range(4):
        scene.tell(number, Finished(NotLoaded("not loaded, since x", InjectionError("x"))))

    assert capsys.readouterr().err.count("not loaded, since x") == 1


def test_a_node_that_is_lost_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene()
    scene.start_all()

    for number in range(4):
        scene.tell(number, event("NodeNotReady", "Node is not ready"))

    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"node {scene.states[0].target.node} is NotReady")


def test_the_total_is_told_each_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene()
    scene.start_all()

    for _ in range(250):
        scene.time.sleep(0.1)
        scene.tell(0, sample(60, held_mib=50))

    lines = capsys.readouterr().err.splitlines()
    assert [line[10:] for line in lines] == [
        "TOTAL  4 targets: 4 hold; load 200.0 MiB for 0.0s of 1m"
    ] * 2


def test_the_total_waits_until_all_loads_have_begun(capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene()
    scene.time.sleep(12)
    scene.start_all()
    scene.time.sleep(1)
    scene.tell(0, sample(60, held_mib=50))

    (line,) = capsys.readouterr().err.splitlines()
    assert "TOTAL  4 targets: 4 hold" in line
