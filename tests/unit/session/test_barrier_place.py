"""Agents of a node take turns to start; at the barrier they wait together."""

import pytest

from kubectl_stress.errors import InjectionError, NotLoaded
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.barrier import Barrier
from kubectl_stress.session.barrier_place import BarrierPlace
from kubectl_stress.session.event_loop import EventLoop
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.node_gate import NodeGate
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from tests.builders.pods import pod
from tests.fakes.time import FakeTime


class Scene:
    """Three targets of one node, of which one starts at a time."""

    def __init__(self) -> None:
        loop, self.woken = EventLoop(FakeTime().clock), list[int]()
        self.barrier = Barrier(range(3), now_ms=loop.now_ms)
        gate = NodeGate(self.woken.append, parallel=1)
        self.places = [BarrierPlace(self.barrier, self._intake(loop, n), gate) for n in range(3)]

    @staticmethod
    def _intake(loop: EventLoop, number: int) -> Intake:
        built = pod(f"web-{number}").container("app", limit="128Mi").dict
        status = ContainerStatus.from_pod(built, "app")
        state = TargetState(Target.from_pod(built), status, number=number)
        return Intake(loop, number, state, lambda _: None)


def test_the_next_agent_starts_when_the_one_before_has_started() -> None:
    scene = Scene()
    first, second, third = (place.take_turn() for place in scene.places)

    assert next(first, "its turn") == "its turn"
    assert next(second, "its turn") is None
    assert next(third, "its turn") is None
    scene.places[0].end_turn()
    scene.places[0].end_turn()  # as at its end again

    assert scene.woken == [1]
    assert next(second, "its turn") == "its turn"
    assert next(third, "its turn") is None


def test_one_that_waits_for_its_turn_is_not_started_after_anothers_failure() -> None:
    scene = Scene()
    first, second = scene.places[0].take_turn(), scene.places[1].take_turn()
    next(first, None)
    next(second, None)

    scene.places[0].leave(InjectionError("it restarted"))
    scene.places[0].end_turn()

    with pytest.raises(NotLoaded, match="web-0 could not be: it restarted"):
        next(second)
