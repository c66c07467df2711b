"""The barrier opens once nobody is missing, and each agent is told to go once."""

from collections.abc import Callable
from typing import cast

from kubectl_stress.agent.commands import GO
from kubectl_stress.errors import InjectionError, Refused
from kubectl_stress.session.agent_stream import SteeredAgent
from kubectl_stress.session.barrier import Barrier, Waiting
from tests.fakes.time import FakeTime

QUESTION = b"hold 60000\n"


class Agent:
    """Answers at once what it is asked, if `answer` does."""

    def __init__(self, answer: Callable[[], None] = lambda: None) -> None:
        self.heard: list[bytes] = []
        self.asked: list[bytes] = []
        self._answer = answer

    def send(self, command: bytes) -> None:
        if command.startswith(b"#"):
            self.asked.append(command)
            self._answer()
        else:
            self.heard.append(command)


def arrive(barrier: Barrier, number: int, *, started_ms: int = 0, answers: bool = True) -> Agent:
    agent = Agent(lambda: barrier.answered(number) if answers else None)
    barrier.arrive(number, Waiting(cast(SteeredAgent, agent), QUESTION, started_ms))
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
    waiting = Waiting(cast(SteeredAgent, Agent()), QUESTION)

    waiting.hear(100, 5_040)
    waiting.hear(200, 5_900)

    assert waiting.started_ms == 4_940


def test_an_agent_waits_long_enough_for_many_that_start_one_after_another() -> None:
    many = Barrier(range(100), now_ms=FakeTime().now_ms, stagger_ms=1_000)

    assert many.go_timeout_ms >= 600_000 + 100 * (6_000 + 1_000)


def test_it_opens_when_each_has_answered() -> None:
    barrier = Barrier(range(2), now_ms=FakeTime().now_ms)
    agents = [arrive(barrier, number, answers=False) for number in range(2)]

    assert [agent.asked for agent in agents] == [[b"#1 hold 60000\n"]] * 2
    barrier.answered(0)
    assert [agent.heard for agent in agents] == [[], []]
    barrier.answered(1)

    assert [agent.heard for agent in agents] == [[b"go 20\n"]] * 2


def test_a_few_are_asked_at_a_time() -> None:
    barrier = Barrier(range(6), now_ms=FakeTime().now_ms)
    agents = [arrive(barrier, number, answers=False) for number in range(6)]

    asked = []
    for number in range(6):
        asked.append([len(agent.asked) for agent in agents])
        barrier.answered(number)

    assert asked[:4] == [[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 0], [1] * 6, [1] * 6]
    assert all(agent.heard for agent in agents)


def test_one_that_does_not_answer_holds_the_others_up_for_five_seconds_only() -> None:
    time = FakeTime()
    barrier = Barrier(range(2), now_ms=time.now_ms)
    agents = [arrive(barrier, 0), arrive(barrier, 1, answers=False)]

    time.sleep(4.9)
    barrier.release_due()
    assert [agent.heard for agent in agents] == [[], []]
    time.sleep(0.1)
    barrier.release_due()

    assert [agent.heard for agent in agents] == [[b"go 5020\n"]] * 2


def test_one_that_ends_instead_of_an_answer_keeps_the_others_from_loading() -> None:
    time = FakeTime()
    barrier = Barrier(range(2), now_ms=time.now_ms)
    agents = [arrive(barrier, 0, answers=False), arrive(barrier, 1, answers=False)]

    barrier.leave(1, "web-1", InjectionError("it restarted"))
    barrier.answered(0)
    time.sleep(6)
    barrier.release_due()

    assert barrier.problem is not None
    assert [agent.heard for agent in agents] == [[], []]


def test_with_keep_going_one_that_ends_instead_of_an_answer_is_not_waited_for() -> None:
    barrier = Barrier(range(2), now_ms=FakeTime().now_ms, keep_going=True)
    agents = [arrive(barrier, 0, answers=False), arrive(barrier, 1, answers=False)]

    barrier.answered(0)
    barrier.leave(1, "web-1", InjectionError("it restarted"))

    assert agents[0].heard == [b"go 10\n"]
