"""A load where another run loads already, or at the same moment: each verdict names the other."""

import pytest

from kubectl_stress.errors import Refused
from kubectl_stress.verdict.outcome import Outcome
from tests.builders.agent_lines import (
    bye_line,
    hello_line,
    line,
    reading,
    sample_line,
    worker_killed_line,
)
from tests.builders.pods import MIB
from tests.builders.scene import NEAR_LIMIT, Scene, ended, started_again
from tests.fakes.stream import FakeStream

OURS, THEIRS = ("0a1b2c3d", "ann"), ("9f8e7d6c", "bob")


def table(*loads: tuple[tuple[str, str], int]) -> bytes:
    """A process table with the app and a worker of each run, holding so many MiB."""
    rows = [{"pid": 1, "command": "hello", "role": "target", "rss_bytes": MIB}]
    for pid, ((run, user), held_mib) in enumerate(loads, start=40):
        row = {"pid": pid, "command": "agent", "role": "load", "rss_bytes": held_mib * MIB}
        rows.append({**row, "run": run, "started_by": user})
    common = {"oom_score_adj": 998, "badness_bytes": MIB}
    return line("processes", processes=[{**row, **common} for row in rows])


BESIDE = (
    hello_line(run=OURS[0])
    + sample_line(10, phase="baseline")
    + table((OURS, 1), (THEIRS, 30))
    + sample_line(110, held_mib=50)
    + table((OURS, 50), (THEIRS, 48))
)


def test_a_load_that_runs_already_is_told_and_asked_about(scene: Scene) -> None:
    read = hello_line() + sample_line() + table((THEIRS, 48)) + bye_line()
    scene.cluster.readings = [FakeStream().says(read).ends(0)]

    with pytest.raises(Refused) as refused:
        scene.run()

    told = 'container "app" is already under another load (48.0 MiB, run 9f8e7d6c, started by bob)'
    assert str(refused.value) == told
    assert told not in scene.stories  # the question itself tells it
    assert len(scene.cluster.execs) == 1  # the reading


def test_a_load_that_runs_already_is_told_where_it_was_agreed_to_unasked(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene, "confirm", lambda _questions: None)
    read = hello_line() + sample_line() + table((THEIRS, 48)) + bye_line()
    scene.cluster.readings = [FakeStream().says(read).ends(0)]
    scene.script.agent_says(0, BESIDE + bye_line()).stream_ends(24_000, 0)

    scene.run()

    told = 'container "app" is already under another load (48.0 MiB, run 9f8e7d6c, started by bob)'
    assert scene.stories.count(told) == 1


def test_a_load_that_comes_at_the_same_moment_is_named_by_the_verdict(scene: Scene) -> None:
    scene.script.agent_says(0, BESIDE + bye_line()).stream_ends(24_000, 0)

    report = scene.run()

    assert report.verdict.outcome is Outcome.SURVIVED
    other = "also under another load (48.0 MiB, run 9f8e7d6c, started by bob)"
    assert other in report.verdict.sentence
    assert report.to_dict()["other_loads"] == [
        {"run": "9f8e7d6c", "started_by": "bob", "held_bytes": 48 * MIB}
    ]


def test_a_load_that_holds_no_memory_is_named_without_a_size(scene: Scene) -> None:
    beside = hello_line(run=OURS[0]) + table((OURS, 50), (THEIRS, 0)) + sample_line(60, held_mib=50)
    scene.script.agent_says(0, beside + bye_line()).stream_ends(24_000, 0)

    assert "under another load (run 9f8e7d6c, started by bob)" in scene.run().verdict.sentence


def test_both_die_together_and_each_names_the_other(scene: Scene) -> None:
    scene.cluster.readings = [FakeStream().says(reading()).ends(0)]
    scene.script.agent_says(0, BESIDE + NEAR_LIMIT).stream_ends(900, 137)
    scene.script.at(4_800, lambda: scene.cluster.change_pod(ended().dict))
    scene.script.at(8_100, lambda: scene.cluster.change_pod(started_again().dict))

    report = scene.run("120%")

    assert report.verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert "started by bob" in report.verdict.sentence


def test_our_own_processes_are_no_other_load(scene: Scene) -> None:
    own = hello_line(run=OURS[0]) + table((OURS, 50))
    scene.script.agent_says(0, own + sample_line(60, held_mib=50) + bye_line())
    scene.script.stream_ends(24_000, 0)

    report = scene.run()

    assert report.findings.other_loads == ()
    assert "another load" not in report.verdict.sentence


def test_a_counted_kill_beside_another_load_is_not_said_to_be_of_the_app(scene: Scene) -> None:
    killed = sample_line(110, held_mib=50, oom_kill=1)
    scene.script.agent_says(0, BESIDE + killed + bye_line()).stream_ends(24_000, 0)

    report = scene.run()

    assert report.verdict.outcome is Outcome.INCONCLUSIVE
    assert "whether it was of the app or of the other load is not known" in report.verdict.sentence


def test_our_own_workers_death_is_ours_beside_another_load_too(scene: Scene) -> None:
    scene.script.agent_says(0, BESIDE + worker_killed_line() + bye_line("workers-killed", 12))
    scene.script.stream_ends(900, 12)

    assert scene.run("120%").verdict.outcome is Outcome.LOAD_OOM_KILLED
