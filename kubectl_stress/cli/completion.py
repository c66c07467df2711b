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
    """Install shell completion for `kubectl stress`, as a part of kubectl's own.

    kubectl runs a program named kubectl_complete-stress from PATH. pip and pipx install it; krew
    does not, so `install` adds a link next to the plugin. kubectl's own completion must be set up
    first (kubectl completion --help).
    """


@completion_command.command(short_help="Put kubectl_complete-stress on PATH")
@click.option("--folder", metavar="DIR", help="Folder for the link  [default: the plugin's folder]")
def install(folder: str | None) -> None:
    """Add a link named kubectl_complete-stress to a folder on PATH."""
    found = shutil.which(_LINK)
    if found is not None and folder is None:
        click.echo(f"already installed: {found}", err=True)
        return
    program = Path(shutil.which(sys.argv[0]) or sys.argv[0]).absolute()
    link = Path(folder or program.parent) / _LINK
    if os.access(link, os.X_OK):  # pip's own, in a folder that is not on PATH
        click.echo(f"already installed: {link}", err=True)
    else:
        _create(link, program)
        click.echo(f"created {link}")
    if str(link.parent) not in os.environ.get("PATH", "").split(os.pathsep):
        click.echo(f"note: {link.parent} is not on PATH", err=True)


def _create(link: Path, program: Path) -> None:
    try:
        link.symlink_to(program)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"cannot create {link}: {reason}; use --folder") from error
