"""`--stop-on`: the load released at the first sign that was named, and judged as what it was."""

import pytest

from kubectl_stress.errors import Forbidden, InjectionError, Refused, Unreachable
from kubectl_stress.plan.load_words import AfterOom
from kubectl_stress.plan.stop_on import StopOn
from kubectl_stress.targets.changes import ChangeKind
from kubectl_stress.verdict.outcome import Expectation, Outcome
from tests.builders.agent_lines import (
    bye_line,
    hello_line,
    phase_line,
    processes_line,
    reading,
    sample_line,
)
from tests.builders.scene import BEGINNING, Scene, ended, started_again, web
from tests.fakes.stream import FakeStream

HELD = sample_line(60, held_mib=50) + phase_line("hold")
UNHEALTHY = ("Unhealthy", "Readiness probe failed: timeout")


def holding(scene: Scene) -> None:
    scene.script.agent_says(0, BEGINNING + HELD)


def released(scene: Scene, at_ms: int) -> None:
    scene.script.agent_says(at_ms, bye_line("stopped")).stream_ends(at_ms, 0)


def lose_readiness(scene: Scene) -> None:
    scene.cluster.change_pod(web().with_container_status(ready=False).dict)


def test_lost_readiness_releases_the_load_and_is_the_verdict(scene: Scene) -> None:
    holding(scene)
    scene.script.at(3_000, lambda: lose_readiness(scene))
    released(scene, 3_400)

    report = scene.run(expectation=Expectation.READY, stop_on=(StopOn.NOT_READY,))

    assert report.verdict.outcome is Outcome.READINESS_LOST
    assert report.is_as_expected is False
    assert scene.cluster.load.sent.count(b"stop\n") == 1
    assert "releasing the load: container is not ready" in scene.stories
    assert scene.time.ms < 5_000


def test_a_failed_probe_releases_the_load_and_nothing_more_is_claimed(scene: Scene) -> None:
    holding(scene)
    scene.script.at(3_000, lambda: scene.cluster.show_event(*UNHEALTHY))
    released(scene, 3_400)

    report = scene.run(stop_on=(StopOn.PROBE_FAILURE,))

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert "released at 50.0 MiB because of --stop-on" in report.verdict.sentence
    assert "Readiness probe failed: timeout" in report.verdict.evidence[0].text


@pytest.mark.parametrize("asked", [(), (StopOn.NOT_READY, StopOn.RESTART)])
def test_a_sign_that_was_not_named_releases_nothing(
    scene: Scene, asked: tuple[StopOn, ...]
) -> None:
    holding(scene)
    scene.script.at(3_000, lambda: scene.cluster.show_event(*UNHEALTHY))
    scene.script.agent_says(20_000, bye_line()).stream_ends(20_000, 0)

    report = scene.run(stop_on=asked)

    assert report.verdict.outcome is Outcome.SURVIVED
    assert b"stop\n" not in scene.cluster.load.sent


def test_after_a_restart_nothing_is_repeated(scene: Scene) -> None:
    scene.cluster.readings = [FakeStream().says(reading()).ends(0), InjectionError("gone")]
    scene.script.agent_says(0, hello_line() + sample_line(127.9, held_mib=117))
    scene.script.stream_ends(900, 137)
    scene.script.at(4_800, lambda: scene.cluster.change_pod(ended().dict))
    scene.script.at(8_100, lambda: scene.cluster.change_pod(started_again().dict))

    report = scene.run("120%", after_oom=AfterOom.REPEAT, stop_on=(StopOn.RESTART,))

    assert report.verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert report.findings.loads == 1
    assert any(log.startswith("not repeating the load: ") for log in scene.stories)


def read_with(percent: float | None) -> FakeStream:
    first = sample_line(pressure_some_avg10_percent=percent)
    return FakeStream().says(hello_line() + first + processes_line() + bye_line()).ends(0)


def pressed(percent: float | None) -> bytes:
    return sample_line(60, held_mib=50, pressure_some_avg10_percent=percent)


def test_pressure_releases_the_load_at_the_named_percentage(scene: Scene) -> None:
    scene.cluster.readings = [read_with(0.0)]
    scene.script.agent_says(0, BEGINNING + pressed(0.0) + phase_line("hold"))
    scene.script.agent_says(2_000, pressed(19.9)).agent_says(3_000, pressed(20.4))
    scene.script.agent_says(3_100, pressed(31.0))
    released(scene, 3_400)

    report = scene.run(stop_on=(StopOn.MEMORY_PRESSURE,), pressure_percent=20.0)

    said = "memory pressure 20.4% (PSI some, average of 10 s), at least 20%"
    assert scene.cluster.load.sent.count(b"stop\n") == 1
    assert f"releasing the load: {said}" in scene.stories
    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert said in report.verdict.sentence
    assert [c.text for c in report.findings.changes if c.kind is ChangeKind.PRESSURE] == [said]
    assert report.to_dict()["plan"]["stop_on"] == ["memory-pressure=20%"]


def test_a_node_without_pressure_is_refused_before_the_load(scene: Scene) -> None:
    scene.cluster.readings = [read_with(None)]

    with pytest.raises(Refused, match="no pressure stall information"):
        scene.run(stop_on=(StopOn.MEMORY_PRESSURE,), pressure_percent=20.0)

    assert "app" not in [container for container, _ in scene.cluster.execs]


KERNEL_4_19 = {"status": {"nodeInfo": {"kernelVersion": "4.19.0-27-amd64"}}}
KERNEL_6_1 = {"status": {"nodeInfo": {"kernelVersion": "6.1.0-37-amd64"}}}


def test_a_node_whose_kubelet_warned_of_cgroup_v1_is_refused_before_anything_is_added(
    scene: Scene,
) -> None:
    scene.cluster.events = lambda: [{"reason": "CgroupV1", "message": "in maintenance mode"}]

    with pytest.raises(Refused, match="no pressure stall information"):
        scene.run(stop_on=(StopOn.MEMORY_PRESSURE,), pressure_percent=20.0)

    node = "involvedObject.kind=Node,involvedObject.name=node-1,reason=CgroupV1"
    assert f"list events {node}" in scene.cluster.asked
    assert scene.cluster.added == []
    assert scene.cluster.execs == []


def test_a_node_with_a_kernel_before_psi_is_refused_before_anything_is_added(scene: Scene) -> None:
    scene.cluster.owners["nodes", "node-1"] = KERNEL_4_19

    with pytest.raises(Refused, match="a kernel before"):
        scene.run(stop_on=(StopOn.MEMORY_PRESSURE,), pressure_percent=20.0)

    assert scene.cluster.added == []


@pytest.mark.parametrize("error", [Forbidden("no"), Unreachable("no answer")])
def test_what_nobody_tells_of_the_node_is_left_to_the_first_reading(
    scene: Scene, error: Forbidden
) -> None:
    scene.cluster.errors["get nodes"] = [error]
    scene.cluster.errors["list events"] = [error]
    scene.cluster.readings = [read_with(None)]

    with pytest.raises(Refused, match="no pressure stall information"):
        scene.run(stop_on=(StopOn.MEMORY_PRESSURE,), pressure_percent=20.0)

    assert len(scene.cluster.added) == 1


def test_a_node_is_asked_for_pressure_only_where_it_is_waited_for(scene: Scene) -> None:
    scene.cluster.owners["nodes", "node-1"] = KERNEL_6_1
    scene.script.agent_says(0, HELD + bye_line()).stream_ends(20_000, 0)

    scene.run(stop_on=(StopOn.NOT_READY,))

    assert [words for words in scene.cluster.asked if "Node" in words or "nodes" in words] == []
