"""`kubectl stress mem`: words to values, values to the pipeline.

Imports of the cluster stand inside the functions, so that `--help` stays quick.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.connection_options import connection_options
from kubectl_stress.cli.copy_option import copy_option
from kubectl_stress.cli.follow_option import check_follow, follow_option
from kubectl_stress.cli.holder_options import holder_options, holder_spec, join_option
from kubectl_stress.cli.load_options import load_options
from kubectl_stress.cli.memory_options import memory_options
from kubectl_stress.cli.output_options import MANIFEST, load_output_options
from kubectl_stress.cli.selection_options import optional_targets
from kubectl_stress.cli.target_options import target_options, target_selection, together_options
from kubectl_stress.cli.wiring import connect

if TYPE_CHECKING:
    from kubectl_stress.kube.connection import ConnectionFlags


@click.command()
@optional_targets
@target_options
@memory_options
@load_options
@together_options
@follow_option
@copy_option
@join_option
@holder_options
@load_output_options
@connection_options
def mem(flags: "ConnectionFlags", targets: tuple[str, ...], **given: Any) -> None:
    """Load a container's memory in its own cgroup, show what happens, and judge it.

    The size is the total of all workers. Ctrl-C releases the load at once.

    Several TARGETs, all pods of an owner, or pods selected with -l are loaded at the same time,
    each with this size; --mode chooses some of them. The exit code is then the worst of all.

    \b
    kubectl stress mem deploy/hello --size 50Mi --duration 20s
    kubectl stress mem hello -c app --size 120% --expect oom --yes
    kubectl stress mem -l app=web --mode fixed --value 2 --size 80% --yes
    kubectl stress mem deploy/hello --copy --to 95%
    """
    from kubectl_stress.cli.mem_spec import mem_spec
    from kubectl_stress.cli.print_manifest import print_manifest
    from kubectl_stress.cli.run_selection import run_selection
    from kubectl_stress.plan.memory import is_page_cache

    asked, spec = target_selection(targets, given), mem_spec(given)
    check_follow(asked, spec, given)
    holder = replace(holder_spec(given), is_writable=is_page_cache(spec))
    cluster = connect(flags)
    if given["output"] == MANIFEST:
        print_manifest(cluster, asked, spec, given)
        return
    click.get_current_context().exit(run_selection(cluster, asked, spec, holder, given))
