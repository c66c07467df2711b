"""The experiments of some manifests, from their selectors to one report."""

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.holder_options import holder_spec
from kubectl_stress.cli.plan_targets import (
    Planned,
    once_they_run,
    plan_each,
    refuse_problems,
    tell_unseen,
)
from kubectl_stress.cli.run_many import carry_out_many
from kubectl_stress.cli.run_selection import prepare, run_one
from kubectl_stress.cli.stop_on_option import pressure_percent, stop_on
from kubectl_stress.cli.target_options import seed_of
from kubectl_stress.cli.wiring import connect
from kubectl_stress.errors import Forbidden, SeveralProblems, StressError, TargetError, UsageError
from kubectl_stress.manifest.manifests import Manifest
from kubectl_stress.manifest.memory_load import load_spec
from kubectl_stress.manifest.stresschaos import Experiment
from kubectl_stress.plan.decide import size_notes
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.targets.chosen_containers import ChosenContainers, chosen_containers
from kubectl_stress.targets.place import Place
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.selector import PodSelector
from kubectl_stress.text import few_of

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.kube.connection import ConnectionFlags
    from kubectl_stress.plan.holder_spec import HolderSpec
    from kubectl_stress.preflight.find_targets import Chosen


def run_experiments(
    flags: "ConnectionFlags", manifests: Sequence[Manifest], given: dict[str, Any]
) -> int:
    """The exit code of all of them, at the same time; raises StressError."""
    experiments = _experiments(manifests)
    _refuse_other_namespace(flags, experiments)
    cluster, seed = connect(flags), seed_of(given)
    found = [_attempt(cluster, experiment, seed, given) for experiment in experiments]
    first = found[0]
    if len(found) == 1 and isinstance(first, ChosenContainers) and len(first.containers) == 1:
        return _run_one(flags, cluster, experiments[0], first, given)
    both = list(zip(experiments, found, strict=True))
    without = [(one, error) for one, error in both if isinstance(error, TargetError)]
    problems = [(_name(experiment), error) for experiment, error in without]
    refuse_problems(problems, len(found), keep_going=True)
    chosen = [(one, pods) for one, pods in both if isinstance(pods, ChosenContainers)]
    _check_permissions(cluster, [pods for _one, pods in chosen], quiet=given["quiet"])
    holder = holder_spec(given)
    # What keeps the run from starting anyway is told without a wait, with all that else does.
    asked = given if given["keep_going"] or not without else {**given, "wait": 0}
    each = [(one, _planned(cluster, one, containers, holder, asked)) for one, containers in chosen]
    _refuse_twice(each)
    planned = [_asking(one) for _experiment, of_it in each for one in of_it]
    planned += [Planned(_place(cluster, experiment), error) for experiment, error in without]
    return carry_out_many(cluster, planned, holder, given=given)


def _planned(
    cluster: "Cluster",
    experiment: Experiment,
    containers: ChosenContainers,
    holder: "HolderSpec",
    given: dict[str, Any],
) -> list[Planned]:
    targets = once_they_run(partial(_targets, cluster, containers, given), given)
    return plan_each(targets, _spec(experiment, given), holder, given)


def _attempt(
    cluster: "Cluster", experiment: Experiment, seed: int, given: dict[str, Any]
) -> ChosenContainers | TargetError:
    try:
        return _chosen(cluster, experiment, seed, given)
    except TargetError as error:
        return error


def _name(experiment: Experiment) -> str:
    return f"stresschaos/{experiment.name}"


def _place(cluster: "Cluster", experiment: Experiment) -> Place:
    """That of an experiment which means no pod."""
    return Place(experiment.namespace or cluster.namespace, _name(experiment), "", "")


def _experiments(manifests: Sequence[Manifest]) -> list[Experiment]:
    """Those that can be run; raises UsageError."""
    found = [experiment for one in manifests for experiment in one.experiments]
    if not found:
        raise UsageError("no StressChaos in these manifests")
    return found


def _refuse_other_namespace(flags: "ConnectionFlags", experiments: Sequence[Experiment]) -> None:
    """As kubectl refuses to apply an object to another namespace than its own."""
    for one in experiments:
        if flags.namespace and one.namespace and flags.namespace != one.namespace:
            raise UsageError(
                f'the namespace "{one.namespace}" of {one} does not match the namespace '
                f'"{flags.namespace}": pass --namespace={one.namespace}, or leave it out'
            )


def _spec(experiment: Experiment, given: dict[str, Any]) -> LoadSpec:
    signs = given["stop_on"]
    spec = load_spec(experiment)
    return replace(spec, stop_on=stop_on(signs), pressure_percent=pressure_percent(signs))


def _run_one(
    flags: "ConnectionFlags",
    cluster: "Cluster",
    experiment: Experiment,
    chosen: ChosenContainers,
    given: dict[str, Any],
) -> int:
    """One container is shown as `mem` shows it."""
    ((pod, container),) = chosen.containers
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    if namespace != cluster.namespace:
        cluster = connect(replace(flags, namespace=namespace))
    ref, holder = TargetRef("pod", name), holder_spec(given)
    given = {**given, "container": container}
    plan = _with_question(prepare(cluster, ref, _spec(experiment, given), holder, given=given))
    return run_one(cluster, plan, holder, ref, given=given)


def _chosen(
    cluster: "Cluster", experiment: Experiment, seed: int, given: dict[str, Any]
) -> ChosenContainers:
    from kubectl_stress.preflight.select_pods import select_pods

    selector = experiment.selector_in(cluster.namespace)
    pods = select_pods(cluster, selector)
    if not pods:
        raise TargetError(_no_match(experiment, selector))
    if not given["quiet"]:
        _tell_unfound(experiment, selector.unfound(pods))
    chance = random.Random(seed)
    found = chosen_containers(pods, experiment.choice, experiment.containers, chance.randrange)
    if not given["quiet"]:
        _tell_choice(experiment, found, seed)
    return found


def _no_match(experiment: Experiment, selector: PodSelector) -> str:
    if selector.pods:
        return f"none of the pods that spec.selector of {experiment} names exists"
    spaces = ", ".join(f'"{name}"' for name in selector.namespaces)
    only = "" if experiment.selector.namespaces else ", which names no other namespace"
    return f"no pod in namespace {spaces} matches spec.selector of {experiment}{only}"


def _tell_unfound(experiment: Experiment, unfound: Sequence[tuple[str, str]]) -> None:
    for namespace, name in unfound:
        click.echo(
            f'{experiment.file}:{experiment.line}: warning: spec.selector.pods: pod "{name}" not '
            f'found in namespace "{namespace}"; left out, as by Chaos Mesh',
            err=True,
        )


def _tell_choice(experiment: Experiment, found: ChosenContainers, seed: int) -> None:
    pods = found.pods
    if shortage := experiment.choice.shortage(found.candidates):
        click.echo(f"note: {experiment}: {shortage}", err=True)
    if found.is_by_chance:
        count = f'pod "{pods[0]}"' if len(pods) == 1 else f"{len(pods)}"
        names = "" if len(pods) == 1 else f": {few_of(pods, 20)}"
        click.echo(
            f"mode {experiment.choice} chose {count} of {found.candidates} selected pods "
            f"(--seed {seed} repeats it){names}",
            err=True,
        )
    elif len(pods) > 1:
        click.echo(f"{experiment.name}: all {len(pods)} pods: {few_of(pods, 20)}", err=True)


def _check_permissions(
    cluster: "Cluster", chosen: Sequence[ChosenContainers], *, quiet: bool
) -> None:
    """Once for each namespace; raises SeveralProblems with what is missing in each."""
    from kubectl_stress.preflight.admission import check_permissions
    from kubectl_stress.preflight.permissions import Permission

    found = (pod["metadata"]["namespace"] for one in chosen for pod, _ in one.containers)
    refusals, unseen = list[Forbidden](), list[Permission]()
    for namespace in dict.fromkeys(found):
        try:
            unseen += check_permissions(cluster, ["pod"], namespace)
        except Forbidden as error:
            refusals.append(error)
    if refusals:
        raise SeveralProblems("\n  ".join(map(str, refusals)), refusals)
    tell_unseen(list(dict.fromkeys(unseen)), quiet=quiet)


def _targets(cluster: "Cluster", chosen: ChosenContainers, given: dict[str, Any]) -> "Chosen":
    """The containers as targets, as they are now."""
    from kubectl_stress.preflight.find_targets import target_of_each

    # Without a wait they are as they were a moment ago.
    return target_of_each(cluster, chosen.containers, read_again=bool(given["wait"]))


def _refuse_twice(each: Sequence[tuple[Experiment, Sequence[Planned]]]) -> None:
    """Raise UsageError where two experiments would load the same container."""
    seen = dict[Place, Experiment]()
    for experiment, planned in each:
        for place, _ in planned:
            if place in seen:
                raise UsageError(
                    f"{seen[place]} and {experiment} would both load {place}: run one after the "
                    "other"
                )
            seen[place] = experiment


def _asking(planned: Planned) -> Planned:
    place, plan = planned
    return planned if isinstance(plan, StressError) else Planned(place, _with_question(plan))


def _with_question(plan: Plan) -> Plan:
    """A size in a file was not typed for this container: what is sure to kill it is asked for."""
    limit = plan.target.effective_limit_bytes
    if plan.size_bytes is None or limit is None or plan.size_bytes < limit:
        return plan
    question = f'{size_notes(plan)} is more than container "{plan.target.container}" can hold'
    return replace(plan, questions=(*plan.questions, f"{question}: it will be OOM-killed"))
