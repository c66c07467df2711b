"""What commands that touch a cluster share: connecting to it, and asking before acting."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from kubectl_stress.errors import Refused

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.kube.connection import ConnectionFlags

    Connect = Callable[[ConnectionFlags], Cluster]


def connect(flags: "ConnectionFlags", context: click.Context | None = None) -> "Cluster":
    """The cluster that the flags name; imported late, so that `--help` stays quick."""
    given = (context or click.get_current_context()).find_root().obj or {}
    make: Connect = given.get("connect", _connect_to_server)
    return make(flags)


def _connect_to_server(flags: "ConnectionFlags") -> "Cluster":
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.kube.kubeconfig.load import load_connection

    return Cluster(load_connection(flags, os.environ))


def confirm(questions: Sequence[str], *, yes: bool) -> None:
    """Ask on a terminal, need --yes elsewhere; raises Refused."""
    if not questions or yes:
        return
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise Refused(f"{'; '.join(questions)}: say --yes if that is meant")
    for question in questions:
        click.echo(f"warning: {question}", err=True)
    if not click.confirm("Go on?", err=True):
        raise Refused("not confirmed, nothing was loaded")


def now_ms() -> int:
    """Monotonic time."""
    return time.monotonic_ns() // 1_000_000


def teller(*, quiet: bool) -> Callable[[str], None]:
    """Tells a sentence on stderr, or nothing."""
    return (lambda _text: None) if quiet else (lambda text: click.echo(text, err=True))
