"""What commands that touch a cluster share: the connection, the time, the progress log."""

import os
import threading
import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.kube.connection import ConnectionFlags

    Connect = Callable[[ConnectionFlags], Cluster]

_REQUESTS_FROM = 6  # kubectl's level


def connect(flags: "ConnectionFlags", context: click.Context | None = None) -> "Cluster":
    """The cluster that the flags name; imported late, so that `--help` stays quick."""
    given = (context or click.get_current_context()).find_root().obj or {}
    make: Connect = given.get("connect", _connect_to_server)
    return make(flags)


def _connect_to_server(flags: "ConnectionFlags") -> "Cluster":
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.kube.kubeconfig.load import load_connection

    connection = load_connection(flags, os.environ)
    if connection.plugin_policy.warning:
        click.echo(f"warning: kuberc: {connection.plugin_policy.warning}", err=True)
    trace = None if flags.verbosity < _REQUESTS_FROM else _on_stderr
    return Cluster(connection, trace=trace)


def _on_stderr(line: str) -> None:
    click.echo(line, err=True)


def import_ahead(*modules: str) -> None:
    """Import what is needed later while the API server is waited for.

    Whoever needs one of them meanwhile waits for it; the process may end before all are there.
    """

    def work() -> None:
        for module in modules:
            import_module(module)

    threading.Thread(target=work, daemon=True).start()


def now_ms() -> int:
    """Monotonic time."""
    return time.monotonic_ns() // 1_000_000


def teller(*, quiet: bool) -> Callable[[str], None]:
    """Prints a sentence on stderr, or nothing."""
    return (lambda _text: None) if quiet else (lambda text: click.echo(text, err=True))
