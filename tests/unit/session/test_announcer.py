"""How a run is announced on its pod, and that this costs the run nothing."""

import re
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from kubectl_stress.errors import Forbidden, Rejected, Unreachable
from kubectl_stress.results.report import Report
from kubectl_stress.results.run_event import started_event
from kubectl_stress.session.announcer import Announcer
from kubectl_stress.session.event_loop import Procedure
from kubectl_stress.targets.api_events import is_reported
from kubectl_stress.verdict.outcome import Outcome
from tests.builders.agent_lines import survived
from tests.builders.pods import plan, report
from tests.builders.scene import IDENTITY, Scene
from tests.fakes.cluster import FakeCluster
from tests.fakes.time import FakeTime

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def written(scene: Scene) -> Sequence[Mapping[str, Any]]:
    """In the order in which they were meant: each is written in a thread of its own."""
    return sorted(scene.cluster.created_events, key=lambda event: str(event["eventTime"]))


def ended_at_once() -> Procedure[Report]:
    yield
    return report()


def test_a_run_announces_its_beginning_and_its_end(scene: Scene) -> None:
    scene.script.agent_says(0, survived()).stream_ends(24_000, 0)

    scene.run()

    started, ended = written(scene)
    assert (started["reason"], ended["reason"]) == ("StressStarted", "StressEnded")
    assert started["note"].startswith('memory load of 50.0 MiB on container "app" of pod "web"')
    assert ended["note"].startswith("after 20s: survived: the container survived")
    for event in (started, ended):
        assert event["note"].endswith(" (run 0a1b2c3d, started by ann)")
        assert event["reportingController"] == "kubectl-stress"
        assert event["regarding"]["uid"] == scene.cluster.pods["web"]["metadata"]["uid"]


def test_a_run_that_could_not_load_says_so_in_its_end(scene: Scene) -> None:
    scene.cluster.errors["exec app"] = [Unreachable("cannot reach the API server")]

    with pytest.raises(Unreachable):
        scene.run()

    assert "cannot reach the API server" in written(scene)[-1]["note"]


@pytest.mark.parametrize("error", [Forbidden("no"), Unreachable("no answer")])
def test_an_event_that_cannot_be_written_costs_the_run_nothing(
    scene: Scene, error: Forbidden
) -> None:
    scene.cluster.errors["create event"] = [error, error]
    scene.script.agent_says(0, survived()).stream_ends(24_000, 0)

    assert scene.run().verdict.outcome is Outcome.SURVIVED
    assert scene.stories == [text for text in scene.stories if "event" not in text.lower()]


def test_the_first_reason_why_an_event_was_not_written_is_told_once() -> None:
    cluster, time, told = FakeCluster(), FakeTime(), list[str]()
    cluster.errors["create event"] = [Rejected("quota exceeded"), Unreachable("no answer")]

    with Announcer(
        cluster, IDENTITY, ["default"], clock=time.clock, today=lambda: NOON, tell=told.append
    ) as announcer:
        list(announcer.announced(plan(), ended_at_once()))

    assert told == ["not every Event of this run could be written: quota exceeded"]


def test_an_event_that_is_still_being_written_at_the_end_is_told_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster, time, told, is_over = FakeCluster(), FakeTime(), list[str](), threading.Event()
    monkeypatch.setattr("kubectl_stress.session.announcer._END_S", 0.05)

    def unanswered(words: str) -> None:
        assert is_over.wait(timeout=10), words

    cluster._ask = unanswered  # type: ignore[method-assign]

    with Announcer(
        cluster, IDENTITY, ["default"], clock=time.clock, today=lambda: NOON, tell=told.append
    ) as announcer:
        list(announcer.announced(plan(), ended_at_once()))
    is_over.set()

    assert told == [
        "not every Event of this run could be written: the API server did not answer in time"
    ]


def test_nothing_is_told_where_all_were_written() -> None:
    cluster, time, told = FakeCluster(), FakeTime(), list[str]()

    with Announcer(
        cluster, IDENTITY, ["default"], clock=time.clock, today=lambda: NOON, tell=told.append
    ) as announcer:
        list(announcer.announced(plan(), ended_at_once()))

    assert told == []


def test_nothing_is_written_where_the_user_may_not() -> None:
    cluster, time = FakeCluster(), FakeTime()

    with Announcer(cluster, IDENTITY, ["other"], clock=time.clock, today=lambda: NOON) as announcer:
        list(announcer.announced(plan(), ended_at_once()))

    assert cluster.asked == []


def test_our_own_events_never_stand_on_our_own_time_axis() -> None:
    event = started_event(plan(), IDENTITY, NOON)
    as_core = {"reason": event["reason"], "involvedObject": event["regarding"]}

    assert not is_reported(as_core, "app")
    assert not is_reported({**as_core, "reason": "StressEnded"}, "app")


def test_an_event_keeps_to_the_limits_of_the_api() -> None:
    long = plan(size="50Mi")
    event = started_event(long, IDENTITY.__class__("r" * 32, "é" * 300), NOON)

    name = event["metadata"]["name"]
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", name)
    assert len(event["note"].encode()) <= 1_024
    assert event["eventTime"] == "2026-01-01T12:00:00.000000Z"


def test_many_loads_are_announced_on_one_connection() -> None:
    cluster, time, at_once = FakeCluster(), FakeTime(), list[int]()
    ask, writing = cluster._ask, threading.Semaphore()

    def watched(words: str) -> None:
        at_once.append(int(writing.acquire(blocking=False)))
        ask(words)
        writing.release()

    cluster._ask = watched  # type: ignore[method-assign]
    with Announcer(cluster, IDENTITY, ["default"], clock=time.clock, today=lambda: NOON) as one:
        for load in [one.announced(plan(), ended_at_once()) for _ in range(20)]:
            list(load)

    assert at_once == [1] * 40
