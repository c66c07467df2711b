"""How a command prints its answer: -o, -q and --color."""

import os
from collections.abc import Sequence

import click

from kubectl_stress.cli.param_types import Command, Option, with_options
from kubectl_stress.formats.names import FORMATS

quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print no progress, only errors")

MANIFEST = "manifest"
# What a finished report can also be.
DOCUMENTS = ("markdown", "junit", "html")

_COLOR = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="When to use color; auto honors NO_COLOR",
)


def output_options(command: Command) -> Command:
    """Add -o, -q and --color."""
    return with_options(command, (_output(FORMATS, "Output format"), quiet_option, _COLOR))


def load_output_options(command: Command) -> Command:
    """As `output_options`, with `-o manifest` for what a StressChaos can express."""
    text = "Output format; manifest prints the equivalent StressChaos and runs nothing"
    return with_options(command, (_output((*FORMATS, MANIFEST), text), quiet_option, _COLOR))


def report_output_options(command: Command) -> Command:
    """As `output_options`, with the formats of a finished report, and without -q."""
    formats = (*FORMATS, *DOCUMENTS)
    return with_options(command, (_output(formats, "Output format"), _COLOR))


def _output(formats: Sequence[str], text: str) -> Option[Command]:
    return click.option(
        "-o",
        "--output",
        type=click.Choice(formats),
        default="table",
        show_default=True,
        help=text,
    )


def wants_color(choice: str, environ: dict[str, str] | None = None) -> bool | None:
    """True or False where it was said, None to judge by the terminal.

    --color stands above NO_COLOR (https://no-color.org: any value that is not empty).
    """
    if choice != "auto":
        return choice == "always"
    values = os.environ if environ is None else environ
    return False if values.get("NO_COLOR") else None
