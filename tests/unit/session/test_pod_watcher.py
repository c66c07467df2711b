"""Watching a pod and its events through everything that breaks a watch off."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kubectl_stress.errors import Gone, Unreachable
from kubectl_stress.session.pod_watcher import EventSeen, PodSeen, PodWatcher, Seen, Unobserved
from tests.builders.pods import PodBuilder, pod, target
from tests.fakes.cluster import FakeCluster, forbidden


def web() -> PodBuilder:
    return pod().container("app", limit="128Mi", request="64Mi")


@contextmanager
def observing(cluster: FakeCluster) -> Iterator["queue.Queue[Seen]"]:
    """What is seen, in order; each `get` fails after ten seconds without anything."""
    seen: queue.Queue[Seen] = queue.Queue()
    with PodWatcher(cluster, [target()], lambda _number, what: seen.put(what)):
        cluster.wait_until_watched()
        yield seen


def drained(seen: "queue.Queue[Seen]") -> list[Seen]:
    return [seen.get_nowait() for _ in range(seen.qsize())]


def test_the_state_at_the_start_comes_first() -> None:
    cluster = FakeCluster(web().dict)

    with observing(cluster) as seen:
        assert drained(seen) == [PodSeen(web().dict)]


def test_only_the_target_and_its_own_events_are_watched() -> None:
    cluster = FakeCluster(web().dict, pod("other").container("app").dict)

    with observing(cluster) as seen:
        assert len(drained(seen)) == 1

    assert sorted(words for words in cluster.asked if words.startswith("watch")) == [
        "watch events involvedObject.uid=uid-of-web",
        "watch pods metadata.name=web",
    ]


def test_changes_and_events_come_as_they_happen() -> None:
    cluster, changed = FakeCluster(web().dict), web().with_container_status(ready=False).dict

    with observing(cluster) as seen:
        drained(seen)
        cluster.change_pod(changed)
        cluster.show_event("Unhealthy", "Readiness probe failed")

        found = drained(seen)

    event = {"reason": "Unhealthy", "message": "Readiness probe failed"}
    assert found == [PodSeen(changed), EventSeen(event)]


def test_a_deleted_pod_is_seen_as_gone() -> None:
    cluster = FakeCluster(web().dict)

    with observing(cluster) as seen:
        drained(seen)
        cluster.lose_pod("web")

        assert drained(seen) == [PodSeen(None)]


def test_a_pod_that_was_deleted_while_nobody_watched_is_seen_as_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kubectl_stress.session.pod_watcher._RETRY_S", 0)
    cluster = FakeCluster(web().dict)

    with observing(cluster) as seen:
        drained(seen)
        del cluster.pods["web"]
        cluster.break_watch(Unreachable("connection reset"))

        assert seen.get(timeout=10) == PodSeen(None)


def test_another_pod_of_the_same_name_is_not_the_target() -> None:
    cluster = FakeCluster(web().dict)

    with observing(cluster) as seen:
        drained(seen)
        cluster.change_pod(web().with_metadata(uid="another").dict)

        assert drained(seen) == [PodSeen(None)]


def test_a_bookmark_is_no_pod_and_the_watch_goes_on() -> None:
    cluster = FakeCluster(web().dict)

    with observing(cluster) as seen:
        drained(seen)
        cluster.show_bookmark()
        cluster.change_pod(web().dict)

        assert drained(seen) == [PodSeen(web().dict)]


@pytest.mark.parametrize("error", [Unreachable("connection reset"), Gone("too old")], ids=repr)
def test_a_watch_that_breaks_off_is_taken_up_from_a_new_list(
    error: Unreachable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubectl_stress.session.pod_watcher._RETRY_S", 0)
    cluster = FakeCluster(web().dict)
    missed = web().with_container_status(restartCount=1).dict

    with observing(cluster) as seen:
        drained(seen)
        cluster.pods["web"] = missed
        cluster.break_watch(error)

        assert seen.get(timeout=10) == PodSeen(missed)
        cluster.change_pod(web().dict)
        assert seen.get(timeout=10) == PodSeen(web().dict)


def test_events_that_came_between_two_watches_are_seen_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kubectl_stress.session.pod_watcher._RETRY_S", 0)
    cluster = FakeCluster(web().dict)
    old, missed = ({"metadata": {"uid": "e", "resourceVersion": v}} for v in ("3", "9"))
    cluster.events = lambda: [old]

    with observing(cluster) as seen:
        drained(seen)
        cluster.events = lambda: [old, missed]
        for _ in range(2):
            cluster.break_watch(Unreachable("connection reset"), "events")
        cluster.show_event("Killing", "Stopping container app")

        assert seen.get(timeout=10) == EventSeen(missed)
        assert seen.get(timeout=10) == EventSeen(
            {"reason": "Killing", "message": "Stopping container app"}
        )


@pytest.mark.parametrize("what", ["list events", "watch events"])
def test_what_may_not_be_seen_is_told_once_and_not_asked_again(what: str) -> None:
    cluster = FakeCluster(web().dict)
    cluster.errors[what] = [forbidden(what)]

    with observing(cluster) as seen:
        found = [seen.get(timeout=10), seen.get(timeout=10)]

    assert Unobserved(f'user "me" may not {what}') in found
    assert sum(words.startswith(what) for words in cluster.asked) == 1
