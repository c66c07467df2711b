"""`kubectl stress run`: StressChaos manifests, without Chaos Mesh."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.connection_options import connection_options
from kubectl_stress.cli.holder_options import agent_options, join_option
from kubectl_stress.cli.load_options import run_options
from kubectl_stress.cli.manifest_progress import ManifestProgress
from kubectl_stress.cli.memory_options import force_option
from kubectl_stress.cli.output_options import output_options
from kubectl_stress.cli.stop_on_option import stop_on_option
from kubectl_stress.cli.target_options import seed_option, together_options
from kubectl_stress.cli.wiring import now_ms, teller
from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import ShareBase

if TYPE_CHECKING:
    from kubectl_stress.kube.connection import ConnectionFlags
    from kubectl_stress.manifest.manifests import Manifest


@click.command()
@click.option(
    "-f",
    "--filename",
    "names",
    multiple=True,
    required=True,
    type=click.Path(allow_dash=True),
    metavar="FILE",
    help="Manifest, folder of manifests, or - for stdin; may be repeated",
)
@click.option(
    "--lint",
    is_flag=True,
    help="Check the manifests and run nothing; no cluster is needed",
)
@click.option(
    "--percent-of",
    type=click.Choice([ShareBase.LIMIT.value, ShareBase.NODE.value]),
    default=ShareBase.LIMIT.value,
    show_default=True,
    help="What a percentage like 50% refers to; Chaos Mesh uses the node's memory",
)
@seed_option
@stop_on_option
@run_options
@together_options
@force_option
@join_option
@agent_options
@output_options
@connection_options
def run(flags: "ConnectionFlags", names: tuple[str, ...], percent_of: str, **given: Any) -> None:
    """Run the memory and CPU loads of a Chaos Mesh StressChaos (YAML or JSON) without Chaos Mesh.

    The manifest is read as it stands, with any mode. All pods of all manifests are loaded at the
    same time; the exit code is the worst of all.

    With --lint, check any number of manifests and run nothing. Errors keep an experiment from
    running here (exit code 2). Warnings and notes say what Chaos Mesh ignores, refuses or reads
    differently from what is written.

    \b
    kubectl stress run -f memory.yaml
    kubectl stress run -f memory.yaml --lint
    kubectl get stresschaos -A -o yaml | kubectl stress run -f - --lint -o json
    """
    from kubectl_stress.cli.manifest_files import read_files
    from kubectl_stress.manifest.manifests import read_manifest

    base, seen = ShareBase(percent_of), ManifestProgress(teller(quiet=given["quiet"]), now_ms)
    manifests = [read_manifest(name, data, base, seen) for name, data in read_files(names)]
    code = _lint(manifests, given["output"]) if given["lint"] else _run(flags, manifests, given)
    click.get_current_context().exit(code)


def _lint(manifests: "Sequence[Manifest]", output: str) -> int:
    from kubectl_stress.formats.lint_text import render_lint

    if text := render_lint(manifests, output):
        click.echo(text)
    return UsageError.exit_code if any(one.has_errors for one in manifests) else 0


def _run(
    flags: "ConnectionFlags", manifests: "Sequence[Manifest]", given: Mapping[str, Any]
) -> int:
    from kubectl_stress.cli.run_experiments import run_experiments
    from kubectl_stress.formats.lint_text import lines_before_run

    has_errors = any(one.has_errors for one in manifests)
    if has_errors or not given["quiet"]:
        for line in lines_before_run(manifests):
            click.echo(line, err=True)
    if has_errors:
        raise UsageError("nothing was run: correct the errors above")
    return run_experiments(flags, manifests, dict(given))
