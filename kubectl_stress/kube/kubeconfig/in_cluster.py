"""The pod's own service account, where the program runs in a pod and no kubeconfig says otherwise.

By the kubernetes library's in-cluster configuration, which also reads a renewed token. It is
imported here alone: it takes half a second.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from kubectl_stress.errors import StressError
from kubectl_stress.kube.connection import Connection, ConnectionFlags
from kubectl_stress.kube.kubeconfig.files import NOTHING, content
from kubectl_stress.kube.kubeconfig.host_name import tls_server_name
from kubectl_stress.kube.kubeconfig.proxy_env import proxy_from_environment
from kubectl_stress.kube.kubeconfig.user import impersonation
from kubectl_stress.text import why_unreadable

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def is_pod(environ: Mapping[str, str], service_account: Path) -> bool:
    """Whether this is a pod with a service account."""
    named = environ.get("KUBERNETES_SERVICE_HOST") and environ.get("KUBERNETES_SERVICE_PORT")
    return bool(named) and (service_account / "token").is_file()


def pod_namespace(environ: Mapping[str, str], service_account: Path) -> str:
    """The pod's own namespace."""
    named = environ.get("POD_NAMESPACE")
    path = service_account / "namespace"
    return named or (path.read_text().strip() if path.is_file() else "") or "default"


def in_cluster(
    flags: ConnectionFlags, environ: Mapping[str, str], service_account: Path, namespace: str
) -> Connection:
    """The connection of the pod's own account, flags above it; StressError where it is broken."""
    configuration = _library_configuration(environ, service_account)

    def current_token() -> str:
        bearer = str(configuration.get_api_key_with_prefix("BearerToken"))
        return bearer.removeprefix("bearer ").strip()

    insecure, server = flags.insecure_skip_tls_verify, str(configuration.host)
    trusted = Path(flags.certificate_authority or service_account / "ca.crt")
    return Connection(
        server=server,
        namespace=namespace,
        ca_data=None if insecure else content(trusted, "the pod's certificate authority"),
        insecure=insecure,
        tls_server_name=tls_server_name(flags),
        proxy_url=proxy_from_environment(server, environ),
        token=flags.token or "",
        token_source=None if flags.token else current_token,
        impersonation=impersonation(NOTHING, flags),
        request_timeout_seconds=flags.request_timeout or None,
    )


def _library_configuration(environ: Mapping[str, str], service_account: Path) -> Any:
    from kubernetes.client import Configuration
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.incluster_config import InClusterConfigLoader

    configuration, load = Configuration(), cast(Any, InClusterConfigLoader)
    token, ca = str(service_account / "token"), str(service_account / "ca.crt")
    try:
        load(token, ca, environ=environ).load_and_set(configuration)
    except (ConfigException, OSError, UnicodeDecodeError) as error:
        why = why_unreadable(error)
        raise StressError(f"the pod's service account cannot be used: {why}") from error
    return configuration
