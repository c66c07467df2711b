"""A whole search on a pod in memory: its tries, its answer, what it asks before and keeps."""

from collections.abc import Callable

import pytest

from kubectl_stress.clock import Clock
from kubectl_stress.errors import Forbidden, NotFound, Refused, Rejected, StressError
from kubectl_stress.operations.find_limit import Ask, FindLimit
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.limit_patch import PatchState
from kubectl_stress.results.limit_record import LimitHeader
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.answer import AnswerKind
from kubectl_stress.search.memory_ballast import load_of
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark, Try
from kubectl_stress.session.event_loop import EventLoop
from kubectl_stress.session.progress import LogLine, Progress
from kubectl_stress.targets.target import Target
from tests.builders.pods import MIB
from tests.builders.scene import announcer, web
from tests.builders.simulated_app import breaks_at, settings
from tests.fakes.breaking_pod import BreakingPod
from tests.fakes.time import FakeTime


class Kept:
    """What a recorder is given."""

    def __init__(self) -> None:
        self.headers: list[LimitHeader] = []
        self.tries: list[Try] = []

    def begin(self, header: LimitHeader) -> None:
        self.headers.append(header)

    def keep(self, one: Try) -> None:
        self.tries.append(one)


class Searching:
    """One search on a cluster, and what was told and asked meanwhile."""

    def __init__(self, cluster: BreakingPod, *, agrees: bool = True) -> None:
        self.cluster, self.kept, self._agrees = cluster, Kept(), agrees
        self.asked: list[str] = []
        self.heard: list[Progress] = []

    def __call__(
        self, asked: SearchSettings | None = None, tries: tuple[Try, ...] = ()
    ) -> LimitResult:
        loop = EventLoop(Clock(FakeTime().now_ms, lambda _: None))
        search = FindLimit(
            self.cluster,
            loop,
            announcer=announcer(self.cluster, FakeTime()),
            tell=self.heard.append,
            confirm=self._confirm,
            recorder=self.kept,
        )
        wanted = asked or settings()
        target = Target.from_pod(self.cluster.pods["web"])
        plan = make_plan(load_of(wanted.step, wanted.hold_ms), target)
        return search(Ask(plan, wanted, tries), HolderSpec("agent:1"), "0.2.0")

    def _confirm(self, questions: tuple[str, ...]) -> None:
        self.asked += questions
        if not self._agrees:
            raise Refused("no")

    @property
    def lines(self) -> list[str]:
        return [one.what.text for one in self.heard if isinstance(one.what, LogLine)]


def search_of(fails: Callable[[int], Mark | None]) -> Searching:
    return Searching(BreakingPod(web(), fails))


def test_a_boundary_is_found_with_its_cause_and_the_limit_that_follows() -> None:
    searching = search_of(breaks_at(70 * MIB, Mark.OOM))

    result = searching()

    answer, resolution = result.answer, settings().resolution
    assert (answer.kind, answer.cause) == (AnswerKind.FOUND, Mark.OOM)
    assert answer.survived is not None
    assert 70 * MIB - resolution <= answer.survived < 70 * MIB
    assert [one.level for one in result.tries] == searching.cluster.ballasts
    assert result.recommendation is not None
    assert result.recommendation.recommended < 128 * MIB
    assert result.exit_code == 0


def test_throttling_is_a_mark_of_its_own() -> None:
    result = search_of(breaks_at(40 * MIB, Mark.THROTTLED))()

    assert (result.answer.kind, result.answer.cause) == (AnswerKind.FOUND, Mark.THROTTLED)


def test_each_try_is_kept_as_it_ends_with_its_readings() -> None:
    searching = search_of(breaks_at(70 * MIB, Mark.OOM))

    result = searching()

    assert tuple(searching.kept.tries) == result.tries
    assert [header.usage for header in searching.kept.headers] == [10 * MIB]
    first = result.tries[0]
    assert first.held_bytes == first.level
    assert first.peak_usage_bytes == 10 * MIB + first.held_bytes
    assert (first.restarts, first.oom_kills) == (0, 0)


def test_which_try_it_is_of_about_how_many_is_told() -> None:
    searching = search_of(breaks_at(70 * MIB, Mark.OOM))
    searching()

    numbered = [line for line in searching.lines if line.startswith("try ")]
    assert numbered[0].startswith("try 1 of about ")
    assert numbered[0].endswith("12.8 MiB of ballast (10% of the limit): fits")
    assert numbered[1].startswith("try 2 of about ")


def test_what_is_predicted_is_of_the_first_level() -> None:
    searching = search_of(breaks_at(70 * MIB, Mark.OOM))
    searching()

    (predicted,) = [line for line in searching.lines if "usage will reach" in line]
    assert predicted.startswith("at the first level: usage will reach about 22.8 MiB, 18%")


def test_the_price_is_asked_before_the_first_try() -> None:
    searching = Searching(BreakingPod(web(), breaks_at(0, Mark.OOM)), agrees=False)

    with pytest.raises(Refused):
        searching()

    assert searching.asked[0].startswith("the search takes about ")
    assert searching.cluster.ballasts == []


def test_no_decided_level_is_tried_again_after_an_interruption() -> None:
    whole = search_of(breaks_at(70 * MIB, Mark.OOM))()

    for count in (1, 5, len(whole.tries) - 1):
        searching = search_of(breaks_at(70 * MIB, Mark.OOM))
        result = searching(tries=whole.tries[:count])
        assert result.answer == whole.answer
        assert len(searching.cluster.ballasts) == len(whole.tries) - count


def test_an_answer_that_is_recorded_needs_no_load_and_no_question() -> None:
    whole = search_of(breaks_at(70 * MIB, Mark.OOM))()

    searching = search_of(breaks_at(70 * MIB, Mark.OOM))
    result = searching(tries=whole.tries)

    assert (searching.cluster.ballasts, searching.asked) == ([], [])
    assert result.answer == whole.answer


def test_before_oom_it_ends_at_a_floor_of_headroom() -> None:
    searching = search_of(breaks_at(125 * MIB, Mark.OOM))

    result = searching(settings(avoids_oom=True))

    assert result.answer.kind is AnswerKind.ALL_FIT
    assert max(searching.cluster.ballasts) == (128 - 10 - 8) * MIB


def test_a_container_that_is_not_ready_is_not_searched() -> None:
    searching = Searching(
        BreakingPod(web().with_container_status(ready=False), breaks_at(0, Mark.OOM))
    )

    with pytest.raises(Refused, match="is not ready"):
        searching()
    assert searching.cluster.added == []  # an ephemeral container cannot be removed


def test_the_patches_have_been_judged_and_not_kept() -> None:
    searching = search_of(breaks_at(70 * MIB, Mark.OOM))

    result = searching()

    (patch,) = result.patches
    assert patch.state is PatchState.PASSED
    assert "--subresource resize" in patch.command
    assert [(plural, sub) for plural, sub, _ in searching.cluster.tried] == [("pods", "resize")]


@pytest.mark.parametrize(
    ("error", "states"),
    [
        (Forbidden("you may not"), [PatchState.UNCHECKED]),
        (Rejected("no"), [PatchState.REFUSED]),
        (NotFound("no such subresource"), []),
    ],
)
def test_what_the_server_says_of_a_patch_is_said(
    error: StressError, states: list[PatchState]
) -> None:
    searching = search_of(breaks_at(70 * MIB, Mark.OOM))
    searching.cluster.errors["try patch"] = [error]

    assert [patch.state for patch in searching().patches] == states
