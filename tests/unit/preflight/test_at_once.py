"""Calls that are made at the same time give their answers in order."""

import threading

import pytest

from kubectl_stress.errors import Forbidden, NotFound
from kubectl_stress.preflight.at_once import at_once, both


def test_answers_come_in_the_order_of_the_calls() -> None:
    assert at_once([lambda n=n: n * n for n in range(20)]) == [n * n for n in range(20)]  # type: ignore[misc]
    assert at_once([]) == []


def test_calls_do_not_wait_for_each_other() -> None:
    meeting = threading.Barrier(2, timeout=10)

    assert both(lambda: (meeting.wait(), "a")[1], lambda: (meeting.wait(), 1)[1]) == ("a", 1)


def test_the_first_error_is_raised_when_all_are_done() -> None:
    done = []

    def fail(error: Exception) -> None:
        raise error

    calls = [lambda: done.append(1), lambda: fail(NotFound("a")), lambda: fail(Forbidden("b"))]
    with pytest.raises(NotFound, match="a"):
        at_once([*calls, lambda: done.append(2)])

    assert sorted(done) == [1, 2]


def test_ctrl_c_waits_for_no_call() -> None:
    answered = threading.Event()

    def ask() -> None:
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        answered.wait(60)

    try:
        with pytest.raises(KeyboardInterrupt):
            at_once([ask] * 4)
        assert any("work" in thread.name for thread in threading.enumerate())
    finally:
        answered.set()
