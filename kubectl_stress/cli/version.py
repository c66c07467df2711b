"""`kubectl stress version`: of the client, the agent, its image and the API server."""

import platform
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress import __version__
from kubectl_stress.cli.connection_options import connection_options
from kubectl_stress.cli.wiring import connect
from kubectl_stress.errors import StressError

if TYPE_CHECKING:
    from kubectl_stress.kube.connection import ConnectionFlags


@click.command()
@click.option("--client", "is_client_only", is_flag=True, help="Do not ask the API server")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    show_default=True,
    help="Output format",
)
@connection_options
def version(flags: "ConnectionFlags", is_client_only: bool, output: str) -> None:
    """Print the versions of the client, the agent's protocol and image, and the API server.

    \b
    kubectl stress version -o json
    """
    from kubectl_stress.formats.serialize import json_line, to_yaml

    found, failure = _client(), None
    if not is_client_only:
        try:
            found["serverVersion"] = connect(flags).server_version()
        except StressError as error:
            failure = error
    if output == "text":
        click.echo(_text(found))
    else:
        click.echo(json_line(found) if output == "json" else to_yaml(found))
    if failure is not None:
        raise failure


def _client() -> dict[str, Any]:
    from kubectl_stress.agent.hold_command import PROTOCOL
    from kubectl_stress.agent.image import DEFAULT_IMAGE
    from kubectl_stress.injection.carried_image import carried_digest

    return {
        "clientVersion": {
            "version": __version__,
            "platform": f"{platform.system().lower()}/{platform.machine()}",
            "pythonVersion": platform.python_version(),
        },
        "agent": {"protocol": PROTOCOL},
        "image": {"reference": DEFAULT_IMAGE, "digest": carried_digest()},
    }


def _text(found: dict[str, Any]) -> str:
    lines = [
        f"Client Version: {found['clientVersion']['version']}",
        f"Agent Protocol: {found['agent']['protocol']}",
        f"Image: {found['image']['reference']}",
    ]
    if "serverVersion" in found:
        lines.append(f"Server Version: {found['serverVersion'].get('gitVersion', 'unknown')}")
    return "\n".join(lines)
