"""`kubectl stress completion`: has the shell complete words after `kubectl stress`."""

import os
import shutil
import sys
from pathlib import Path

import click

from kubectl_stress.errors import UsageError

_LINK = "kubectl_complete-stress"


@click.group("completion")
def completion_command() -> None:
    """Have the shell complete words after `kubectl stress`, as kubectl's own completion does.

    kubectl asks a program named kubectl_complete-stress on PATH. pip and pipx install it; krew does
    not, so `install` puts a link beside the plugin. kubectl's own completion must be set up
    (kubectl completion --help).
    """


@completion_command.command(short_help="Put kubectl_complete-stress on PATH")
@click.option("--folder", metavar="DIR", help="Folder of the link, instead of the plugin's own")
def install(folder: str | None) -> None:
    """Put a link kubectl_complete-stress to this program into a folder on PATH."""
    found = shutil.which(_LINK)
    if found is not None and folder is None:
        click.echo(f"already there: {found}", err=True)
        return
    program = Path(shutil.which(sys.argv[0]) or sys.argv[0]).absolute()
    link = Path(folder or program.parent) / _LINK
    try:
        link.symlink_to(program)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"cannot make {link}: {reason}; name a folder with --folder") from error
    click.echo(f"made {link}")
    if str(link.parent) not in os.environ.get("PATH", "").split(os.pathsep):
        click.echo(f"note: {link.parent} is not on PATH", err=True)
