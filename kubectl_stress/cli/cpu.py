"""`kubectl stress cpu`: words to values, values to the pipeline."""

from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.connection_options import connection_options
from kubectl_stress.cli.copy_option import copy_option
from kubectl_stress.cli.cpu_options import cpu_options
from kubectl_stress.cli.follow_option import check_follow, follow_option
from kubectl_stress.cli.holder_options import holder_options, holder_spec, join_option
from kubectl_stress.cli.load_options import load_options
from kubectl_stress.cli.output_options import MANIFEST, load_output_options
from kubectl_stress.cli.selection_options import optional_targets
from kubectl_stress.cli.target_options import target_options, target_selection, together_options
from kubectl_stress.cli.wiring import connect

if TYPE_CHECKING:
    from kubectl_stress.kube.connection import ConnectionFlags


@click.command()
@optional_targets
@target_options
@cpu_options
@load_options
@together_options
@follow_option
@copy_option
@join_option
@holder_options
@load_output_options
@connection_options
def cpu(flags: "ConnectionFlags", targets: tuple[str, ...], **given: Any) -> None:
    """Load a container's CPU in its own cgroup, show what happens, and judge it.

    The load is the total of all workers, the agent's own use included. Ctrl-C ends it at once.

    Several TARGETs, all pods of an owner, or pods selected with -l are loaded at the same time,
    each with this load; --mode chooses some of them. The exit code is then the worst of all.

    \b
    kubectl stress cpu deploy/hello --load 50% --duration 20s
    kubectl stress cpu hello -c app --load 100% --expect throttle
    """
    from kubectl_stress.cli.cpu_spec import cpu_spec
    from kubectl_stress.cli.print_manifest import print_manifest
    from kubectl_stress.cli.run_selection import run_selection

    asked, spec = target_selection(targets, given), cpu_spec(given)
    check_follow(asked, spec, given)
    cluster = connect(flags)
    if given["output"] == MANIFEST:
        print_manifest(cluster, asked, spec, given)
        return
    given["force"] = False  # nothing of a CPU load is refused that it could allow
    code = run_selection(cluster, asked, spec, holder_spec(given), given)
    click.get_current_context().exit(code)
