"""Waiting for a target that does not run yet."""

import pytest

from kubectl_stress.errors import NotRunning, TargetError
from kubectl_stress.preflight.wait_for_target import wait_for
from kubectl_stress.targets.target import Target
from tests.builders.pods import target
from tests.fakes.time import FakeTime


def test_a_target_is_waited_for_until_it_runs() -> None:
    time, progress = FakeTime(), list[str]()
    found = [NotRunning("it is not running", wait="use --wait 1m to wait for it")] * 3

    def find() -> Target:
        if found:
            raise found.pop()
        return target()

    assert wait_for(find, wait_ms=60_000, clock=time.clock, tell=progress.append) == target()
    assert progress == ["waiting: it is not running"]
    assert time.ms == 1_500


def test_each_new_problem_is_told_and_each_15_s_what_is_still_waited_for() -> None:
    time, progress = FakeTime(), list[str]()

    def find() -> Target:
        raise NotRunning("no pod" if time.ms < 20_000 else "pulling")

    with pytest.raises(NotRunning):
        wait_for(find, wait_ms=40_000, clock=time.clock, tell=progress.append)

    assert progress == [
        "waiting: no pod",
        "still waiting after 15s: no pod",
        "waiting: pulling",
        "still waiting after 35s: pulling",
    ]


def test_a_wait_that_is_over_ends_with_the_last_reason_and_does_not_advise_to_wait() -> None:
    time = FakeTime()

    def find() -> Target:
        raise NotRunning(f"still not at {time.ms}", remedy="fix it", wait="use --wait 5m")

    with pytest.raises(NotRunning) as raised:
        wait_for(find, wait_ms=2_000, clock=time.clock, tell=lambda _text: None)

    assert str(raised.value) == "still not at 2000, after a wait of 2s: fix it"


def test_without_a_wait_both_ways_out_are_told() -> None:
    def find() -> Target:
        raise NotRunning("it does not run", remedy="fix it", wait="use --wait 5m")

    with pytest.raises(NotRunning) as raised:
        wait_for(find, wait_ms=0, clock=FakeTime().clock, tell=lambda _text: None)

    assert str(raised.value) == "it does not run: fix it, or use --wait 5m"


def test_what_will_never_run_is_not_waited_for() -> None:
    time = FakeTime()

    def find() -> Target:
        raise TargetError("it has ended")

    with pytest.raises(TargetError, match="it has ended"):
        wait_for(find, wait_ms=60_000, clock=time.clock, tell=lambda _text: None)

    assert time.ms == 0
