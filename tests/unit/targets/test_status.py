"""Differences between two states of a container."""

from typing import Any

import pytest

from kubectl_stress.targets.api_events import event_change, is_reported
from kubectl_stress.targets.changes import Change, ChangeKind, changes
from kubectl_stress.targets.status import ContainerStatus
from tests.builders.pods import PodBuilder, pod

OLD_OOM = {
    "containerID": "containerd://app-0",
    "reason": "OOMKilled",
    "exitCode": 137,
    "finishedAt": "2025-12-31T23:59:00Z",
}
NEW_OOM = {**OLD_OOM, "containerID": "containerd://app-1", "finishedAt": "2026-01-01T00:01:00Z"}


def status(built: PodBuilder) -> ContainerStatus:
    return ContainerStatus.from_pod(built.dict, "app")


def running(**values: Any) -> ContainerStatus:
    return status(pod().container("app").with_container_status(**values))


def difference(before: ContainerStatus, after: ContainerStatus) -> list[Change]:
    return changes(before, after, at_ms=7)


def test_two_equal_states_differ_in_nothing() -> None:
    assert difference(running(), running()) == []


def test_a_termination_is_told_once() -> None:
    ended = running(state={"terminated": NEW_OOM}, ready=False)
    back = running(
        lastState={"terminated": NEW_OOM}, containerID="containerd://app-2", restartCount=1
    )

    first, second = difference(running(), ended), difference(ended, back)

    assert [change.kind for change in first] == [ChangeKind.TERMINATED, ChangeKind.NOT_READY]
    assert [change.kind for change in second] == [ChangeKind.STARTED, ChangeKind.READY]


def test_a_termination_seen_only_in_the_last_state_is_told() -> None:
    back = running(
        lastState={"terminated": NEW_OOM}, containerID="containerd://app-2", restartCount=1
    )

    found = difference(running(), back)

    assert [change.kind for change in found] == [ChangeKind.TERMINATED, ChangeKind.STARTED]
    assert found[0].reason == "OOMKilled"
    assert found[0].at_ms == 7


def test_an_old_oom_kill_in_the_last_state_is_not_counted() -> None:
    before = running(lastState={"terminated": OLD_OOM}, restartCount=1)

    assert difference(before, before) == []


def test_crash_loop_is_told_as_waiting() -> None:
    before = running(state={"terminated": NEW_OOM})
    after = running(
        state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState={"terminated": NEW_OOM}
    )

    assert [change.text for change in difference(before, after)] == [
        "container waiting: CrashLoopBackOff"
    ]


def test_an_eviction_is_told_with_the_kubelets_message() -> None:
    words = "The node was low on resource: memory."
    after = pod().container("app").with_status(phase="Failed", reason="Evicted", message=words)

    found = difference(running(), status(after))

    assert [change.kind for change in found] == [ChangeKind.EVICTED]
    assert words in found[0].text
    assert difference(status(after), status(after)) == []


def test_a_deletion_is_told() -> None:
    after = pod().container("app").with_metadata(deletionTimestamp="2026-01-01T00:00:00Z")

    assert [c.kind for c in difference(running(), status(after))] == [ChangeKind.DELETED]


@pytest.mark.parametrize(
    ("reason", "progress"), [("Unhealthy", True), ("Killing", True), ("Pulled", False), ("", False)]
)
def test_only_events_that_matter_are_told(reason: str, progress: bool) -> None:
    assert is_reported({"reason": reason}, "app") is progress


@pytest.mark.parametrize(
    ("path", "progress"),
    [("spec.containers{app}", True), ("spec.containers{side}", False), ("", True)],
)
def test_a_probe_of_another_container_says_nothing_of_ours(path: str, progress: bool) -> None:
    event = {"reason": "Killing", "involvedObject": {"fieldPath": path}}

    assert is_reported(event, "app") is progress


def test_an_event_keeps_the_kubelets_words_on_one_line() -> None:
    found = event_change({"reason": "Unhealthy", "message": "Liveness probe\nfailed"}, at_ms=3)

    assert (found.text, found.at_ms, found.source) == (
        "Unhealthy: Liveness probe failed",
        3,
        "event",
    )


def test_a_neighbours_end_is_told_once() -> None:
    def with_neighbour(**status: Any) -> ContainerStatus:
        built = pod().container("app").container("side").with_container_status(**status)
        return ContainerStatus.from_pod(built.dict, "app")

    ended = {"terminated": {**NEW_OOM, "containerID": "containerd://side-1"}}
    before, dead = with_neighbour(), with_neighbour(state=ended)
    again = with_neighbour(lastState=ended, containerID="containerd://side-2", restartCount=1)

    assert [change.text for change in difference(before, dead)] == [
        'container "side" of the same pod terminated: OOMKilled (137)'
    ]
    assert difference(dead, again) == []


def test_a_restart_of_all_containers_is_told_once() -> None:
    conditions = [{"type": "AllContainersRestarting", "status": "True"}]
    restarting = status(pod().container("app").with_status(conditions=conditions))

    (found,) = difference(running(), restarting)

    assert found.kind is ChangeKind.ALL_RESTARTING
    assert difference(restarting, restarting) == []


def test_an_eviction_tells_what_ran_short_and_who_used_it() -> None:
    annotations = {
        "starved_resource": "memory",
        "offending_containers": "app,side",
        "offending_containers_usage": "812Mi,4Mi",
    }
    evicted = {"reason": "Evicted", "message": "The node was low.", "metadata": {}}

    bare, explained = (
        event_change({**evicted, "metadata": {"annotations": found}}, at_ms=1).text
        for found in ({}, annotations)
    )

    assert bare == "Evicted: The node was low."
    assert explained == f"{bare} (starved resource: memory; app used 812Mi; side used 4Mi)"
