"""Searches with the real agent in a real cgroup: each ends at the app's breaking point."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from kubectl_stress.clock import Clock
from kubectl_stress.live.limit_recorder import recording_search
from kubectl_stress.operations.find_limit import Ask, FindLimit, Recorder
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.results.limit_record import LimitHeader, read_limit_record
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.answer import AnswerKind
from kubectl_stress.search.memory_ballast import load_of
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark, Try
from kubectl_stress.search.units import MEMORY_UNIT
from kubectl_stress.session.event_loop import EventLoop
from kubectl_stress.session.progress import Progress
from kubectl_stress.targets.target import Target
from tests.agent.host import wait_until
from tests.agent.local_pod import LIMIT, LocalPod, local_pod
from tests.agent.redis import Redis
from tests.builders.pods import MIB
from tests.builders.scene import announcer
from tests.fakes.time import FakeTime
from tests.selection import sample

pytestmark = pytest.mark.long

RESOLUTION = MEMORY_UNIT.whole(LIMIT * sample.size(whole=2, sample=4) // 100)
HOLD_MS = sample.size(whole=1_000, sample=200)


class Nowhere:
    """A recorder that keeps nothing."""

    def begin(self, header: LimitHeader) -> None:
        """Nothing."""

    def keep(self, one: Try) -> None:
        """Nothing."""


class Killed(BaseException):
    """The client is no more."""


def search(
    pod: LocalPod,
    *,
    attempts: int = sample.size(whole=3, sample=1),
    avoids_oom: bool = False,
    tries: tuple[Try, ...] = (),
    recorder: Recorder | None = None,
    tell: Callable[[Progress], None] = lambda _progress: None,
) -> LimitResult:
    asked = SearchSettings(
        LIMIT, RESOLUTION, LIMIT, attempts, hold_ms=HOLD_MS, avoids_oom=avoids_oom
    )
    clock = Clock(lambda: time.monotonic_ns() // 1_000_000, time.sleep)
    found = FindLimit(
        pod,
        EventLoop(clock),
        announcer=announcer(pod, FakeTime()),
        tell=tell,
        confirm=lambda _: None,
        recorder=recorder or Nowhere(),
    )
    plan = make_plan(load_of(asked.step, asked.hold_ms), Target.from_pod(pod.pods["web"]))
    return found(Ask(plan, asked, tries), HolderSpec("agent:1"), "0.2.0")


def shown(result: LimitResult) -> str:
    seconds = sum(one.took_ms for one in result.tries) / 1000
    untold = {one.evidence for one in result.tries if one.mark is Mark.INCONCLUSIVE}
    return f"{result.answer.sentence}; {len(result.tries)} tries in {seconds:.0f} s {untold or ''}"


def own_bytes(agent: Path) -> int:
    """What the agent may take beside its load, which the container has less of."""
    return 8 * MIB if "sanitized" in str(agent) else 0


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
        assert answer.survived is not None
        assert answer.failed is not None
        assert expected - RESOLUTION <= answer.survived < expected + MIB
        assert expected - MIB < answer.failed <= expected + RESOLUTION
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
        assert answer.survived is not None
        assert answer.failed is not None
        assert LIMIT - usage - RESOLUTION - own_bytes(agent) <= answer.survived
        assert answer.failed <= LIMIT - anon + RESOLUTION
        assert (
            abs(pod.anon_bytes() - anon) < RESOLUTION
        )  # the app lives on, and the ballast is gone


def settled_bytes(pod: LocalPod) -> int:
    """What the app holds once it has started."""
    before, now = 0, pod.anon_bytes()
    while now != before:
        time.sleep(0.5)
        before, now = now, pod.anon_bytes()
    return now


def test_an_app_that_fails_at_random_is_flaky(agent: Path) -> None:
    """Drawn anew at each level, from the first MiB of ballast on; below, it always fits."""
    most = LIMIT
    draw, drawn = random.Random(sample.SEED), {"is_above": False, "fails": False}

    def is_ready(anon: int) -> bool:
        is_above = anon > most
        if is_above and not drawn["is_above"]:
            drawn["fails"] = draw.random() < 0.5
        drawn["is_above"] = is_above
        return not (is_above and drawn["fails"])

    with local_pod(agent, is_ready) as pod:
        most = settled_bytes(pod) + MIB
        result = search(pod, attempts=3)

    print(shown(result))
    survived = result.answer.survived
    if result.answer.kind is AnswerKind.FOUND and survived is not None:
        # By chance all tries just above failed: what is said to fit does.
        assert survived < MIB + RESOLUTION
    else:
        assert result.answer.kind is AnswerKind.FLAKY
        assert result.recommendation is None


def test_before_oom_nobody_is_killed(agent: Path) -> None:
    with local_pod(agent) as pod:
        result = search(pod, avoids_oom=True)

        print(shown(result))
        assert result.answer.kind is AnswerKind.ALL_FIT
        assert all(one.oom_kills == 0 for one in result.tries)
        assert min(one.least_headroom_bytes or 0 for one in result.tries) > 4 * MIB


@pytest.mark.parametrize("number", range(sample.size(whole=3, sample=1)))
def test_a_search_whose_client_dies_is_resumed_to_the_same_answer(
    agent: Path, tmp_path: Path, number: int
) -> None:
    draw, record = random.Random(f"{sample.SEED} {number}"), tmp_path / "search.jsonl"
    level, after_s = draw.randrange(30 * MIB, 110 * MIB), draw.uniform(0, 20)
    dies_s: list[float] = []

    def dies(_progress: Progress) -> None:
        """At a random moment after the first try."""
        if dies_s and time.monotonic() > dies_s[0]:
            raise Killed
        if not dies_s and len(record.read_bytes().splitlines()) > 1:
            dies_s.append(time.monotonic() + after_s)

    is_watched = True
    with local_pod(agent, lambda anon: anon < level or not is_watched) as pod:
        before = pod.anon_bytes()
        with suppress(Killed), recording_search(str(record), is_resumed=False) as recorder:
            search(pod, recorder=recorder, tell=dies)
        is_watched = False
        made = tuple(read_limit_record(record.read_bytes()).tries)
        wait_until(lambda: pod.anon_bytes() - before < RESOLUTION)
        is_watched = True
        with recording_search(str(record), is_resumed=True) as recorder:
            resumed = search(pod, tries=made, recorder=recorder)
        whole = search(pod)

    print(f"died {after_s:.0f} s after its first try, with {len(made)}: {shown(resumed)}")
    assert resumed.tries[: len(made)] == made
    assert tuple(read_limit_record(record.read_bytes()).tries) == resumed.tries
    assert resumed.answer.cause is whole.answer.cause is Mark.READINESS_LOST
    assert abs((resumed.answer.survived or 0) - (whole.answer.survived or 0)) <= (RESOLUTION)


@pytest.mark.parametrize("number", range(sample.size(whole=5, sample=1)))
def test_the_app_lives_with_the_recommended_limit(agent: Path, number: int) -> None:
    """Busy as under the search, and for as long as that took."""
    # Smaller than the ballast at its limit: the kernel kills the larger of both.
    held = random.Random(f"{sample.SEED} {number}").randrange(12, 50)
    unready = []

    def is_ready(anon: int) -> bool:
        unready.append(anon < 4 * MIB)  # killed
        return not unready[-1]

    with local_pod(agent, is_ready, held_mib=held, busy_mib=1) as pod:
        result = search(pod)
        print(f"{held} MiB held; {shown(result)}")
        assert result.recommendation is not None
        wanted = result.recommendation.recommended
        pod.cgroup.limit(wanted)
        unready.clear()
        time.sleep(sum(one.took_ms for one in result.tries) / 1000)

        print(f"limit {wanted // MIB}Mi")
        assert unready
        assert not any(unready)
        assert pod.cgroup.usage_bytes() <= wanted


def test_redis_loses_nothing_where_the_search_stops_before_an_oom_kill(
    agent: Path, tmp_path: Path
) -> None:
    redis, is_watched = Redis(tmp_path / "redis.sock"), True
    with local_pod(agent, lambda _anon: not is_watched or redis.is_well(), held_mib=1) as pod:
        with redis.running(pod.cgroup):
            redis.fill(keys=sample.size(whole=40_000, sample=4_000))
            result = search(pod, avoids_oom=True)
            is_watched = False
            lost = redis.lost()

    print(shown(result))
    assert result.answer.has_number
    assert lost == 0
    assert all(one.oom_kills == one.restarts == 0 for one in result.tries)
