"""kubectl's connection flags as options of a command; parsing only."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kubectl_stress.cli import target_completion as known
from kubectl_stress.cli.connection_flags import CONNECTION_NAMES, connection_flags
from kubectl_stress.cli.param_types import FILE_NAME, WholeNumberType

if TYPE_CHECKING:
    pass

Command = TypeVar("Command", bound=Callable[..., Any])

_FLAGS = (
    click.option(
        "-n",
        "--namespace",
        metavar="NAME",
        shell_complete=known.namespaces,
        help="Namespace of the target",
    ),
    click.option(
        "--context",
        metavar="NAME",
        shell_complete=known.kubeconfig_names,
        help="Context of the kubeconfig to use",
    ),
    click.option(
        "--kubeconfig",
        type=FILE_NAME,
        metavar="FILE",
        help="Kubeconfig to use instead of KUBECONFIG",
    ),
    click.option(
        "--kuberc",
        type=FILE_NAME,
        metavar="FILE",
        help="File of kubectl preferences instead of ~/.kube/kuberc",
    ),
    click.option(
        "--cluster",
        metavar="NAME",
        shell_complete=known.kubeconfig_names,
        help="Cluster of the kubeconfig to use",
    ),
    click.option(
        "--user",
        metavar="NAME",
        shell_complete=known.kubeconfig_names,
        help="User of the kubeconfig to use",
    ),
    click.option("-s", "--server", metavar="URL", help="Address of the API server"),
    click.option("--token", metavar="TOKEN", help="Bearer token to use"),
    click.option("--as", "as_user", metavar="USER", help="User to impersonate"),
    click.option(
        "--as-group",
        "as_groups",
        metavar="GROUP",
        multiple=True,
        help="Group to impersonate; may be repeated",
    ),
    click.option("--as-uid", metavar="UID", help="UID to impersonate"),
    click.option(
        "--as-user-extra",
        metavar="KEY=VALUE",
        multiple=True,
        help="Extra field of the user to impersonate, repeatable",
    ),
    click.option(
        "--request-timeout", metavar="TIME", help="How long one request may take, like 10s"
    ),
    click.option(
        "--insecure-skip-tls-verify",
        is_flag=True,
        help="Do not verify the certificate of the API server",
    ),
    click.option(
        "--tls-server-name", metavar="NAME", help="Server name to expect in that certificate"
    ),
    click.option(
        "--certificate-authority",
        type=FILE_NAME,
        metavar="FILE",
        help="Certificate authority of the API server",
    ),
    click.option("--client-certificate", type=FILE_NAME, metavar="FILE", help="Client certificate"),
    click.option(
        "--client-key", type=FILE_NAME, metavar="FILE", help="Key of the client certificate"
    ),
    click.option(
        "-v",
        "--v",
        "verbosity",
        type=WholeNumberType(0),
        default=0,
        metavar="LEVEL",
        help="Log level: 6 and more print each API request with its time on stderr",
    ),
    click.option(
        "--cache-dir", metavar="DIR", help="Accepted as by kubectl; nothing is cached here"
    ),
)
_TAKEN = (*CONNECTION_NAMES, "cache_dir")


def connection_options(command: Command) -> Command:
    """Add kubectl's connection flags; the command gets them as `flags: ConnectionFlags`."""

    @wraps(command)
    def with_flags(**values: Any) -> Any:
        flags = connection_flags(values)
        rest = {name: value for name, value in values.items() if name not in _TAKEN}
        return command(flags=flags, **rest)

    decorated: Any = with_flags
    for option in reversed(_FLAGS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]
