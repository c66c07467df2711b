"""Commands at their times in the hold, by the agent's own clock."""

from kubectl_stress.plan.later import LaterCommand
from kubectl_stress.session.steering import Timetable
from tests.builders.pods import sample

said: list[str] = []


def timetable(*commands: tuple[int, bytes]) -> Timetable:
    said.clear()
    later = [LaterCommand(wait_ms, data, data.decode()) for wait_ms, data in commands]
    return Timetable(later, said.append)


def test_each_is_told_once_and_as_long_after_the_one_before() -> None:
    steps = timetable((1_000, b"a"), (500, b"b"))
    times = (0, 900, 1_000, 1_100, 1_499, 1_500, 9_000)

    found = [steps.next(0, sample(at_ms=5_000 + ms), ()) for ms in times]

    assert found == [None, None, b"a", None, None, b"b", None]
    assert said == ["a", "b"]


def test_nothing_is_told_before_the_hold() -> None:
    steps = timetable((0, b"a"))

    assert steps.next(9_000, None, ()) is None
    assert steps.next(9_000, sample(at_ms=9_000, phase="ramp"), ()) is None
    assert steps.next(9_000, sample(at_ms=9_000), ()) == b"a"
