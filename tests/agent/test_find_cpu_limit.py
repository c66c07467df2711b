"""A search for a CPU limit with the real agent, in a real cgroup with a quota."""

from __future__ import annotations

import random
import time
from collections import deque
from pathlib import Path

import pytest

from kubectl_stress.clock import Clock
from kubectl_stress.operations.find_limit import Ask, FindLimit
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.answer import AnswerKind
from kubectl_stress.search.cpu_ballast import load_of
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark
from kubectl_stress.search.units import Searched
from kubectl_stress.session.event_loop import EventLoop
from kubectl_stress.targets.target import Target
from tests.agent.local_pod import LocalPod, local_cpu_pod
from tests.agent.own_cgroup import OwnCgroup
from tests.agent.test_find_limit import Nowhere, shown
from tests.builders.scene import announcer
from tests.fakes.time import FakeTime
from tests.selection import sample

pytestmark = pytest.mark.long

LIMIT, APP = 200, 40
RESOLUTION = LIMIT * 4 // 100
HOLD_MS = 3_000
# What a window of a second can be wrong by: the app's work of one round, and a burst of the load.
_BLUR = 12


class FailsAbove:
    """Not ready while its container has used more than this for three tenths of a second."""

    def __init__(self, millicores: int) -> None:
        self._most, self._above = millicores, 0
        self._seen: deque[tuple[float, int]] = deque(maxlen=11)

    def __call__(self, cgroup: OwnCgroup) -> bool:
        self._seen.append((time.monotonic(), cgroup.cpu_us()))
        (began, before), (now, after) = self._seen[0], self._seen[-1]
        used = (after - before) / 1_000 / (now - began) if now > began + 0.8 else 0
        self._above = self._above + 1 if used > self._most else 0
        return self._above < 3


def search(pod: LocalPod, *, attempts: int) -> LimitResult:
    asked = SearchSettings(
        LIMIT, RESOLUTION, LIMIT, attempts, hold_ms=HOLD_MS, resource=Searched.CPU
    )
    found = FindLimit(
        pod,
        EventLoop(Clock(lambda: time.monotonic_ns() // 1_000_000, time.sleep)),
        announcer=announcer(pod, FakeTime()),
        tell=lambda _progress: None,
        confirm=lambda _questions: None,
        recorder=Nowhere(),
    )
    target = Target.from_pod(pod.pods["web"])
    plan = make_plan(load_of(asked.step, asked.hold_ms), target)
    return found(Ask(plan, asked), HolderSpec("agent:1"), "0.2.0")


@pytest.mark.parametrize("number", range(sample.size(whole=2, sample=1)))
def test_the_load_that_is_survived_is_found_and_what_the_app_used_beside_it(
    agent: Path, number: int
) -> None:
    fails_above = random.Random(f"{sample.SEED} {number}").randrange(90, 180)
    with local_cpu_pod(agent, LIMIT, APP, FailsAbove(fails_above)) as pod:
        result = search(pod, attempts=sample.size(whole=3, sample=1))

    answer, found = result.answer, result.recommendation
    print(fails_above, shown(result), found and found.arithmetic, result.notes)
    assert (answer.kind, answer.cause) == (AnswerKind.FOUND, Mark.READINESS_LOST)
    assert answer.survived is not None
    assert answer.failed is not None
    expected = fails_above - APP
    assert expected - RESOLUTION - _BLUR <= answer.survived <= expected + _BLUR
    assert expected - _BLUR <= answer.failed <= expected + RESOLUTION + _BLUR
    assert result.usage == pytest.approx(APP, abs=8)
    assert found is not None
    assert found.minimal == pytest.approx(APP, abs=8)
