"""A search across a restart: it waits, attaches again, and sees what a fresh container holds."""

from kubectl_stress.errors import InjectionError
from kubectl_stress.operations.find_limit import Ask, FindLimit
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.results.limit_record import LimitHeader
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.answer import AnswerKind
from kubectl_stress.search.memory_ballast import load_of
from kubectl_stress.search.tries import Mark, Try
from kubectl_stress.session.progress import Milestone, Task
from kubectl_stress.targets.target import Target
from tests.builders.agent_lines import (
    bye_line,
    hello_line,
    phase_line,
    sample_line,
    worker_killed_line,
)
from tests.builders.pods import MIB
from tests.builders.scene import Scene, announcer, ended, started_again
from tests.builders.simulated_app import settings
from tests.fakes.breaking_pod import SINGLE
from tests.fakes.stream import FakeStream

LEVEL = 64 * MIB


class Nowhere:
    """A recorder that keeps nothing."""

    def begin(self, header: LimitHeader) -> None:
        """Nothing."""

    def keep(self, one: Try) -> None:
        """Nothing."""


def searched(scene: Scene) -> LimitResult:
    """A search so coarse that it has one level above none."""
    asked = settings(attempts=1, resolution=LEVEL)
    plan = make_plan(load_of(LEVEL, 5_000), Target.from_pod(scene.cluster.pods["web"]))
    search = FindLimit(
        scene.cluster,
        scene.script.loop,
        announcer=announcer(scene.cluster, scene.time),
        tell=scene.hear,
        confirm=lambda _questions: None,
        recorder=Nowhere(),
    )
    return search(Ask(plan, asked), HolderSpec("agent:1"), "0.2.0")


def holds(mib: float) -> FakeStream:
    """A reading of a container that holds so much."""
    return FakeStream().says(hello_line() + sample_line(mib) + bye_line()).ends(0)


def dies_and_comes_back(scene: Scene) -> None:
    scene.script.agent_says(0, hello_line() + sample_line(127.9, held_mib=60))
    scene.script.stream_ends(900, 137)
    scene.script.at(4_800, lambda: scene.cluster.change_pod(ended().dict))
    scene.script.at(8_100, lambda: scene.cluster.change_pod(started_again().dict))


def fits(scene: Scene, at_ms: int) -> None:
    fit = hello_line() + sample_line(22, phase="baseline") + phase_line("hold", held_mib=1)
    scene.script.agent_says(at_ms, fit + sample_line(23, held_mib=1) + bye_line())
    scene.script.stream_ends(at_ms + 5_000, 0)


def test_the_next_level_is_tried_once_the_new_containers_memory_has_settled(scene: Scene) -> None:
    gone = InjectionError("gone")
    after_restart = [holds(40), holds(30), holds(22), holds(22), holds(22)]
    scene.cluster.readings = [holds(10), gone, *after_restart, holds(22), holds(22)]
    dies_and_comes_back(scene)
    fits(scene, 30_000)

    result = searched(scene)

    assert (result.answer.kind, result.answer.cause) == (AnswerKind.FOUND, Mark.OOM)
    assert [one.mark for one in result.tries] == [Mark.OOM, Mark.FITS]
    assert (result.tries[0].restarts, result.restarts) == (1, 1)
    tasks = [what.text for what in scene.progress if isinstance(what, Task)]
    assert "waiting until the container's memory has settled" in tasks


def test_a_container_that_does_not_come_back_ends_the_search_without_an_answer(
    scene: Scene,
) -> None:
    scene.cluster.readings = [holds(10), InjectionError("gone")]
    scene.script.agent_says(0, hello_line() + sample_line(127.9, held_mib=60))
    scene.script.stream_ends(900, 137)
    scene.script.at(4_800, lambda: scene.cluster.change_pod(ended().dict))

    result = searched(scene)

    assert result.answer.kind is AnswerKind.INCONCLUSIVE
    assert result.answer.sentence.endswith("its container did not restart")
    assert result.exit_code == 4


def test_one_that_keeps_more_than_before_is_not_loaded_again(scene: Scene) -> None:
    kept = [holds(60) for _ in range(400)]
    scene.cluster.readings = [holds(10), holds(10), *kept]
    scene.script.agent_says(
        0, hello_line(**SINGLE) + sample_line(127.9, held_mib=60) + worker_killed_line()
    )
    scene.script.agent_says(500, bye_line("workers-killed", 12)).stream_ends(900, 12)

    result = searched(scene)

    more = "the container still holds 60.0 MiB, more than the 12.6 MiB expected"
    assert f"{more}, after 180 s" in result.answer.sentence
    told = [what.text for what in scene.progress if isinstance(what, Milestone)]
    assert told.count(f"waiting: {more}") == 1
