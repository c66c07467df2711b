"""`kubectl stress image`: where the agent's image is, and how it gets to one's own registry."""

from pathlib import Path

import click

from kubectl_stress.cli.param_types import IMAGE, NEW_FILE
from kubectl_stress.errors import StressError


@click.group(invoke_without_command=True)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format",
)
@click.pass_context
def image(context: click.Context, output: str) -> None:
    """Print the agent's image, its digest, and the commands that copy it to a registry of yours.

    \b
    kubectl stress image
    kubectl stress image save agent.tar
    """
    if context.invoked_subcommand is not None:
        return
    from kubectl_stress.agent.image import DEFAULT_IMAGE, DIGEST
    from kubectl_stress.formats.image_text import image_text
    from kubectl_stress.formats.serialize import json_line
    from kubectl_stress.injection.carried_image import carried_digest

    carried = carried_digest()
    if output == "json":
        values = {
            "reference": DEFAULT_IMAGE,
            "digest": DIGEST or carried,
            "isReleased": bool(DIGEST),
        }
        click.echo(json_line(values))
    else:
        click.echo(image_text(DEFAULT_IMAGE, DIGEST, carried))


@image.command(short_help="Write the image as an OCI archive")
@click.argument("file", metavar="FILE", type=NEW_FILE)
@click.option("--name", type=IMAGE, metavar="IMAGE", help="Name of the image in the archive")
def save(file: str, name: str | None) -> None:
    """Write the image that this program carries to a new FILE, as an OCI archive.

    Nodes load it without a registry. The pull policy must then not be Always.

    \b
    kubectl stress image save agent.tar
    ctr -n k8s.io images import agent.tar
    kind load image-archive agent.tar
    """
    from kubectl_stress import __version__
    from kubectl_stress.agent.image import REPOSITORY, full_name
    from kubectl_stress.injection.carried_image import archive_named

    full = full_name(name or f"{REPOSITORY}:{__version__}")
    try:
        Path(file).write_bytes(archive_named(full))
    except OSError as error:
        raise StressError(f"cannot write {file}: {error.strerror}") from error
    click.echo(f"{file}: {full}", err=True)
