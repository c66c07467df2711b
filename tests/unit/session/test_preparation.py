"""The count of the targets that are prepared: no long silence, and no line too many."""

from typing import Any

import pytest

from kubectl_stress.errors import InjectionError, NotLoaded
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.event_loop import EventLoop, Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.preparation import Counter, Preparation
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from tests.builders.pods import pod
from tests.fakes.time import FakeTime


def endless() -> Procedure[None]:
    while True:
        yield


def test_while_none_is_prepared_those_that_are_awaited_are_named() -> None:
    time, said, woken = FakeTime(), list[str](), list[bool]()
    counter = Counter(5, time.now_ms, said.append, lambda: woken.append(True))
    waiting = [counter.counted(f"web-{n}", endless()) for n in range(5)]  # type: ignore[arg-type]
    still = counter.still()
    for one in waiting:
        next(one)

    for _ in range(250):
        next(still)
        time.sleep(0.1)

    assert said == ["0 of 5 targets prepared; waiting for web-0, web-1, web-2 and 2 more"] * 2
    for one in waiting:
        one.close()
    assert woken == [True]
    time.sleep(60)
    assert next(still, "over") == "over"
    assert len(said) == 2  # nobody is awaited any more


def test_the_count_of_targets_ends_silently_with_ctrl_c() -> None:
    counter = Counter(2, FakeTime().now_ms, print, lambda: None)
    still = counter.still()
    next(still)

    try:
        still.throw(KeyboardInterrupt())
    except StopIteration:
        return
    raise AssertionError("it goes on")


@pytest.mark.parametrize("keep_going", [False, True])
def test_what_another_ones_failure_makes_useless_is_not_waited_for(keep_going: bool) -> None:
    loop, closed = EventLoop(FakeTime().clock), list[str]()
    preparation = Preparation(loop, parallel=2, keep_going=keep_going)

    def intake(number: int) -> Intake:
        built = pod(f"web-{number}").container("app", limit="128Mi").dict
        status = ContainerStatus.from_pod(built, "app")
        state = TargetState(Target.from_pod(built), status, number=number)
        return Intake(loop, number, state, lambda _: None)

    def fails() -> Procedure[Any]:
        yield
        raise InjectionError("no image")

    def slow() -> Procedure[Any]:
        try:
            for _ in range(5):
                yield
        except GeneratorExit:
            closed.append("slow")
            raise
        return "ready"

    steps = (fails(), slow())
    found: dict[int, Any] = {}
    found |= loop.run({n: preparation.through(intake(n), one) for n, one in enumerate(steps)})

    assert str(found[0]) == "no image"
    assert (isinstance(found[1], NotLoaded), found[1] == "ready") == (not keep_going, keep_going)
    assert closed == ([] if keep_going else ["slow"])
