"""Which cluster, and as whom: kubeconfig files, flags and environment become one Connection.

The rules are kubectl's (k8s.io/client-go/tools/clientcmd), checked against kubectl itself in
tests/connection/test_kubeconfig.py:

- `--kubeconfig` names the only file; else KUBECONFIG lists files, and of each name the first
  file's entry wins as a whole; else ~/.kube/config. Relative paths belong to the file they are in.
- A flag wins over its field in the file; `--server` also clears the file's tls-server-name.
- With no cluster chosen anywhere, a pod's service account is used.

`kubectl config view` is not asked: it ignores --cluster, --user, --server and --token, fails
without a current context, and loses the folder that a relative tokenFile or exec command is
relative to. Stricter than kubectl in one point: a context whose user or cluster does not exist is
an error, where kubectl goes on anonymously or to localhost:8080.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from kubectl_stress.errors import StressError, UsageError
from kubectl_stress.kube.connection import Connection, ConnectionFlags, PluginPolicy
from kubectl_stress.kube.kubeconfig.files import (
    NOTHING,
    Entry,
    Kubeconfig,
    content,
    files,
    home,
    merged,
    pem,
    read,
)
from kubectl_stress.kube.kubeconfig.host_name import host_name, tls_server_name
from kubectl_stress.kube.kubeconfig.in_cluster import (
    SERVICE_ACCOUNT,
    in_cluster,
    is_pod,
    pod_namespace,
)
from kubectl_stress.kube.kubeconfig.kuberc import plugin_policy
from kubectl_stress.kube.kubeconfig.proxy_env import (
    PROXY_SCHEMES,
    is_address,
    proxy_from_environment,
)
from kubectl_stress.kube.kubeconfig.user import user_fields


def load_connection(
    flags: ConnectionFlags,
    environ: Mapping[str, str],
    *,
    service_account: Path = SERVICE_ACCOUNT,
) -> Connection:
    """Resolve flags, kubeconfig files and the pod's own account, in kubectl's order.

    Raises UsageError where a flag names what does not exist, StressError where a file is broken
    or no cluster can be found.
    """
    config = read_all(flags, environ)
    context = _context(config, flags)
    cluster = _chosen(config.clusters, flags.cluster, context, "cluster")
    user = _chosen(config.users, flags.user, context, "user")
    in_pod = is_pod(environ, service_account)
    namespace = flags.namespace or context.text("namespace")
    if not namespace:
        namespace = pod_namespace(environ, service_account) if in_pod else "default"
    if cluster is NOTHING and not flags.server:
        if not in_pod:
            raise _no_cluster(config, flags, environ)
        return in_cluster(flags, environ, service_account, namespace)
    return _connection(context, cluster, user, namespace, flags, environ)


def read_all(flags: ConnectionFlags, environ: Mapping[str, str]) -> Kubeconfig:
    """All files as one; UsageError where --kubeconfig is missing, StressError for a broken one."""
    may_be_missing = not flags.kubeconfig
    paths = files(flags, environ)
    return merged([read(path, may_be_missing=may_be_missing) for path in paths])


def _connection(
    context: Entry,
    cluster: Entry,
    user: Entry,
    namespace: str,
    flags: ConnectionFlags,
    environ: Mapping[str, str],
) -> Connection:
    fields = user_fields(user, cluster, flags)
    # As kubectl: a file that was named must be right, whoever asks.
    asks_kuberc = fields["exec_plugin"] or flags.kuberc
    return Connection(
        namespace=namespace,
        context=context.name,
        user="" if flags.token else user.name,
        request_timeout_seconds=flags.request_timeout or None,
        **_server_fields(cluster, flags, environ),
        plugin_policy=plugin_policy(flags.kuberc, environ) if asks_kuberc else PluginPolicy(),
        **fields,
    )


# Choice


def _context(config: Kubeconfig, flags: ConnectionFlags) -> Entry:
    name = flags.context or config.current_context
    if not name:
        return NOTHING
    if name in config.contexts:
        return config.contexts[name]
    if flags.context:
        known = ", ".join(sorted(config.contexts)) or "none"
        raise UsageError(f'--context "{name}" does not exist; there are: {known}')
    raise StressError(f'kubeconfig: current-context "{name}" does not exist: use --context')


def _chosen(entries: Mapping[str, Entry], flag: str | None, context: Entry, kind: str) -> Entry:
    name = flag or context.text(kind)
    if not name:
        return NOTHING
    if name in entries:
        return entries[name]
    if flag:
        known = ", ".join(sorted(entries)) or "none"
        raise UsageError(f'--{kind} "{name}" does not exist; there are: {known}')
    raise StressError(f'kubeconfig: {kind} "{name}" of context "{context.name}" does not exist')


def _no_cluster(
    config: Kubeconfig, flags: ConnectionFlags, environ: Mapping[str, str]
) -> StressError:
    if config.contexts:
        known = ", ".join(sorted(config.contexts))
        return UsageError(f"no context is set: use --context with one of: {known}")
    where = flags.kubeconfig or environ.get("KUBECONFIG") or home(environ) / ".kube" / "config"
    return StressError(f"no cluster is configured (looked in {where}): set KUBECONFIG or --server")


# Server


def _server_fields(
    cluster: Entry, flags: ConnectionFlags, environ: Mapping[str, str]
) -> dict[str, Any]:
    server = _normalised(flags.server or cluster.text("server"), cluster.name)
    proxy_url = _proxy_url(cluster) or proxy_from_environment(server, environ)
    return {
        "server": server,
        "tls_server_name": _tls_server_name(cluster, flags),
        "proxy_url": proxy_url,
        **_trust(cluster, flags),
    }


def _normalised(server: str, cluster: str) -> str:
    if not server:
        raise StressError(f'kubeconfig: cluster "{cluster}" has no server: use --server')
    url = server if "://" in server else f"http://{server}"  # as client-go reads it
    if not is_address(url, ("http", "https")):
        # It may hold a password.
        shown = server.rpartition("@")[2]
        raise UsageError(f'server "{shown}" is not an address like https://HOST:6443')
    parts = urlsplit(url)
    path = quote(parts.path.rstrip("/"), safe="/%!$&'()*+,:;=@~")  # as Go's net/url
    return f"{parts.scheme}://{parts.netloc}{path}"


def _tls_server_name(cluster: Entry, flags: ConnectionFlags) -> str:
    if flags.tls_server_name or flags.server:
        return tls_server_name(flags)
    name = cluster.text("tls-server-name")
    return host_name(name, f'tls-server-name of "{cluster.name}"')


def _proxy_url(cluster: Entry) -> str:
    url = cluster.text("proxy-url")
    if url and not is_address(url, PROXY_SCHEMES):
        # Not the value itself: it may hold a password.
        raise StressError(
            f'kubeconfig: proxy-url of "{cluster.name}" is not an address like http://HOST:3128'
        )
    return url


def _trust(cluster: Entry, flags: ConnectionFlags) -> dict[str, Any]:
    if flags.insecure_skip_tls_verify or flags.certificate_authority:
        if flags.insecure_skip_tls_verify and flags.certificate_authority:
            raise UsageError("--certificate-authority and --insecure-skip-tls-verify: use only one")
        path = flags.certificate_authority
        ca_data = content(Path(path), "--certificate-authority") if path else None
        return {"ca_data": ca_data, "insecure": flags.insecure_skip_tls_verify}
    ca_data = pem(cluster, "certificate-authority")
    insecure = cluster.flag("insecure-skip-tls-verify")
    if insecure and ca_data:
        raise StressError(
            f'kubeconfig: cluster "{cluster.name}" has a certificate authority and '
            "insecure-skip-tls-verify: remove one"
        )
    return {"ca_data": ca_data, "insecure": insecure}
