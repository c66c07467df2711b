"""Names that a server's certificate is expected to have. Pure: no I/O."""

from kubectl_stress.errors import UsageError
from kubectl_stress.kube.connection import ConnectionFlags
from kubectl_stress.kube.kubeconfig.proxy_env import is_host


def tls_server_name(flags: ConnectionFlags) -> str:
    """What --tls-server-name says, "" where it is not given; UsageError for no host name."""
    return host_name(flags.tls_server_name or "", "--tls-server-name")


def host_name(name: str, whose: str) -> str:
    """The name; UsageError where it cannot be one, since TLS would fail in its own words."""
    if name and not is_host(name):
        raise UsageError(f'{whose}: "{name}" is not a host name')
    return name
