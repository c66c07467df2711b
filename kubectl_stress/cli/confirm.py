"""Asks before acting."""

import sys
from collections.abc import Sequence

import click

from kubectl_stress.errors import Refused


def confirm(questions: Sequence[str], *, yes: bool) -> None:
    """Ask on a terminal, need --yes elsewhere; raises Refused."""
    if not questions or yes:
        return
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise Refused(f"{'; '.join(questions)}; pass --yes to confirm")
    for question in questions:
        click.echo(f"warning: {question}", err=True)
    if not click.confirm("Continue?", err=True):
        raise Refused("not confirmed; nothing was loaded")
