"""Runs that end before their verdict: refused, not started, or interrupted."""

import pytest

from kubectl_stress.errors import InjectionError, Interrupted, Refused, TargetError
from tests.builders.agent_lines import bye_line, phase_line, reading, sample_line
from tests.builders.pods import MIB
from tests.builders.scene import BEGINNING, Scene, started_again
from tests.fakes.stream import FakeStream


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

    with pytest.raises(Interrupted, match="the load has been released"):
        scene.run()

    assert scene.cluster.load.sent[-1] == b"stop\n"
    assert scene.stories[-1] == "releasing the load"


def test_ctrl_c_does_not_wait_for_the_counters_to_settle(scene: Scene) -> None:
    def interrupt() -> None:
        scene.script.agent_says(2_100, phase_line("settle") + sample_line(10, phase="settle"))
        scene.script.agent_says(5_100, bye_line("stopped"))
        raise KeyboardInterrupt

    scene.script.agent_says(0, BEGINNING).at(2_000, interrupt)

    with pytest.raises(Interrupted, match="the load has been released"):
        scene.run()

    assert scene.time.ms < 2_500


def test_ctrl_c_does_not_wait_for_an_agent_that_says_nothing(scene: Scene) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    scene.script.agent_says(0, BEGINNING).at(2_000, interrupt)

    with pytest.raises(Interrupted, match="has not answered yet; it releases itself"):
        scene.run()


def test_a_second_ctrl_c_does_not_wait_for_the_release(scene: Scene) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    scene.script.agent_says(0, BEGINNING).at(2_000, interrupt).at(2_100, interrupt)

    with pytest.raises(Interrupted, match="has not answered yet; it releases itself"):
        scene.run()

    assert scene.time.ms < 2_500


def test_ctrl_c_says_where_the_connection_was_lost(scene: Scene) -> None:
    def interrupt() -> None:
        scene.script.stream_ends(2_100, lost="the connection broke")
        raise KeyboardInterrupt

    scene.script.agent_says(0, BEGINNING).at(2_000, interrupt)

    with pytest.raises(Interrupted, match="lost its connection, and releases itself"):
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
    scene.cluster.readings = [FakeStream().says(reading(protocol=3)).ends(0)]

    with pytest.raises(InjectionError, match="speaks protocol 3, this plugin 2"):
        scene.run()

    assert len(scene.cluster.execs) == 1


def test_an_agent_that_does_not_see_its_holder_is_refused(scene: Scene) -> None:
    scene.cluster.readings = [FakeStream().says(reading(holder_pid=None)).ends(0)]

    with pytest.raises(InjectionError, match="does not share the process namespace"):
        scene.run()


def test_a_node_that_would_be_pressed_is_asked_about_before_the_load(scene: Scene) -> None:
    scene.cluster.readings = [
        FakeStream().says(reading(node_available_bytes=120 * MIB)).ends(0),
    ]

    with pytest.raises(Refused, match="eviction threshold"):
        scene.run()

    assert len(scene.cluster.execs) == 1
