"""Searches for the load at which a container fails, and the limit that it needs. Prints nothing.

Prepare once → say the price and ask → load, judge, next level → the answer, and patches that the
API server has judged but not kept.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Protocol

from kubectl_stress.errors import Interrupted, Refused, StressError
from kubectl_stress.injection.join import Joiner
from kubectl_stress.injection.probe import Reading
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.decide import resolve, with_load
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.limit_patch import LimitPatch, limit_patches
from kubectl_stress.plan.plan import Plan
from kubectl_stress.preflight.patch_dry_run import judged
from kubectl_stress.quantity import format_duration
from kubectl_stress.results.limit_record import LimitHeader
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.ballast import Situation
from kubectl_stress.search.ballasts import ballast_of
from kubectl_stress.search.health import Health, HealthUrl
from kubectl_stress.search.price import describe
from kubectl_stress.search.recommendation import recommendation
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Try
from kubectl_stress.session.announcer import Announcer
from kubectl_stress.session.event_loop import EventLoop, Procedure
from kubectl_stress.session.health_checks import HealthChecks
from kubectl_stress.session.health_requests import LEAST_HEADROOM_BYTES, by_command, by_url
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.limit_search import LimitSearch
from kubectl_stress.session.load_procedure import LoadProcedure, Ready
from kubectl_stress.session.next_load import Recovery
from kubectl_stress.session.pod_watcher import PodWatcher
from kubectl_stress.session.preparation import Preparation
from kubectl_stress.session.progress import Milestone, Progress, Task
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target

_TOLERANCE_PERCENT = 2


@dataclass(frozen=True)
class Ask:
    """What is searched for, and where; `tries` were recorded by a search that ended early.

    `health` is how the user has the app's health checked, beside its probes. `is_agreed`: nothing
    will be asked. `original` is the target that a copy was made of.
    """

    plan: Plan
    settings: SearchSettings
    tries: tuple[Try, ...] = ()
    expected: int | None = None
    health: Health | None = None
    is_agreed: bool = False
    original: Target | None = None


class Recorder(Protocol):
    """Who keeps what a search needs to be gone on with."""

    def begin(self, header: LimitHeader) -> None:
        """Keep what is known before the first try."""

    def keep(self, one: Try) -> None:
        """Keep a try that has ended."""


class FindLimit:
    """Searches in one cluster; `confirm` answers what must be asked before, the price among it."""

    def __init__(
        self,
        cluster: Cluster,
        loop: EventLoop,
        *,
        announcer: Announcer,
        tell: Callable[[Progress], None],
        confirm: Callable[[tuple[str, ...]], None],
        recorder: Recorder,
    ) -> None:
        self._cluster, self._loop, self._announcer = cluster, loop, announcer
        self._tell, self._confirm, self._recorder = tell, confirm, recorder

    def __call__(self, ask: Ask, holder_spec: HolderSpec, version: str) -> LimitResult:
        """The answer; raises StressError where no search could be made, Interrupted on Ctrl-C."""
        target = ask.plan.target
        intake = Intake.of(target, self._cluster, self._loop, 0, self._tell)
        refuse_not_ready(target, intake.state.status)
        procedure = LoadProcedure(self._cluster, holder_spec, intake, self._announcer.identity)
        preparation = Preparation(self._loop, parallel=None, keep_going=False)
        first = procedure.prepare(ask.plan, when="at the first level: ")
        prepare = preparation.through(intake, first)
        ready = self._loop.run({0: prepare})[0]
        if isinstance(ready, StressError):
            raise ready
        refuse_not_ready(target, ready.before)
        checks = self._checks(ask, intake)
        found = self._situation(ask, ready, intake)
        settings = replace(ask.settings, ceiling=found.ceiling)
        search = self._search(replace(ask, settings=settings), found, intake, checks)
        self._agree(ask, search, ready, intake)
        self._recorder.begin(
            LimitHeader(version, ready.plan.target, settings, found.usage, found.notes)
        )
        with checks or nullcontext():
            self._make(search, ready, procedure)
        return self._result(ask, search, ready, found)

    def _checks(self, ask: Ask, intake: Intake) -> HealthChecks | None:
        """The user's health checks; raises Refused where the first one fails without any load."""
        target, most_ms = ask.plan.target, ask.settings.max_latency_ms

        def may_ask() -> bool:
            last = intake.collector.series.last
            headroom = last.memory.headroom_bytes if last else None
            return headroom is None or headroom >= LEAST_HEADROOM_BYTES

        if ask.health is None:
            return None
        if isinstance(ask.health, HealthUrl):
            url = by_url(self._cluster, target, ask.health, self._loop.now_ms)
            checks = HealthChecks(url, self._loop.now_ms, most_ms)
        else:
            command = by_command(self._cluster, target, ask.health, self._loop.now_ms)
            checks = HealthChecks(command, self._loop.now_ms, most_ms, may_ask)
        first = checks.check()
        if not checks.is_well:
            why = first.problem or f"it took {first.latency_ms} ms"
            raise Refused(f"the health check fails without any load: {why}")
        intake.say(f"health check: passed in {first.latency_ms} ms")
        return checks

    def _agree(self, ask: Ask, search: LimitSearch, ready: Ready, intake: Intake) -> None:
        """Say the price, and have it agreed to; raises Refused."""
        price = search.left()
        if price.tries:
            text = describe(
                price,
                search.settings,
                most=search.most_tries(),
                adds_entries=price.restarts > 0,
            )
            questions = (text, *ready.plan.questions)
            for agreed in questions if ask.is_agreed else ():
                intake.say(agreed)
            self._confirm(questions)

    def _situation(self, ask: Ask, ready: Ready, intake: Intake) -> Situation:
        """What is known of the app before any load; raises StressError."""
        reading, ballast, later = ready.joined.reading, ballast_of(ask.settings.resource), None
        if ballast.WATCH_MS:
            span = format_duration(ballast.WATCH_MS)
            intake.tell(Task(f"watching what the app uses without any load, for {span}"))
            found = self._loop.run({0: self._read_after(ready, intake, ballast.WATCH_MS)})[0]
            if isinstance(found, StressError):
                raise found
            later = found.sample if found else None
        target = ready.plan.target
        known = ballast.situation(ask.settings, target, reading.hello, reading.sample, later)
        for note in known.notes:
            intake.say(note)
        return known

    def _read_after(self, ready: Ready, intake: Intake, wait_ms: int) -> Procedure[Reading | None]:
        """A second reading of a target that is not loaded yet; None where it cannot be read."""
        yield from intake.sleep(wait_ms / 1000)
        joiner = Joiner(self._cluster, clock=intake.clock, tell=intake.say)
        return (yield from intake.call(lambda: joiner.read_again(ready.joined)))

    def _search(
        self, ask: Ask, found: Situation, intake: Intake, checks: HealthChecks | None
    ) -> LimitSearch:
        recovery = Recovery(
            held_bytes=found.held_bytes,
            tolerance_bytes=(ask.plan.target.effective_limit_bytes or 0)
            * _TOLERANCE_PERCENT
            // 100,
            pause_ms=ask.plan.target.probe_timing.period_ms,
            is_well=lambda: checks is None or checks.is_well,
        )
        return LimitSearch(
            ask.settings,
            found,
            recovery,
            ask.tries,
            keep=self._recorder.keep,
            say=lambda text: intake.tell(Milestone(text)),
            show=lambda text: intake.tell(Task(text)),
            checked=checks.between if checks else None,
        )

    def _make(self, search: LimitSearch, ready: Ready, procedure: LoadProcedure) -> None:
        """All tries, up to the answer."""
        first = search.first()
        if first is None:
            return
        reading = ready.joined.reading
        plan = resolve(with_load(ready.plan, first), reading.hello, reading.sample)
        ready = replace(ready, plan=plan)
        with PodWatcher(self._cluster, [plan.target], self._loop.put):
            load = self._announcer.announced(plan, procedure.load(ready, None, next_load=search))
            found = self._loop.run({0: load})[0]
        if isinstance(found, Interrupted) or (isinstance(found, StressError) and not search.tries):
            raise found
        if isinstance(found, StressError):
            search.not_begun(found)

    def _result(
        self, ask: Ask, search: LimitSearch, ready: Ready, before: Situation
    ) -> LimitResult:
        assert search.answer is not None
        tries = tuple(search.tries)
        found = recommendation(search.answer, search.settings, tries)
        patches: Sequence[LimitPatch] = ()
        if found is not None:
            target = ask.original or ready.plan.target
            new = ballast_of(search.settings.resource).new_limit(target, found.recommended)
            patches = judged(self._cluster, limit_patches(target, new))
        return LimitResult(
            target=ready.plan.target,
            settings=search.settings,
            tries=tries,
            answer=search.answer,
            usage=before.usage,
            notes=before.notes,
            patches=tuple(patches),
            expected=ask.expected,
        )


def refuse_not_ready(target: Target, status: ContainerStatus) -> None:
    """Raise Refused for a container that fails before anything is asked of it."""
    if not status.ready:
        raise Refused(
            f'container "{target.container}" is not ready, so a search would tell nothing: wait '
            "until it is ready"
        )
