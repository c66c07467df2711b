"""What one load saw, as a mark: each its own, none mixed."""

import pytest

from kubectl_stress.agent.protocol import Bye, EndReason
from kubectl_stress.search.health import Checked
from kubectl_stress.search.judge_try import try_of
from kubectl_stress.search.tries import Mark, Stopped
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.verdict.findings import Ending
from kubectl_stress.verdict.outcome import Outcome, Verdict
from tests.builders.pods import MIB, bye, event, findings, sample, terminated
from tests.builders.simulated_app import settings

SURVIVED = Verdict(Outcome.SURVIVED, "survived")
UNKNOWN = Verdict(Outcome.INCONCLUSIVE, "nobody knows")


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [
        (Outcome.SURVIVED, Mark.FITS),
        (Outcome.LOAD_OOM_KILLED, Mark.OOM),
        (Outcome.APP_OOM_KILLED, Mark.OOM),
        (Outcome.GROUP_OOM_KILLED, Mark.OOM),
        (Outcome.LIVENESS_RESTARTED, Mark.CRASHED),
        (Outcome.KUBELET_RESTARTED, Mark.CRASHED),
        (Outcome.APP_EXITED, Mark.CRASHED),
        (Outcome.READINESS_LOST, Mark.READINESS_LOST),
        (Outcome.THROTTLED, Mark.THROTTLED),
        (Outcome.EVICTED, Mark.INCONCLUSIVE),
    ],
)
def test_every_outcome_is_a_mark(outcome: Outcome, mark: Mark) -> None:
    assert try_of(settings(), 50 * MIB, Verdict(outcome, "words"), findings()).mark is mark


def test_a_load_that_did_not_reach_its_size_timed_out() -> None:
    assert (
        try_of(settings(), 90 * MIB, UNKNOWN, findings(ending=Ending(bye(), 0))).mark
        is Mark.TIMED_OUT
    )


def test_a_load_that_was_held_in_vain_tells_nothing() -> None:
    """In another cgroup, or beside another load, for example."""
    assert (
        try_of(settings(), 50 * MIB, UNKNOWN, findings(ending=Ending(bye(), 0))).mark
        is Mark.INCONCLUSIVE
    )


def test_a_load_that_nothing_was_heard_of_timed_out() -> None:
    lost = Ending(None, None, "no message from the agent for 20 s")

    assert try_of(settings(), 50 * MIB, UNKNOWN, findings(ending=lost)).mark is Mark.TIMED_OUT


def test_a_load_that_somebody_else_stopped_tells_nothing() -> None:
    ending = Ending(Bye(20_000, EndReason.STOPPED, 0, 50 * MIB, 0), 0)

    assert try_of(settings(), 50 * MIB, UNKNOWN, findings(ending=ending)).mark is Mark.INCONCLUSIVE


def test_readiness_that_was_lost_and_came_back_without_an_event_is_lost() -> None:
    ending = Ending(Bye(20_000, EndReason.STOPPED, 0, 50 * MIB, 0), 0)
    flip = (Change(1, ChangeKind.NOT_READY, "not ready"), Change(2, ChangeKind.READY, "ready"))
    seen = findings(ending=ending, changes=flip)

    assert try_of(settings(), 50 * MIB, UNKNOWN, seen).mark is Mark.READINESS_LOST


def test_what_released_the_level_is_its_mark_and_evidence() -> None:
    stopped = Stopped(Mark.NO_HEADROOM, "only 3.0 MiB of headroom")

    one = try_of(settings(), 50 * MIB, UNKNOWN, findings(), stopped=stopped)

    assert (one.mark, one.evidence) == (Mark.NO_HEADROOM, "only 3.0 MiB of headroom")


def test_an_oom_kill_is_one_also_where_the_level_was_being_released() -> None:
    stopped = Stopped(Mark.NO_HEADROOM, "only 3.0 MiB of headroom")
    killed = Verdict(Outcome.GROUP_OOM_KILLED, "killed as a group")

    one = try_of(settings(), 50 * MIB, killed, findings(), stopped=stopped)

    assert (one.mark, one.evidence) == (Mark.OOM, "killed as a group")


def test_slow_checks_are_seen_also_where_nothing_released_the_level() -> None:
    checked = Checked(900, 1, "2 health checks in a row took longer than 500 ms")

    one = try_of(settings(), 50 * MIB, SURVIVED, findings(), checked=checked)

    assert (one.mark, one.latency_ms, one.failed_checks) == (Mark.SLOW, 900, 1)


def test_the_readings_of_a_try_are_the_worst_that_was_seen() -> None:
    seen = findings(
        sample(20, at_ms=5_000, pressure_full_avg10_percent=0.5),
        sample(70, at_ms=9_000, held_mib=50, pressure_full_avg10_percent=3.5, high_events=4),
        changes=(
            event("Unhealthy", "Readiness probe failed"),
            Change(6_000, ChangeKind.NOT_READY, "not ready"),
            Change(8_000, ChangeKind.READY, "ready"),
            terminated("Error", 3),
        ),
        ending=Ending(bye(), 0, None, 10_000),
    )

    one = try_of(settings(), 50 * MIB, SURVIVED, seen, ended_before_ms=1_000)

    assert (one.at_ms, one.took_ms, one.recovery_ms) == (5_000, 9_000, 4_000)
    assert (one.held_bytes, one.peak_usage_bytes) == (50 * MIB, 70 * MIB)
    assert one.least_headroom_bytes == 58 * MIB
    assert (one.pressure_full_percent, one.high_events) == (3.5, 4)
    assert (one.probe_failures, one.not_ready_ms, one.restarts) == (1, 2_000, 1)


def test_readiness_that_does_not_come_back_is_counted_to_the_end() -> None:
    lost = Change(6_000, ChangeKind.NOT_READY, "not ready")
    seen = findings(changes=(lost,), ending=Ending(bye(), 0, None, 10_000))

    assert try_of(settings(), 50 * MIB, SURVIVED, seen).not_ready_ms == 4_000
