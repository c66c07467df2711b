"""Searches with the real agent in a real cgroup: each ends at the app's breaking point."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kubectl_stress.clock import Clock
from kubectl_stress.operations.find_limit import Ask, FindLimit
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.results.limit_record import LimitHeader
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.answer import AnswerKind
from kubectl_stress.search.settings import SearchSettings, whole_pages
from kubectl_stress.search.tries import Mark, Try
from kubectl_stress.session.event_loop import EventLoop
from kubectl_stress.session.limit_search import load_of
from kubectl_stress.targets.target import Target
from tests.agent.local_pod import LIMIT, LocalPod, local_pod
from tests.builders.pods import MIB
from tests.builders.scene import announcer
from tests.fakes.time import FakeTime
from tests.selection import sample

RESOLUTION = whole_pages(LIMIT * 2 // 100)


class Nowhere:
    """A recorder that keeps nothing."""

    def begin(self, header: LimitHeader) -> None:
        """Nothing."""

    def keep(self, one: Try) -> None:
        """Nothing."""


def search(
    pod: LocalPod, *, attempts: int = sample.size(whole=3, sample=1), avoids_oom: bool = False
) -> LimitResult:
    asked = SearchSettings(LIMIT, RESOLUTION, LIMIT, attempts, hold_ms=1_000, avoids_oom=avoids_oom)
    clock = Clock(lambda: time.monotonic_ns() // 1_000_000, time.sleep)
    found = FindLimit(
        pod,
        EventLoop(clock),
        announcer=announcer(pod, FakeTime()),
        tell=lambda _: None,
        confirm=lambda _: None,
        recorder=Nowhere(),
    )
    plan = make_plan(load_of(asked.step_bytes, asked.hold_ms), Target.from_pod(pod.pods["web"]))
    return found(Ask(plan, asked), HolderSpec("agent:1"), "0.2.0")


def shown(result: LimitResult) -> str:
    seconds = sum(one.took_ms for one in result.tries) / 1000
    return f"{result.answer.sentence}; {len(result.tries)} tries in {seconds:.0f} s"


def breaking_at(level: int) -> Callable[[int], bool]:
    return lambda anon: anon < level


@pytest.mark.parametrize("number", range(sample.size(whole=10, sample=1)))
def test_readiness_that_is_lost_from_a_level_on_is_found(agent: Path, number: int) -> None:
    level = random.Random(f"{sample.SEED} {number}").randrange(18 * MIB, 110 * MIB)
    with local_pod(agent, breaking_at(level)) as pod:
        before = pod.anon_bytes()
        expected = level - before

        result = search(pod)

        print(level, shown(result))
        answer = result.answer
        assert (answer.kind, answer.cause) == (AnswerKind.FOUND, Mark.READINESS_LOST)
        assert answer.survived_bytes is not None
        assert answer.failed_bytes is not None
        assert expected - RESOLUTION <= answer.survived_bytes < expected + MIB
        assert expected - MIB < answer.failed_bytes <= expected + RESOLUTION
        assert abs(pod.anon_bytes() - before) < RESOLUTION  # the ballast is gone


@pytest.mark.parametrize("number", range(sample.size(whole=5, sample=1)))
def test_the_kernels_own_limit_is_found(agent: Path, number: int) -> None:
    held = random.Random(f"{sample.SEED} {number}").randrange(8, 50)
    with local_pod(agent, held_mib=held) as pod:
        usage, anon = pod.cgroup.usage_bytes(), pod.anon_bytes()

        result = search(pod)

        print(held, shown(result))
        answer = result.answer
        assert (answer.kind, answer.cause) == (AnswerKind.FOUND, Mark.OOM)
        assert answer.survived_bytes is not None
        assert answer.failed_bytes is not None
        assert LIMIT - usage - RESOLUTION <= answer.survived_bytes
        assert answer.failed_bytes <= LIMIT - anon + RESOLUTION
        assert (
            abs(pod.anon_bytes() - anon) < RESOLUTION
        )  # the app lives on, and the ballast is gone


def test_an_app_that_fails_at_random_is_flaky(agent: Path) -> None:
    """Drawn anew at each level, above so little that every level is meant."""
    draw, drawn = random.Random(sample.SEED), {"is_above": False, "fails": False}

    def is_ready(anon: int) -> bool:
        is_above = anon > 20 * MIB
        if is_above and not drawn["is_above"]:
            drawn["fails"] = draw.random() < 0.5
        drawn["is_above"] = is_above
        return not (is_above and drawn["fails"])

    with local_pod(agent, is_ready) as pod:
        result = search(pod, attempts=3)

    print(shown(result))
    assert result.answer.kind is AnswerKind.FLAKY
    assert result.recommendation is None


def test_before_oom_nobody_is_killed(agent: Path) -> None:
    with local_pod(agent) as pod:
        result = search(pod, avoids_oom=True)

        print(shown(result))
        assert result.answer.kind is AnswerKind.ALL_FIT
        assert all(one.oom_kills == 0 for one in result.tries)
        assert min(one.least_headroom_bytes or 0 for one in result.tries) > 4 * MIB
