"""`kubectl stress check`: whether a run is possible, and what it will do."""

import time
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.connection_options import connection_options
from kubectl_stress.cli.holder_options import (
    holder_options,
    holder_spec,
    join_option,
)
from kubectl_stress.cli.output_options import output_options
from kubectl_stress.cli.selection_options import optional_targets
from kubectl_stress.cli.streams import terminal_width
from kubectl_stress.cli.target_options import local_selector_options, target_selection
from kubectl_stress.cli.wiring import connect, now_ms, teller
from kubectl_stress.errors import worst_exit_code

if TYPE_CHECKING:
    from kubectl_stress.kube.connection import ConnectionFlags
    from kubectl_stress.results.check_result import Checkup
    from kubectl_stress.targets.target_selection import TargetSelection


@click.command()
@optional_targets
@local_selector_options
@click.option(
    "--probe",
    "with_probe",
    is_flag=True,
    help="Attach an ephemeral container to read what the API server cannot tell",
)
@join_option
@holder_options
@output_options
@connection_options
def check(flags: "ConnectionFlags", targets: tuple[str, ...], **given: Any) -> None:
    """Check whether a run on each TARGET is possible, and predict what happens at its limit.

    All pods of an owner, and all that -l selects, are checked.

    Permissions, limits, probes, autoscalers and disruption budgets are read from the API server.
    Without --probe nothing is attached: the cgroup version, memory.oom.group, processes, who would
    die first and the node's headroom are then assumed or unknown, and marked so.

    Exit codes: 0 a run is possible, 1 it is not (a missing permission, a target that cannot be
    loaded, or a refusal by admission), 2 usage, 5 a guard would refuse it (no memory limit without
    --force, too little headroom).

    \b
    kubectl stress check deploy/hello
    kubectl stress check web-0 --probe -o yaml
    """
    from kubectl_stress.formats.check_text import render_check

    checkups = _check(flags, target_selection(targets, given), given)
    click.echo(render_check(checkups, given["output"], width=terminal_width()))
    click.get_current_context().exit(worst_exit_code({one.exit_code for one in checkups}))


def _check(
    flags: "ConnectionFlags", asked: "TargetSelection", given: dict[str, Any]
) -> "list[Checkup]":
    from kubectl_stress.clock import Clock
    from kubectl_stress.operations.check import Check, Question
    from kubectl_stress.preflight.find_targets import refs_of_pods

    tell, clock = teller(quiet=given["quiet"]), Clock(now_ms, time.sleep)
    cluster = connect(flags)
    check_one = Check(cluster, holder_spec(given), clock=clock, tell=tell)
    with_probe, wait_ms = given["with_probe"], given["wait"]
    return [
        check_one(Question(ref, given["container"], with_probe=with_probe, wait_ms=wait_ms))
        for ref in refs_of_pods(cluster, asked)
    ]
