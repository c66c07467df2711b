"""`kubectl stress stop`: ends every load, wherever it was started from."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.connection_options import connection_options
from kubectl_stress.cli.holder_options import container_option
from kubectl_stress.cli.output_options import output_options
from kubectl_stress.cli.selection_options import selection, selection_options
from kubectl_stress.cli.wiring import connect, now_ms, teller
from kubectl_stress.errors import SeveralProblems, TargetError

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.kube.connection import ConnectionFlags
    from kubectl_stress.preflight.find_pods import FoundPods
    from kubectl_stress.results.stop_result import StopResult
    from kubectl_stress.targets.pod import Pod
    from kubectl_stress.targets.selection import Selection


@click.command()
@selection_options
@container_option
@output_options
@connection_options
def stop(flags: "ConnectionFlags", **given: Any) -> None:
    """Stop every running load of kubectl stress, wherever it was started from.

    Without TARGET, -l or -A it stops those of all pods in the namespace, with -c only those of the
    containers of that name. No process is started in the pods, so a container at its limit is safe.
    The ephemeral containers stay, for the next run.

    Copies that `--copy` made of these pods are stopped too. Without -c they are removed, including
    those left behind by a client that died.

    A run that is stopped in this way ends as inconclusive, and names who stopped it.

    Exit codes: 0 no load is left running, 1 a load may still be running, or a TARGET does not exist
    (those of the others are stopped), 2 usage.

    \b
    kubectl stress stop deploy/hello
    kubectl stress stop -l app=web -c app
    kubectl stress stop -A
    """
    from kubectl_stress.formats.stop_text import render_stop

    cluster = connect(flags)
    result = _stop(cluster, selection(given, cluster.namespace), given)
    if text := render_stop(result, given["output"]):
        click.echo(text)
    click.get_current_context().exit(result.exit_code)


def _stop(cluster: "Cluster", chosen: "Selection", given: Mapping[str, Any]) -> "StopResult":
    from kubectl_stress.clock import Clock
    from kubectl_stress.operations.copy import remove_copies
    from kubectl_stress.operations.stop import Stop
    from kubectl_stress.preflight.admission import require
    from kubectl_stress.preflight.at_once import both
    from kubectl_stress.preflight.find_pods import find_pods
    from kubectl_stress.preflight.identity import who_asks
    from kubectl_stress.preflight.permissions import stop_permissions
    from kubectl_stress.targets.pod import targetable
    from kubectl_stress.targets.pod_copy import is_copy

    by, _ = both(
        lambda: who_asks(cluster),
        lambda: require(cluster, stop_permissions(chosen), chosen.namespace),
    )
    found, name = find_pods(cluster, chosen), given["container"]
    pods, missing = _pods_and_missing(found, chosen, quiet=given["quiet"])
    known = {container["name"] for pod in pods for container in targetable(pod)}
    if name is not None and name not in known:
        raise TargetError(f'no container "{name}" in the selected pods')
    clock, tell = Clock(now_ms, time.sleep), teller(quiet=given["quiet"])
    result = Stop(cluster, by=by, clock=clock, tell=tell, container=name)(pods)
    if name is None:
        remove_copies(cluster, filter(is_copy, pods), tell)
    return replace(result, missing=missing)


def _pods_and_missing(
    found: "FoundPods", chosen: "Selection", *, quiet: bool
) -> tuple[Sequence["Pod"], Sequence[str]]:
    """Says at once what is not there: the others are stopped nevertheless. Raises if nothing is."""
    from kubectl_stress.plan.problems import problem_lines

    lines = problem_lines(found.missing)
    if lines and not found.pods:
        raise SeveralProblems("\n  ".join(lines), [error for _name, error in found.missing])
    for line in lines:
        click.echo(f"error: {line}", err=True)
    if chosen.labels and not found.pods and not quiet:
        click.echo(f"note: no pod {chosen.where} matches -l {chosen.labels}", err=True)
    return found.pods, lines
