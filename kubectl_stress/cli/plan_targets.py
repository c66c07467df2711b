"""From a selection to the plans of its targets: permissions, finding, waiting, deciding."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from kubectl_stress.cli.wiring import now_ms, teller
from kubectl_stress.errors import StressError

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.plan.holder_spec import HolderSpec
    from kubectl_stress.plan.plan import Plan
    from kubectl_stress.plan.spec import LoadSpec
    from kubectl_stress.preflight.find_targets import Chosen
    from kubectl_stress.preflight.permissions import Permission
    from kubectl_stress.targets.ref import TargetRef
    from kubectl_stress.targets.target import Target
    from kubectl_stress.targets.target_selection import TargetSelection


Found = TypeVar("Found")


class Planned(NamedTuple):
    """A target, and what will be done to it, or why nothing can be."""

    target: "Target"
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

    chosen = waiting_for(find, given)
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

    unseen, found = both(lambda: check_permissions(cluster, ref, namespace), as_it_runs)
    target = found or find_and_wait(
        cluster,
        ref,
        container,
        wait_ms=given["wait"],
        clock=Clock(now_ms, time.sleep),
        tell=teller(quiet=given["quiet"]),
    )
    return target, unseen


def waiting_for(find: Callable[[], Found], given: dict[str, Any]) -> Found:
    """What is found as soon as it runs, for as long as --wait says."""
    from kubectl_stress.clock import Clock
    from kubectl_stress.preflight.wait_for_target import wait_for

    clock, tell = Clock(now_ms, time.sleep), teller(quiet=given["quiet"])
    return wait_for(find, wait_ms=given["wait"], clock=clock, tell=tell)


def check_permissions_of(cluster: "Cluster", selection: "TargetSelection", *, quiet: bool) -> None:
    """Ask once for each kind of target; raises Forbidden."""
    from kubectl_stress.preflight.admission import check_permissions
    from kubectl_stress.targets.ref import TargetRef

    kinds = dict.fromkeys(ref.kind for ref in selection.refs) or {"pod": None}
    namespace = None if selection.all_namespaces else cluster.namespace
    for kind in kinds:
        unseen = check_permissions(cluster, TargetRef(kind, ""), namespace)
    tell_unseen(unseen, quiet=quiet)


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
    names = few_of([target.pod for target in chosen.targets], 20)
    if selection.choice is not None and chosen.candidates > len(chosen.targets):
        click.echo(
            f"mode {selection.choice} chose {len(chosen.targets)} of {chosen.candidates} pods of "
            f"{selection} (--seed {seed} repeats it): {names}",
            err=True,
        )
    elif len(chosen.targets) > len(selection.refs):
        count = len(chosen.targets)
        whole = "the only pod" if count == 1 else f"all {count} pods"
        click.echo(f"{whole} of {selection}: {names}", err=True)


def plan_each(
    targets: "Sequence[Target]", spec: "LoadSpec", holder: "HolderSpec", given: dict[str, Any]
) -> list[Planned]:
    """The plan of each; one that is refused stops the run, unless --keep-going leaves it out."""
    from kubectl_stress.plan.decide import make_plan

    planned = []
    for target in targets:
        try:
            plan = make_plan(spec, target, force=given["force"], join=holder.join)
        except StressError as error:
            if not given["keep_going"]:
                raise
            planned.append(Planned(target, error))
        else:
            planned.append(Planned(target, plan))
    return planned
