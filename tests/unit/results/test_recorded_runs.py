"""Runs that were really gone through, recorded by their own listener and read back."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from kubectl_stress.errors import InjectionError, Interrupted
from kubectl_stress.formats.report_text import render
from kubectl_stress.live.recorder import Recorder
from kubectl_stress.plan.load_words import AfterOom
from kubectl_stress.plan.stop_on import StopOn
from kubectl_stress.results.recording import read_recording, to_report
from kubectl_stress.verdict.outcome import Expectation, Outcome
from tests.builders.agent_lines import (
    bye_line,
    hello_line,
    processes_line,
    reading,
    sample_line,
    survived,
    worker_killed_line,
)
from tests.builders.scene import BEGINNING, NEAR_LIMIT, Scene, ended, started_again
from tests.fakes.stream import FakeStream


def survives(scene: Scene) -> None:
    scene.script.agent_says(0, survived()).stream_ends(24_000, 0)


def dies_as_a_group(scene: Scene) -> None:
    scene.cluster.readings = [FakeStream().says(reading()).ends(0), InjectionError("gone")]
    table = processes_line((44, "agent-worker", "load", 250), (1, "hello", "target", 130))
    scene.script.agent_says(0, BEGINNING + table + NEAR_LIMIT).stream_ends(900, 137)
    scene.script.at(4_800, lambda: scene.cluster.change_pod(ended().dict))
    scene.script.at(8_100, lambda: scene.cluster.change_pod(started_again().dict))


def dies_while_the_holder_lives(scene: Scene) -> None:
    after = hello_line() + sample_line(12, oom_kill=1) + bye_line()
    scene.cluster.readings = [FakeStream().says(data).ends(0) for data in (reading(), after)]
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT).stream_ends(900, 137)


def loses_a_worker(scene: Scene) -> None:
    final_message = worker_killed_line() + bye_line("workers-killed", 12)
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT + final_message).stream_ends(900, 12)


def falls_silent(scene: Scene) -> None:
    scene.script.agent_says(0, BEGINNING)


def is_cut_in_a_line(scene: Scene) -> None:
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT[:40]).stream_ends(900, None)


def loses_its_pod(scene: Scene) -> None:
    scene.script.agent_says(0, BEGINNING)
    scene.script.at(3_000, lambda: scene.cluster.lose_pod("web")).stream_ends(3_500, 137)


def is_repeated_once(scene: Scene) -> None:
    final_message = worker_killed_line() + bye_line("workers-killed", 12)
    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT + final_message).stream_ends(900, 12)
    scene.script.agent_says(2_000, survived()).stream_ends(24_000, 0)


def is_released_at_a_failed_probe(scene: Scene) -> None:
    scene.script.agent_says(0, BEGINNING + sample_line(60, held_mib=50))
    scene.script.at(2_000, lambda: scene.cluster.show_event("Unhealthy", "probe failed"))
    scene.script.agent_says(2_400, bye_line("stopped")).stream_ends(2_500, 0)


STORIES = [
    is_released_at_a_failed_probe,
    is_repeated_once,
    survives,
    dies_as_a_group,
    dies_while_the_holder_lives,
    loses_a_worker,
    falls_silent,
    is_cut_in_a_line,
    loses_its_pod,
]


# What the plan asks for beyond the others'.
ASKED: dict[Callable[[Scene], None], dict[str, Any]] = {
    is_repeated_once: {"after_oom": AfterOom.REPEAT},
    is_released_at_a_failed_probe: {"stop_on": (StopOn.RESTART, StopOn.PROBE_FAILURE)},
}


def recorded(scene: Scene) -> bytes:
    file = io.StringIO()
    recorder = Recorder(file)
    for progress in scene.heard:
        recorder(progress)
    return file.getvalue().encode()


@pytest.mark.parametrize("log", STORIES, ids=lambda log: log.__name__)
def test_the_recording_gives_the_very_report_of_the_run(
    scene: Scene, log: Callable[[Scene], None]
) -> None:
    log(scene)

    report = scene.run("120%", Expectation.OOM, **ASKED.get(log, {}))
    again = to_report(read_recording(recorded(scene)))

    for output in ("wide", "json"):
        assert render(again, output) == render(report, output)
    assert (again.findings.ending, again.after) == (report.findings.ending, report.after)


def test_an_interrupted_run_is_readable_up_to_its_release(scene: Scene) -> None:
    def interrupt() -> None:
        scene.script.agent_says(5_100, bye_line("stopped")).stream_ends(5_200, 0)
        raise KeyboardInterrupt

    scene.script.agent_says(0, BEGINNING + NEAR_LIMIT).at(5_000, interrupt)

    with pytest.raises(Interrupted):
        scene.run()

    recording = read_recording(recorded(scene))
    assert recording.damage is not None
    assert to_report(recording).verdict.outcome is Outcome.INCONCLUSIVE
