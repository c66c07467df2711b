"""Asks before acting."""

import sys
from collections.abc import Sequence

import click

from kubectl_stress.errors import Interrupted, Refused


def confirm(questions: Sequence[str], *, yes: bool) -> None:
    """Ask on a terminal, need --yes elsewhere; raises Refused, or Interrupted on Ctrl-C."""
    if not questions or yes:
        return
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise Refused(f"{'; '.join(questions)}; pass --yes to confirm")
    for question in questions:
        click.echo(f"warning: {question}", err=True)
    try:
        is_confirmed = click.confirm("Continue?", err=True)
    except click.Abort:
        raise Interrupted from None
    if not is_confirmed:
        raise Refused("not confirmed; nothing was loaded")
