"""Several targets carried at once: what ends one, what ends all, and what is closed then."""

import queue
import signal
from collections.abc import Callable

import pytest

from kubectl_stress.agent.protocol import Garbage
from kubectl_stress.errors import InjectionError
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.event_loop import Arrival, EventLoop, Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.pod_watcher import Failed
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from tests.builders.pods import pod
from tests.fakes.time import FakeTime


def intake(loop: EventLoop, number: int = 0) -> Intake:
    built = pod().container("app", limit="128Mi").dict
    state = TargetState(Target.from_pod(built), ContainerStatus.from_pod(built, "app"))
    return Intake(loop, number, state, lambda _: None)


def fails() -> int:
    raise ZeroDivisionError


def refused() -> int:
    raise InjectionError("refused")


@pytest.fixture
def loop() -> EventLoop:
    return EventLoop(FakeTime().clock)


def test_what_ends_one_target_does_not_end_the_others(loop: EventLoop) -> None:
    calls: list[Callable[[], int]] = [lambda: 7, refused, lambda: 9]
    procedures = {n: intake(loop, n).call(act) for n, act in enumerate(calls)}

    found = loop.run(procedures)

    assert (found[0], str(found[1]), found[2]) == (7, "refused", 9)


def test_a_target_that_comes_while_others_are_carried_is_carried_too(loop: EventLoop) -> None:
    def first() -> Procedure[str]:
        yield
        loop.add(7, intake(loop, 7).call(lambda: "came later"))
        return "went"

    assert loop.run({0: first()}) == {0: "went", 7: "came later"}


def test_a_defect_in_a_thread_ends_them_all_instead_of_hanging(loop: EventLoop) -> None:
    closed: list[str] = []

    def endless() -> Procedure[int]:
        try:
            while True:
                yield
        finally:
            closed.append("the other")

    with pytest.raises(ZeroDivisionError):
        loop.run({0: intake(loop).call(fails), 1: endless()})

    assert closed == ["the other"]


def test_one_that_cannot_be_closed_leaves_none_of_the_others_open(loop: EventLoop) -> None:
    closed: list[int] = []

    def endless(number: int) -> Procedure[int]:
        try:
            while True:
                yield
        finally:
            if number == 1:
                raise KeyboardInterrupt
            closed.append(number)

    with pytest.raises(KeyboardInterrupt):
        loop.run({0: endless(0), 1: endless(1), 2: endless(2), 3: intake(loop, 3).call(fails)})

    assert sorted(closed) == [0, 2]


def test_a_watch_that_died_ends_what_it_watched_for(loop: EventLoop) -> None:
    one = intake(loop)
    one.put(Failed(KeyError("metadata")))

    with pytest.raises(KeyError):
        loop.run({0: one.wait_for(60_000)})


class InterruptedInbox(queue.Queue[tuple[int, Arrival]]):
    """Ctrl-C is pressed while the loop waits."""

    def get(
        self,
        block: bool = True,  # noqa: ARG002 - as in the real class
        timeout: float | None = None,  # noqa: ARG002
    ) -> tuple[int, Arrival]:
        raise KeyboardInterrupt


def test_ctrl_c_reaches_every_target() -> None:
    numbers: list[int] = []

    def until_interrupted(number: int) -> Procedure[str]:
        try:
            while True:
                yield
        except KeyboardInterrupt:
            numbers.append(number)
        return "released"

    loop = EventLoop(FakeTime().clock, InterruptedInbox())
    found = loop.run({number: until_interrupted(number) for number in range(3)})

    assert numbers == [0, 1, 2]
    assert set(found.values()) == {"released"}


def pressed_by(number: int, times: int = 1) -> Callable[[int], Procedure[str]]:
    """Procedures of some steps; in one of those of `number` somebody presses Ctrl-C."""

    def held(own: int) -> Procedure[str]:
        try:
            yield
            for _ in range(times if own == number else 0):
                signal.raise_signal(signal.SIGINT)
            for _ in range(5):
                yield
        except KeyboardInterrupt:
            return "released"
        return "held to the end"

    return held


@pytest.mark.usefixtures("heeds_interrupts")
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_within_the_step_of_one_target_reaches_the_others_too(
    loop: EventLoop, times: int
) -> None:
    held = pressed_by(1, times)

    found = loop.run({number: held(number) for number in range(3)})

    assert found == dict.fromkeys(range(3), "released")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("heeds_interrupts")
def test_ctrl_c_within_the_very_last_step_is_not_lost(loop: EventLoop) -> None:
    def ends() -> Procedure[None]:
        yield
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        loop.run({0: ends()})


@pytest.mark.usefixtures("heeds_interrupts")
def test_a_step_that_hangs_is_left_by_the_second_ctrl_c(loop: EventLoop) -> None:
    def hangs() -> Procedure[str]:
        yield
        try:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            return "left"
        return "hung"

    assert loop.run({0: hangs()}) == {0: "left"}


def test_a_silent_target_is_resumed_however_much_another_says() -> None:
    time = FakeTime()
    loop = EventLoop(time.clock)
    talking, resumed = intake(loop, 0), [0]

    def silent() -> Procedure[None]:
        while resumed[0] < 10:
            yield
            resumed[0] += 1

    def says_without_end() -> Procedure[None]:
        while resumed[0] < 10:
            time.ms += 10
            talking.put(Garbage("again"))
            yield from talking.take_next()

    loop.run({0: says_without_end(), 1: silent()})

    assert time.ms == pytest.approx(10 * 200, abs=400)


class Stream:
    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def test_a_stream_that_nobody_waits_for_any_more_is_closed() -> None:
    opened, begun = Stream(), list[Callable[[], None]]()
    loop = EventLoop(FakeTime().clock, start=begun.append)
    call = intake(loop).call(lambda: opened)
    next(call)

    call.close()
    begun[0]()  # it is opened only now

    assert opened.is_closed
