"""`kubectl stress run`: StressChaos manifests, without Chaos Mesh."""

import click

from kubectl_stress.errors import UsageError
from kubectl_stress.formats.serialize import DATA_FORMATS
from kubectl_stress.plan.amount import ShareBase


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
    required=True,
    expose_value=False,
    help="Check the manifests and run nothing; no cluster is needed",
)
@click.option(
    "--percent-of",
    type=click.Choice([ShareBase.LIMIT.value, ShareBase.NODE.value]),
    default=ShareBase.LIMIT.value,
    show_default=True,
    help="What a size like 50% is a share of; Chaos Mesh takes the node's memory",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(("table", *DATA_FORMATS)),
    default="table",
    show_default=True,
    help="Output format",
)
def run(names: tuple[str, ...], percent_of: str, output: str) -> None:
    """Check Chaos Mesh StressChaos manifests (YAML or JSON) as they stand, without Chaos Mesh.

    Errors keep an experiment from running here. Warnings and notes say what Chaos Mesh ignores,
    refuses or reads differently from what is written.

    Exit codes: 0 no errors, 2 errors in a manifest.

    \b
    kubectl stress run -f memory.yaml --lint
    kubectl get stresschaos -A -o yaml | kubectl stress run -f - --lint -o json
    """
    from kubectl_stress.cli.manifest_files import read_files
    from kubectl_stress.formats.lint_text import render_lint
    from kubectl_stress.manifest.manifests import read_manifest

    base = ShareBase(percent_of)
    manifests = [read_manifest(name, data, base) for name, data in read_files(names)]
    click.echo(render_lint(manifests, output))
    if any(one.has_errors for one in manifests):
        click.get_current_context().exit(UsageError.exit_code)
