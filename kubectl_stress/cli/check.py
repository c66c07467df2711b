"""`kubectl stress check`: what a run would need and meet, without one."""

import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.connection_options import connection_options
from kubectl_stress.cli.options import (
    holder_options,
    holder_spec,
    join_option,
    output_options,
    several_targets,
)
from kubectl_stress.cli.wiring import connect, now_ms, teller
from kubectl_stress.targets.ref import TargetRef

if TYPE_CHECKING:
    from kubectl_stress.kube.connection import ConnectionFlags


@click.command()
@several_targets
@click.option(
    "--probe",
    "with_probe",
    is_flag=True,
    help="Attach an ephemeral container and read what only an agent can, instead of assuming it",
)
@join_option
@holder_options
@output_options
@connection_options
def check(flags: "ConnectionFlags", targets: tuple[str, ...], **given: Any) -> None:
    """Say whether a run on each TARGET is possible, and what will happen at its memory limit.

    Permissions, limits, probes, autoscalers and disruption budgets are read from the API server.
    Nothing is attached without --probe: cgroup version, memory.oom.group, processes, who would die
    first and the node's headroom are then marked as assumed or unknown.

    \b
    Exit codes: 0 a run is possible, otherwise the code that it would end with: 1 it could not run
    (a permission, the target or admission), 5 a guard would refuse it (no limit without --force,
    little headroom). 2 is for usage.

    \b
    kubectl stress check deploy/hello
    kubectl stress check web-0 --probe -o yaml
    """
    from kubectl_stress.clock import Clock
    from kubectl_stress.formats.check_text import render_check
    from kubectl_stress.operations.check import Check, Question

    refs = [TargetRef.parse(target) for target in targets]
    clock = Clock(now_ms, time.sleep)
    question = Check(
        connect(flags), holder_spec(given), clock=clock, tell=teller(quiet=given["quiet"])
    )
    checkups = [
        question(
            Question(
                ref,
                given["container"],
                with_probe=given["with_probe"],
                wait_ms=given["wait"],
            )
        )
        for ref in dict.fromkeys(refs)
    ]
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(render_check(checkups, given["output"], width=width))
    sys.exit(max(checkup.exit_code for checkup in checkups))
