"""From a selection to the plans of its targets: permissions, finding, waiting, deciding."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from kubectl_stress.cli.wiring import now_ms, teller
from kubectl_stress.errors import StressError

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.plan.holder_spec import HolderSpec
    from kubectl_stress.plan.plan import Plan
    from kubectl_stress.plan.problems import Problem
    from kubectl_stress.plan.spec import LoadSpec
    from kubectl_stress.preflight.find_targets import Chosen
    from kubectl_stress.preflight.permissions import Permission
    from kubectl_stress.targets.place import Place
    from kubectl_stress.targets.ref import TargetRef
    from kubectl_stress.targets.target import Target
    from kubectl_stress.targets.target_selection import TargetSelection


class Planned(NamedTuple):
    """Where a target is, and what will be done to it, or why nothing can be."""

    place: "Place"
    plan: "Plan | StressError"


def choose_targets(
    cluster: "Cluster", selection: "TargetSelection", *, seed: int, given: dict[str, Any]
) -> "Chosen":
    """The targets that are meant, once they run; says how they were chosen."""
    import random

    from kubectl_stress.preflight.find_targets import Chosen, find_targets

    check_permissions_of(cluster, selection, quiet=given["quiet"])

    def find() -> Chosen:
        chance = random.Random(seed)
        return find_targets(cluster, selection, chance.randrange)

    chosen = once_they_run(find, given)
    if not given["quiet"]:
        _tell_choice(chosen, selection, seed)
    return chosen


def find_one(
    cluster: "Cluster", ref: "TargetRef", given: Mapping[str, Any]
) -> "tuple[Target, Sequence[Permission]]":
    """The one target once it runs, and the optional rights that are missing; raises StressError."""
    from kubectl_stress.clock import Clock
    from kubectl_stress.errors import NotRunning
    from kubectl_stress.preflight.admission import check_permissions
    from kubectl_stress.preflight.at_once import both
    from kubectl_stress.preflight.find_target import find_target
    from kubectl_stress.preflight.wait_for_target import find_and_wait

    namespace, container = cluster.namespace, given["container"]

    def as_it_runs() -> "Target | None":
        try:
            return find_target(cluster, ref, namespace=namespace, container=container)
        except NotRunning:
            return None  # waited for below, as long as --wait says

    unseen, found = both(lambda: check_permissions(cluster, [ref.kind], namespace), as_it_runs)
    target = found or find_and_wait(
        cluster,
        ref,
        container,
        wait_ms=given["wait"],
        clock=Clock(now_ms, time.sleep),
        tell=teller(quiet=given["quiet"]),
    )
    return target, unseen


def once_they_run(find: "Callable[[], Chosen]", given: Mapping[str, Any]) -> "Chosen":
    """What is found once all of it runs, or as it is when --wait is over.

    Nothing is waited for where another problem keeps the targets from being loaded anyway.
    """
    from kubectl_stress.clock import Clock
    from kubectl_stress.errors import NotRunning
    from kubectl_stress.preflight.wait_for_target import wait_for

    latest: list[Chosen] = []

    def found_running() -> "Chosen":
        latest[:] = []
        latest[:] = [find()]
        problems = [one.problem for one in latest[0].missing]
        awaited = [problem for problem in problems if isinstance(problem, NotRunning)]
        if awaited and (given.get("keep_going") or len(awaited) == len(problems)):
            raise awaited[0]
        return latest[0]

    clock, tell = Clock(now_ms, time.sleep), teller(quiet=given["quiet"])
    try:
        return wait_for(found_running, wait_ms=given["wait"], clock=clock, tell=tell)
    except NotRunning:
        if not latest:
            raise
        return _after_wait(latest[0], given["wait"])


def _after_wait(chosen: "Chosen", wait_ms: int) -> "Chosen":
    """Whoever has waited is not advised to wait."""
    from dataclasses import replace

    from kubectl_stress.errors import NotRunning
    from kubectl_stress.quantity import format_duration

    def as_awaited(problem: StressError) -> StressError:
        if wait_ms and isinstance(problem, NotRunning):
            return problem.after(format_duration(wait_ms))
        return problem

    missing = tuple(replace(one, problem=as_awaited(one.problem)) for one in chosen.missing)
    return replace(chosen, missing=missing)


def check_permissions_of(cluster: "Cluster", selection: "TargetSelection", *, quiet: bool) -> None:
    """Ask once for all kinds of targets; raises Forbidden."""
    from kubectl_stress.preflight.admission import check_permissions

    kinds = dict.fromkeys(ref.kind for ref in selection.refs) or {"pod": None}
    namespace = None if selection.all_namespaces else cluster.namespace
    tell_unseen(check_permissions(cluster, kinds, namespace), quiet=quiet)


def tell_unseen(unseen: "Sequence[Permission]", *, quiet: bool) -> None:
    """Say which events will not be seen."""
    events = [permission for permission in unseen if permission.resource == "events"]
    if events and not quiet:
        words = ", ".join(str(permission) for permission in events)
        click.echo(f"note: continuing without events ({words} not allowed)", err=True)


def _tell_choice(chosen: "Chosen", selection: "TargetSelection", seed: int) -> None:
    from kubectl_stress.text import few_of

    for text in chosen.left_out:
        click.echo(f"note: left out: {text}", err=True)
    choice = selection.choice
    if choice is not None and (shortage := choice.shortage(chosen.candidates)):
        click.echo(f"note: {shortage}", err=True)
    names = few_of([target.pod for target in chosen.targets], 20)
    if choice is not None and chosen.candidates > len(chosen.targets):
        click.echo(
            f"mode {choice} chose {len(chosen.targets)} of {chosen.candidates} pods of "
            f"{selection} (--seed {seed} repeats it): {names}",
            err=True,
        )
    elif len(chosen.targets) > len(selection.refs):
        count = len(chosen.targets)
        whole = "the only pod" if count == 1 else f"all {count} pods"
        # Of several TARGETs one may not exist, or be a pod of another.
        what = f"{count} pods" if len(selection.refs) > 1 else f"{whole} of {selection}"
        click.echo(f"{what}: {names}", err=True)


def plan_each(
    chosen: "Chosen", spec: "LoadSpec", holder: "HolderSpec", given: Mapping[str, Any]
) -> list[Planned]:
    """The plan of each, or why it cannot be loaded; what is missing comes last."""
    from kubectl_stress.plan.decide import make_plan
    from kubectl_stress.targets.place import Place

    planned = []
    for target in chosen.targets:
        try:
            plan: Plan | StressError = make_plan(
                spec, target, force=given["force"], join=holder.join
            )
        except StressError as error:
            plan = error
        planned.append(Planned(Place.of(target), plan))
    return planned + [Planned(one.place, one.problem) for one in chosen.missing]


def refuse_problems(problems: "Sequence[Problem]", total: int, *, keep_going: bool = False) -> None:
    """Raise them as one, unless the rest of so many targets is to be loaded without them."""
    from kubectl_stress.plan.problems import whole_problem

    if problems and (len(problems) == total or not keep_going):
        raise whole_problem(problems, total)


def problems_of(planned: Sequence[Planned]) -> "list[Problem]":
    """The targets that cannot be loaded, by their pods, and why."""
    return [(one.place.pod, one.plan) for one in planned if isinstance(one.plan, StressError)]
