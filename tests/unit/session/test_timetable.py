"""Commands at their times in the hold, by the agent's own clock."""

from kubectl_stress.session.steering import Timetable
from tests.builders.pods import sample


def test_each_is_told_once_and_as_long_after_the_one_before() -> None:
    timetable = Timetable([(1_000, b"a"), (500, b"b")])
    times = (0, 900, 1_000, 1_100, 1_499, 1_500, 9_000)

    told = [timetable.next(0, sample(at_ms=5_000 + ms), ()) for ms in times]

    assert told == [None, None, b"a", None, None, b"b", None]


def test_nothing_is_told_before_the_hold() -> None:
    timetable = Timetable([(0, b"a")])

    assert timetable.next(9_000, None, ()) is None
    assert timetable.next(9_000, sample(at_ms=9_000, phase="ramp"), ()) is None
    assert timetable.next(9_000, sample(at_ms=9_000), ()) == b"a"
