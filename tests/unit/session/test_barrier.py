"""The barrier opens once nobody is missing, and each agent is told to go once."""

from typing import cast

from kubectl_stress.agent.commands import GO
from kubectl_stress.errors import InjectionError, Refused
from kubectl_stress.session.agent_stream import SteeredAgent
from kubectl_stress.session.barrier import Barrier, Waiting
from tests.fakes.time import FakeTime


class Agent:
    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def send(self, command: bytes) -> None:
        self.heard.append(command)


def arrive(barrier: Barrier, number: int, *, started_ms: int = 0) -> Agent:
    agent = Agent()
    barrier.arrive(number, Waiting(cast(SteeredAgent, agent), started_ms))
    return agent


def test_the_last_one_to_arrive_opens_it_for_all() -> None:
    barrier = Barrier(range(3), now_ms=FakeTime().now_ms)

    agents = [arrive(barrier, number) for number in range(2)]
    assert [agent.heard for agent in agents] == [[], []]
    agents.append(arrive(barrier, 2))
    barrier.release_due()

    assert [agent.heard for agent in agents] == [[b"go 30\n"]] * 3
    assert all(barrier.has_gone(number) for number in range(3))


def test_staggered_loads_begin_one_after_another() -> None:
    time = FakeTime()
    barrier = Barrier(range(3), now_ms=time.now_ms, stagger_ms=5_000)
    agents = [arrive(barrier, number) for number in (2, 0, 1)]

    began = []
    for _ in range(3):
        barrier.release_due()
        began.append([agent.heard == [GO] for agent in agents])
        time.sleep(5)

    assert began == [[False, True, False], [False, True, True], [True, True, True]]


def test_one_that_cannot_come_breaks_it_with_its_exit_code() -> None:
    barrier = Barrier(range(2), now_ms=FakeTime().now_ms)
    agent = arrive(barrier, 0)

    barrier.leave(1, "web-1", Refused("too little headroom"))

    assert barrier.problem is not None
    assert barrier.problem.exit_code == 5
    assert str(barrier.problem) == "not loaded, since web-1 could not be: too little headroom"
    assert agent.heard == []


def test_with_keep_going_the_others_begin_without_it() -> None:
    barrier = Barrier(range(2), now_ms=FakeTime().now_ms, keep_going=True)
    agent = arrive(barrier, 0)

    barrier.leave(1, "web-1", InjectionError("no image"))

    assert agent.heard == [b"go 10\n"]


def test_one_that_ends_while_it_waits_for_its_turn_is_told_nothing_more() -> None:
    time = FakeTime()
    barrier = Barrier(range(2), now_ms=time.now_ms, stagger_ms=1_000)
    agents = [arrive(barrier, 0), arrive(barrier, 1)]

    barrier.leave(1, "web-1", InjectionError("it restarted"))
    time.sleep(2)
    barrier.release_due()

    assert [agent.heard for agent in agents] == [[GO], []]
    assert barrier.problem is None


def test_all_begin_at_one_moment_each_by_its_own_clock() -> None:
    time = FakeTime()
    barrier = Barrier(range(2), now_ms=time.now_ms)
    time.sleep(10)

    agents = [arrive(barrier, 0, started_ms=2_000), arrive(barrier, 1, started_ms=9_500)]

    assert [agent.heard for agent in agents] == [[b"go 8020\n"], [b"go 520\n"]]


def test_the_quickest_message_says_when_an_agent_started() -> None:
    waiting = Waiting(cast(SteeredAgent, Agent()))

    waiting.hear(100, 5_040)
    waiting.hear(200, 5_900)

    assert waiting.started_ms == 4_940


def test_it_opens_when_it_has_been_quiet_for_a_while() -> None:
    time = FakeTime()
    barrier = Barrier(range(2), now_ms=time.now_ms, settle_ms=125)
    agents = [arrive(barrier, 0), arrive(barrier, 1)]

    barrier.release_due()
    assert [agent.heard for agent in agents] == [[], []]
    time.sleep(0.125)
    barrier.release_due()

    assert [agent.heard for agent in agents] == [[b"go 145\n"]] * 2


def test_one_that_ends_while_it_is_quiet_still_keeps_the_others_from_loading() -> None:
    time = FakeTime()
    barrier = Barrier(range(2), now_ms=time.now_ms, settle_ms=125)
    agents = [arrive(barrier, 0), arrive(barrier, 1)]

    barrier.leave(1, "web-1", InjectionError("it restarted"))
    time.sleep(1)
    barrier.release_due()

    assert barrier.problem is not None
    assert [agent.heard for agent in agents] == [[], []]
