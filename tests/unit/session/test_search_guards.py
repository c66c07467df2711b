"""What releases a level before its time: the user's checks, and before an OOM kill if asked for."""

from kubectl_stress.agent.commands import STOP
from kubectl_stress.agent.samples import Sample
from kubectl_stress.search.health import Checked
from kubectl_stress.search.memory_ballast import floor_bytes
from kubectl_stress.search.tries import Mark
from kubectl_stress.session.search_guards import Checking, LevelGuard
from tests.builders.pods import MIB, sample
from tests.builders.simulated_app import settings


def guard(*, avoids_oom: bool = False, checked: Checking | None = None) -> LevelGuard:
    return LevelGuard(settings(avoids_oom=avoids_oom), checked)


def said(made: LevelGuard, seen: Sample | None, now_ms: int = 0) -> bytes | None:
    return made.next(now_ms, seen, ())


def test_without_being_asked_to_it_lets_a_level_reach_the_limit() -> None:
    assert said(guard(), sample(127.9, held_mib=110)) is None


def test_before_oom_a_level_is_released_once_with_its_reason() -> None:
    made = guard(avoids_oom=True)

    assert said(made, sample(123, held_mib=100)) is None
    assert said(made, sample(125, held_mib=100)) == STOP
    assert said(made, sample(126, held_mib=100)) is None
    assert made.stopped is not None
    assert made.stopped.mark is Mark.NO_HEADROOM
    assert "only 3.0 MiB of headroom" in made.stopped.text


def test_an_app_that_is_near_its_limit_by_itself_is_not_the_ballasts_doing() -> None:
    assert said(guard(avoids_oom=True), sample(125)) is None


def test_an_app_that_stalls_for_memory_is_throttled() -> None:
    made = guard(avoids_oom=True)

    assert said(made, sample(60, held_mib=50, pressure_full_avg10_percent=9.0)) is None
    assert said(made, sample(60, held_mib=50, pressure_full_avg10_percent=12.0)) == STOP
    assert made.stopped is not None
    assert made.stopped.mark is Mark.THROTTLED


def test_the_checks_of_this_level_alone_count() -> None:
    asked: list[tuple[int, int]] = []

    def checked(since_ms: int, until_ms: int) -> Checked:
        asked.append((since_ms, until_ms))
        return Checked(900, 0, "too slow" if until_ms >= 9_000 else None)

    made = guard(checked=checked)

    assert said(made, sample(60), 7_000) is None
    assert said(made, sample(60), 9_000) == STOP
    assert asked == [(7_000, 7_000), (7_000, 9_000)]
    assert made.stopped is not None
    assert (made.stopped.mark, made.stopped.text) == (Mark.SLOW, "too slow")


def test_the_floor_is_two_percent_but_never_less_than_the_agent_needs() -> None:
    assert floor_bytes(128 * MIB) == 8 * MIB
    assert floor_bytes(4_096 * MIB) == 4_096 * MIB * 2 // 100
