"""The only experiment of some manifests, from its selector to its report."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.holder_options import holder_spec
from kubectl_stress.cli.mem import prepare, print_dry_run, run_plan
from kubectl_stress.cli.stop_on_option import pressure_percent, stop_on
from kubectl_stress.cli.wiring import connect
from kubectl_stress.errors import TargetError, UsageError
from kubectl_stress.manifest.manifests import Manifest
from kubectl_stress.manifest.memory_load import load_spec
from kubectl_stress.manifest.stresschaos import Experiment
from kubectl_stress.plan.decide import size_notes
from kubectl_stress.plan.plan import Plan
from kubectl_stress.preflight.select_pods import select_pods
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.single import Single, single

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.kube.connection import ConnectionFlags

_SEEDS = 1 << 32


def only_experiment(manifests: Sequence[Manifest]) -> Experiment:
    """The one that can be run; raises UsageError."""
    found = [(one.file, experiment) for one in manifests for experiment in one.experiments]
    if not found:
        raise UsageError("no StressChaos in these manifests")
    if len(found) > 1:
        where = ", ".join(f"{file}:{experiment.line}" for file, experiment in found)
        raise UsageError(f"{len(found)} experiments ({where}): run them one at a time")
    ((file, experiment),) = found
    if experiment.cpu is not None:
        raise UsageError(f"{file}:{experiment.line}: a CPU stressor cannot be run yet: remove it")
    return experiment


def run_experiment(flags: "ConnectionFlags", experiment: Experiment, given: dict[str, Any]) -> int:
    """Its exit code; raises StressError where it could not be run."""
    cluster = connect(flags)
    target = _target(cluster, experiment, given)
    if target.namespace != cluster.namespace:
        cluster = connect(replace(flags, namespace=target.namespace))
    ref, holder = TargetRef("pod", target.pod), holder_spec(given)
    given = {**given, "container": target.container, "ref": ref}
    signs = given["stop_on"]
    spec = replace(
        load_spec(experiment), stop_on=stop_on(signs), pressure_percent=pressure_percent(signs)
    )
    plan = _asking(prepare(cluster, ref, spec, holder, given=given))
    if given["dry_run"] != "none":
        print_dry_run(cluster, plan, holder, given=given)
        return 0
    return run_plan(cluster, plan, holder, given=given).exit_code


def _target(cluster: "Cluster", experiment: Experiment, given: dict[str, Any]) -> Single:
    selector = experiment.selector_in(cluster.namespace)
    pods = select_pods(cluster, selector)
    if not pods:
        own = "" if experiment.selector.namespaces else ", since spec.selector has no namespaces"
        namespaces = ", ".join(selector.namespaces)
        raise TargetError(f"no pod in namespace {namespaces} matches spec.selector{own}")
    seed = random.randrange(_SEEDS) if given["seed"] is None else given["seed"]
    chance = random.Random(seed)
    found = single(pods, experiment.choice, experiment.containers, chance.randrange)
    if found.is_by_chance and not given["quiet"]:
        pod = f'pod "{found.pod}" of {found.candidates} selected pods'
        click.echo(f"mode {experiment.choice} chose {pod} (--seed {seed} repeats it)", err=True)
    return found


def _asking(plan: Plan) -> Plan:
    """A size in a file was not typed for this container: what is sure to kill it is asked for."""
    limit = plan.target.effective_limit_bytes
    if plan.size_bytes is None or limit is None or plan.size_bytes < limit:
        return plan
    question = f'{size_notes(plan)} is more than container "{plan.target.container}" can hold'
    return replace(plan, questions=(*plan.questions, f"{question}: it will be OOM-killed"))
