"""`-o manifest`: the StressChaos that asks for the same load, for Git or for Chaos Mesh."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.targets.target_selection import TargetSelection

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster


def print_manifest(
    cluster: "Cluster", asked: TargetSelection, spec: LoadSpec, given: Mapping[str, Any]
) -> None:
    """Print it, and on stderr what Chaos Mesh would make of it that is not the same."""
    from kubectl_stress.formats.serialize import to_yaml
    from kubectl_stress.manifest.memory_load import stressors
    from kubectl_stress.manifest.stresschaos import Experiment
    from kubectl_stress.manifest.writer import stress_chaos
    from kubectl_stress.preflight.find_selection import find_selection
    from kubectl_stress.targets.choose import Choice, Mode

    if given["copy"]:
        raise UsageError("a StressChaos cannot load a copy: leave out --copy or -o manifest")
    if given["follow"]:
        raise UsageError("a StressChaos cannot express --follow: leave out --follow or -o manifest")
    memory, cpu = stressors(spec)
    found = find_selection(cluster, asked)
    experiment = Experiment(
        line=1,
        name="-".join([found.name, *(["memory"] if memory else []), *(["cpu"] if cpu else [])]),
        namespace=cluster.namespace,
        selector=found.selector,
        choice=asked.choice or Choice(Mode.ALL),
        containers=(found.container,),
        duration_ms=spec.schedule.duration_ms,
        memory=memory,
        cpu=cpu,
    )
    click.echo(to_yaml(stress_chaos(experiment)))
    _tell_base(memory.amount if memory else None)


def _tell_base(amount: Amount | None) -> None:
    if amount is None:
        return
    if amount.base is ShareBase.LIMIT:
        click.echo(f"note: {_OF_LIMIT.format(amount.text)}", err=True)
    elif amount.base is ShareBase.NODE:
        click.echo("note: kubectl stress run needs --percent-of node for this size", err=True)


_OF_LIMIT = (
    "{} is of the container's limit for kubectl stress run, but of the node's memory for Chaos Mesh"
)
