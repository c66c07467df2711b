"""What arrives during a run, kept once and never twice."""

from typing import Any

import pytest

from kubectl_stress.agent.decoder import Decoder
from kubectl_stress.session.collector import Collector
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.status import ContainerStatus
from tests.builders.agent_lines import (
    bye_line,
    hello_line,
    line,
    processes_line,
    sample_line,
    worker_killed_line,
)
from tests.builders.pods import PodBuilder, pod

OLD = {"containerID": "containerd://app-0", "reason": "OOMKilled", "exitCode": 137}
OLD |= {"finishedAt": "2025-12-31T23:59:00Z"}
NEW = {**OLD, "containerID": "containerd://app-1", "finishedAt": "2026-01-01T00:01:00Z"}


def web(**status: Any) -> PodBuilder:
    return pod().container("app").with_container_status(**status)


def collector(**before: Any) -> Collector:
    return Collector(ContainerStatus.from_pod(web(**before).dict, "app"), "app")


def kinds(changes: list[Change]) -> list[str]:
    return [change.kind.value for change in changes]


def heard(found: Collector, data: bytes, *, at_ms: int) -> None:
    for message in Decoder().feed(data):
        found.take(message, at_ms=at_ms)


def test_what_arrives_is_stamped_with_the_clients_clock() -> None:
    found = collector()

    heard(found, hello_line() + sample_line(elapsed_ms=3), at_ms=700)
    heard(found, worker_killed_line(elapsed_ms=5), at_ms=900)

    assert [sample.at_ms for sample in found.series.samples] == [700]
    assert [kill.at_ms for kill in found.kills] == [900]


def test_each_kind_of_line_is_kept_where_the_verdict_looks() -> None:
    found = collector()
    error = line("error", code="rlimit-as", message="RLIMIT_AS is 1 GiB")

    heard(found, hello_line() + processes_line((1, "app", "target", 9)) + error, at_ms=0)
    heard(found, bye_line("no-memory", 11), at_ms=1)

    assert [process.pid for process in found.processes] == [1]
    assert [entry.code for entry in found.findings().errors] == ["rlimit-as"]
    assert found.findings().ending.bye == found.bye


def test_a_termination_from_before_the_run_is_never_counted() -> None:
    before = {"lastState": {"terminated": OLD}, "restartCount": 1}
    found = collector(**before)

    found.see_pod(web(**before).dict, at_ms=1)
    found.see_pod(web(**before, ready=False).dict, at_ms=2)

    assert not found.has_changed(ChangeKind.TERMINATED)
    assert kinds(found.changes) == ["not-ready"]


def test_a_termination_is_counted_once_however_often_it_is_shown() -> None:
    found = collector(lastState={"terminated": OLD}, restartCount=1)
    ended = web(state={"terminated": NEW}, lastState={"terminated": OLD}, restartCount=1)
    waiting = web(
        state={"waiting": {"reason": "CrashLoopBackOff"}},
        lastState={"terminated": NEW},
        restartCount=1,
    )
    back = web(containerID="containerd://app-2", lastState={"terminated": NEW}, restartCount=2)

    for at_ms, seen in enumerate([ended, ended, waiting, back, back]):
        found.see_pod(seen.dict, at_ms=at_ms)

    assert kinds(found.changes) == ["terminated", "waiting", "started"]


def test_a_second_termination_is_another_one() -> None:
    found = collector()
    later = {**NEW, "containerID": "containerd://app-2", "finishedAt": "2026-01-01T00:02:00Z"}

    found.see_pod(web(state={"terminated": NEW}).dict, at_ms=1)
    found.see_pod(web(state={"terminated": later}, lastState={"terminated": NEW}).dict, at_ms=2)

    assert kinds(found.changes) == ["terminated", "terminated"]


def test_a_deletion_is_counted_once() -> None:
    found = collector()
    leaving = web().with_metadata(deletionTimestamp="2026-01-01T00:00:00Z")

    found.see_pod(leaving.dict, at_ms=1)
    found.see_pod(leaving.dict, at_ms=2)

    assert found.see_deletion(at_ms=3) == []
    assert found.see_deletion(at_ms=4) == []
    assert kinds(found.changes) == ["deleted"]


def test_an_event_that_says_nothing_of_the_target_is_passed_over() -> None:
    found = collector()

    assert found.see_event({"reason": "Pulled", "message": "x"}, at_ms=1) == []
    assert kinds(found.see_event({"reason": "Unhealthy", "message": "x"}, at_ms=2)) == ["event"]


@pytest.mark.parametrize(
    ("final_message", "needed"),
    [
        (b"", True),
        (bye_line("duration"), False),
        (bye_line("workers-killed", 12), False),
        (bye_line("signal", 24), True),
        (bye_line("target-gone", 23), True),
    ],
    ids=["cut off", "to its end", "by the kernel", "by somebody", "with the target"],
)
def test_a_cause_is_looked_for_where_the_agent_cannot_know_it(
    final_message: bytes, needed: bool
) -> None:
    found = collector()
    heard(found, hello_line() + final_message, at_ms=0)

    assert found.needs_cause is needed


def test_a_limit_that_changes_between_two_samples_is_a_resize() -> None:
    found = collector()
    mib = 1 << 20

    for at_ms, limit in ((0, 128), (1_000, 128), (2_000, 64)):
        heard(found, sample_line(10, limit_bytes=limit * mib), at_ms=at_ms)

    assert kinds(found.changes) == ["resized"]
    assert found.changes[0].text == "memory limit resized: 128.0 MiB → 64.0 MiB"
    assert (found.changes[0].at_ms, found.changes[0].source) == (2_000, "cgroup")


def test_a_limit_that_cannot_be_read_is_no_resize() -> None:
    found = collector()

    for limit in (None, 128 << 20, None):
        heard(found, sample_line(10, limit_bytes=limit), at_ms=0)

    assert found.changes == []


def test_a_load_that_begins_again_is_judged_by_what_was_seen_since() -> None:
    other = {"pid": 40, "command": "agent", "role": "load", "rss_bytes": 4_096, "run": "9f8e7d6c"}
    table = line("processes", processes=[{**other, "oom_score_adj": 998, "badness_bytes": 4_096}])
    error = line("error", code="no-memory", message="mmap: cannot allocate memory")
    found = collector()

    heard(found, hello_line() + table + error, at_ms=100)
    found.begin_again()
    heard(found, hello_line() + sample_line(), at_ms=900)

    whole, this = found.findings(), found.of_this_load()
    assert (len(whole.errors), len(whole.other_loads)) == (1, 1)
    assert (this.errors, this.other_loads) == ((), ())
