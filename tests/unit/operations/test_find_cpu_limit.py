"""A whole search for a CPU limit on a pod in memory: what it measures, and what follows."""

from typing import Any

import pytest

from kubectl_stress.clock import Clock
from kubectl_stress.operations.find_limit import Ask, FindLimit
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.answer import AnswerKind
from kubectl_stress.search.cpu_ballast import load_of
from kubectl_stress.search.tries import Mark, Try
from kubectl_stress.session.event_loop import EventLoop
from kubectl_stress.session.progress import LogLine, Progress
from kubectl_stress.targets.target import Target
from tests.builders.scene import announcer
from tests.builders.simulated_app import Fails, breaks_at, cpu_settings
from tests.fakes.breaking_cpu import LIMIT, BreakingCpu
from tests.fakes.time import FakeTime
from tests.unit.operations.test_find_limit import Kept

NEVER = breaks_at(1 << 40, Mark.OOM)


class Searching:
    """One search, and what was said meanwhile."""

    def __init__(self, cluster: BreakingCpu) -> None:
        self.cluster, self.kept = cluster, Kept()
        self.heard: list[Progress] = []

    def __call__(self, tries: tuple[Try, ...] = (), **given: Any) -> LimitResult:
        search = FindLimit(
            self.cluster,
            EventLoop(Clock(FakeTime().now_ms, lambda _: None)),
            announcer=announcer(self.cluster, FakeTime()),
            tell=self.heard.append,
            confirm=lambda _: None,
            recorder=self.kept,
        )
        asked = cpu_settings(**given)
        target = Target.from_pod(self.cluster.pods["web"])
        plan = make_plan(load_of(asked.step, asked.hold_ms), target)
        return search(Ask(plan, asked, tries), HolderSpec("agent:1"), "0.2.0")

    @property
    def lines(self) -> list[str]:
        return [one.what.text for one in self.heard if isinstance(one.what, LogLine)]


def search_of(fails: Fails, **given: Any) -> Searching:
    return Searching(BreakingCpu(fails, **given))


def test_the_limit_follows_from_the_apps_own_use_at_the_highest_load_it_survived() -> None:
    searching = search_of(breaks_at(180, Mark.OOM))

    result = searching()

    answer, found = result.answer, result.recommendation
    assert (answer.kind, answer.cause) == (AnswerKind.FOUND, Mark.OOM)
    assert answer.survived is not None
    assert 180 - cpu_settings().resolution <= answer.survived < 180
    assert found is not None
    assert found.minimal == LIMIT - answer.survived  # what the load left, and the app used
    assert found.recommended == 90
    assert [one.level for one in result.tries] == searching.cluster.loads


def test_throttling_alone_fails_no_level() -> None:
    result = search_of(NEVER)()

    assert (result.answer.kind, result.answer.survived) == (AnswerKind.ALL_FIT, LIMIT)
    assert max(one.throttled_percent or 0 for one in result.tries) == 100
    assert result.recommendation is not None
    assert (result.recommendation.minimal, result.recommendation.recommended) == (20, 30)


def test_throttling_fails_a_level_where_it_was_asked_to() -> None:
    result = search_of(NEVER)(max_throttled_percent=50)

    assert (result.answer.kind, result.answer.cause) == (AnswerKind.FOUND, Mark.THROTTLED)
    assert result.answer.survived is not None
    assert 145 <= result.answer.survived <= 150
    assert result.recommendation is not None
    assert result.recommendation.minimal == 100


def test_what_the_app_used_before_any_load_is_said_and_kept() -> None:
    searching = search_of(NEVER)

    result = searching()

    assert result.usage == 100
    assert "without any load the app used 100m CPU over 1s" in searching.lines
    assert searching.kept.headers[0].notes == result.notes


def test_an_app_that_is_throttled_already_is_said_to_be() -> None:
    result = search_of(NEVER, throttled_alone=4)()

    assert "was throttled in 40% of the periods of its quota" in result.notes[0]
    assert "less than what it would use" in result.notes[0]


@pytest.mark.parametrize("count", [1, 6])
def test_no_decided_load_is_tried_again_after_an_interruption(count: int) -> None:
    whole = search_of(breaks_at(180, Mark.OOM))()

    searching = search_of(breaks_at(180, Mark.OOM))
    result = searching(tries=whole.tries[:count])

    assert (result.answer, result.recommendation) == (whole.answer, whole.recommendation)
    assert len(searching.cluster.loads) == len(whole.tries) - count
