"""`kubectl stress find-limit`: at which ballast a container fails, and which limit it needs."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.confirm import confirm
from kubectl_stress.cli.connection_options import connection_options
from kubectl_stress.cli.copy_option import copy_of_target, copy_option
from kubectl_stress.cli.find_limit_options import (
    expected,
    find_limit_options,
    health,
    hold_note,
    search_settings,
    searched,
)
from kubectl_stress.cli.holder_options import holder_options, holder_spec, join_option, one_target
from kubectl_stress.cli.introduction import introduce
from kubectl_stress.cli.output_options import quiet_option, report_output_options, wants_color
from kubectl_stress.cli.plan_targets import find_one, tell_unseen
from kubectl_stress.cli.wiring import connect, now_ms
from kubectl_stress.errors import UsageError
from kubectl_stress.plan.holder_spec import HolderSpec, Join
from kubectl_stress.search.health import Health, HealthUrl
from kubectl_stress.search.units import Searched
from kubectl_stress.targets.ref import TargetRef

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.kube.connection import ConnectionFlags
    from kubectl_stress.operations.find_limit import Ask
    from kubectl_stress.plan.plan import Plan
    from kubectl_stress.results.limit_record import LimitRecord
    from kubectl_stress.results.limit_result import LimitResult
    from kubectl_stress.search.settings import SearchSettings
    from kubectl_stress.session.announcer import Announcer
    from kubectl_stress.targets.target import Target


@click.command("find-limit")
@one_target
@find_limit_options
@copy_option
@join_option
@holder_options
@report_output_options
@quiet_option
@connection_options
def find_limit(flags: "ConnectionFlags", target: str, **given: Any) -> None:
    """Search for the memory limit, or with --cpu the CPU limit, that a container needs.

    Ballast is held beside the app: more and more until a level fails, then levels in between, until
    the boundary is known. With --cpu it is a CPU load, and the limit follows from what the app
    itself was measured to use at the highest load that it survived. Each failure may restart the
    container: the expected tries, restarts and time are printed first, and must be confirmed.
    Nothing is applied: a patch with the recommended limit is printed.

    Exit codes: 0 found or everything fits, 1 could not run, 2 usage, 3 less than --expect-at-least,
    4 flaky or inconclusive, 5 refused by a guard, 130 interrupted (the load has been released).

    \b
    kubectl stress find-limit deploy/hello
    kubectl stress find-limit deploy/hello --copy --yes
    kubectl stress find-limit hello --stop-before oom --record search.jsonl --yes
    kubectl stress find-limit hello --health-url /:8080 --max-latency 500ms
    kubectl stress find-limit hello --cpu --health-url /:8080 --max-latency 500ms
    """
    from kubectl_stress.cli.print_limit import answer

    holder, asked = _holder(given), _asked(given)
    cluster, ref = connect(flags), TargetRef.parse(target)
    with _to_load(cluster, ref, asked, given) as (loaded, original):
        ask = replace(_ask(cluster, loaded, asked, given), original=original)
        found = _search(cluster, ask, holder, given=given)
        answer(found, given["output"])  # before the removal of a copy, which can be interrupted
    click.get_current_context().exit(found.exit_code)


@contextmanager
def _to_load(
    cluster: "Cluster", ref: TargetRef, asked: "Asked", given: dict[str, Any]
) -> "Iterator[tuple[TargetRef, Target | None]]":
    """What is loaded, as long as the block lasts: with --copy a copy of the second.

    Raises StressError for what no search can be, before a copy is created.
    """
    _require_port_forward(cluster, asked.health)
    if not given["copy"]:
        yield ref, None
        return
    original = find_one(cluster, ref, given)[0]
    use_ms, refuse = given["max_time"], partial(_decided, asked, given)
    with copy_of_target(cluster, ref, use_ms=use_ms, given=given, refuse=refuse) as copy:
        yield copy, original


@dataclass(frozen=True)
class Asked:
    """What is understood before the cluster is asked for anything."""

    resource: Searched
    expected: int | None
    health: Health | None
    record: "LimitRecord | None" = None


def _asked(given: dict[str, Any]) -> Asked:
    record = _recorded(given["resume"])
    return Asked(searched(given), expected(given), health(given), record)


def _require_port_forward(cluster: "Cluster", health: Health | None) -> None:
    """Raise Forbidden before anything is added, where a URL could not be asked."""
    from kubectl_stress.preflight.admission import require
    from kubectl_stress.preflight.permissions import PORT_FORWARD

    if isinstance(health, HealthUrl):
        require(cluster, PORT_FORWARD, cluster.namespace)


def _holder(given: dict[str, Any]) -> HolderSpec:
    """How the agent gets in; raises UsageError for what a search cannot do."""
    if given["record"] and given["resume"]:
        raise UsageError("--resume goes on recording to its own file: leave out --record")
    holder = holder_spec(given)
    if holder.join is Join.POD:
        raise UsageError("--join pod does not meet the container's limit: use exec or cgroup")
    return holder


def _recorded(path: str | None) -> "LimitRecord | None":
    from pathlib import Path

    from kubectl_stress.results.limit_record import read_limit_record

    return None if path is None else read_limit_record(Path(path).read_bytes())


def _decided(
    asked: Asked, given: dict[str, Any], target: "Target"
) -> "tuple[SearchSettings, Plan]":
    """The search and its first level, as far as the API alone tells; raises StressError."""
    from kubectl_stress.plan.decide import make_plan
    from kubectl_stress.search.ballasts import ballast_of

    join, ballast = holder_spec(given).join, ballast_of(asked.resource)
    ballast.refuse(target, join)
    settings = _settings(target, asked, given)
    load = ballast.load_of(settings.step, settings.hold_ms)
    return settings, make_plan(load, target, join=join)


def _ask(cluster: "Cluster", ref: TargetRef, asked: Asked, given: dict[str, Any]) -> "Ask":
    """What is searched for, in the target that is meant; raises StressError."""
    from kubectl_stress.operations.find_limit import Ask

    target, unseen = find_one(cluster, ref, given)
    tell_unseen(unseen, quiet=given["quiet"])
    settings, plan = _decided(asked, given, target)
    if not given["quiet"]:
        _tell_notes((hold_note(settings, target), *plan.notes))
    return Ask(
        plan,
        settings,
        tuple(asked.record.tries) if asked.record else (),
        asked.expected,
        asked.health,
        is_agreed=given["yes"],
    )


def _settings(target: "Target", asked: Asked, given: dict[str, Any]) -> "SearchSettings":
    """What is asked for, or of a search that goes on what was; raises UsageError."""
    from kubectl_stress.cli.resumed_search import resumed_settings

    settings = search_settings(given, target)
    if asked.expected is not None and asked.expected > settings.limit:
        text = settings.unit.text(settings.limit)
        raise UsageError(
            f"--expect-at-least {given['expect_at_least']}: more than the limit {text}, of which "
            f"the {settings.unit.load} takes a part"
        )
    if asked.record is None:
        return settings
    return resumed_settings(asked.record, settings, target, has_health=asked.health is not None)


def _tell_notes(notes: "Iterable[str | None]") -> None:
    for note in filter(None, notes):
        click.echo(f"note: {note}", err=True)


def _announcer(
    cluster: "Cluster", ask: "Ask", holder: HolderSpec, given: dict[str, Any]
) -> "Announcer":
    """Who announces it, once all that can be refused and asked before it is attached has been."""
    from kubectl_stress.plan.guards import questions
    from kubectl_stress.preflight.admission import check_admission
    from kubectl_stress.targets.kubelet_kills import SIGKILLED

    target, reaches = ask.plan.target, not ask.settings.avoids_oom
    found = introduce(
        cluster,
        [target.namespace],
        given,
        beside=lambda: check_admission(cluster, target, holder),
    )
    asked = questions(target, holder.join, may_reach_limit=reaches)
    if reaches and not target.is_restarted_after(SIGKILLED):
        asked += (
            f'container "{target.container}" is not restarted once it ends (restartPolicy '
            f"{target.restart_policy}), and the first level that does not fit may end it",
        )
    confirm(asked, yes=given["yes"])
    return found


def _search(
    cluster: "Cluster", ask: "Ask", holder: HolderSpec, *, given: dict[str, Any]
) -> "LimitResult":
    from kubectl_stress import __version__
    from kubectl_stress.clock import Clock
    from kubectl_stress.live.limit_recorder import recording_search
    from kubectl_stress.live.listeners import listening
    from kubectl_stress.operations.find_limit import FindLimit
    from kubectl_stress.session.event_loop import EventLoop

    path, color = given["resume"] or given["record"], wants_color(given["color"])
    quiet, output = given["quiet"], given["output"]
    with (
        _announcer(cluster, ask, holder, given) as announcer,
        recording_search(path, is_resumed=given["resume"] is not None) as recorder,
        listening(quiet=quiet, output=output, color=color, now_ms=now_ms, is_search=True) as show,
    ):
        search = FindLimit(
            cluster,
            EventLoop(Clock(now_ms, time.sleep)),
            announcer=announcer,
            tell=show,
            confirm=partial(confirm, yes=given["yes"]),
            recorder=recorder,
        )
        found = search(ask, holder, __version__)
        recorder.finish(found)
    return found
