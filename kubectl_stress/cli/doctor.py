"""`kubectl stress doctor`: what is missing on this machine and in the cluster."""

import os
from typing import TYPE_CHECKING

import click

from kubectl_stress.cli.config_file import SettingOption
from kubectl_stress.cli.connection_options import connection_options
from kubectl_stress.cli.param_types import IMAGE
from kubectl_stress.cli.wiring import connect
from kubectl_stress.errors import StressError

if TYPE_CHECKING:
    from kubectl_stress.kube.connection import ConnectionFlags


@click.command()
@click.option(
    "--image",
    cls=SettingOption,
    type=IMAGE,
    metavar="IMAGE",
    envvar="KUBECTL_STRESS_IMAGE",
    help="Image of the agent, or target (also KUBECTL_STRESS_IMAGE)",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Output format",
)
@connection_options
def doctor(flags: "ConnectionFlags", image: str | None, output: str) -> None:
    """Check this machine and the cluster for what is missing, and say how to get it.

    Nothing is changed. Exit codes: 0 nothing needed is missing, 1 something is, 2 usage.

    \b
    kubectl stress doctor -n shop
    """
    from kubectl_stress.agent.image import DEFAULT_IMAGE
    from kubectl_stress.formats.doctor_text import doctor_text
    from kubectl_stress.formats.serialize import json_line
    from kubectl_stress.operations.doctor import in_the_cluster, on_this_machine
    from kubectl_stress.results.diagnosis import Diagnosis, Health, exit_code, to_dicts

    found = on_this_machine(os.environ, image or DEFAULT_IMAGE)
    try:
        found += in_the_cluster(connect(flags))
    except StressError as error:
        found.append(Diagnosis("API server", Health.MISSING, str(error)))
    click.echo(
        doctor_text(found) if output == "text" else json_line({"diagnoses": to_dicts(found)})
    )
    click.get_current_context().exit(exit_code(found))
