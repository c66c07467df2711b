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

import base64
import binascii
import ipaddress
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from kubectl_stress.errors import StressError, UsageError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
CLUSTER_EXTENSION = "client.authentication.k8s.io/exec"


@dataclass(frozen=True)
class ConnectionFlags:
    """kubectl's connection flags as they were given; None and "" mean not given."""

    kubeconfig: str | None = None
    context: str | None = None
    cluster: str | None = None
    user: str | None = None
    namespace: str | None = None
    server: str | None = None
    token: str | None = field(default=None, repr=False)
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    as_uid: str | None = None
    request_timeout: float | None = None  # seconds; None and 0 mean no limit
    insecure_skip_tls_verify: bool = False
    tls_server_name: str | None = None
    certificate_authority: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None


@dataclass(frozen=True)
class ExecPlugin:
    """A program that prints credentials, as `users[].user.exec` describes it."""

    command: str
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    api_version: str
    interactive_mode: str
    install_hint: str
    provide_cluster_info: bool
    cluster_config: Any = None


@dataclass(frozen=True)
class Impersonation:
    """Whom to act as; empty means as oneself."""

    user: str = ""
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Connection:
    """Everything needed to talk to one API server; certificates and keys as PEM."""

    server: str
    namespace: str = "default"
    context: str = ""
    user: str = ""
    ca_data: bytes | None = field(default=None, repr=False)
    insecure: bool = False
    tls_server_name: str = ""
    proxy_url: str = field(default="", repr=False)
    client_certificate: bytes | None = field(default=None, repr=False)
    client_key: bytes | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    exec_plugin: ExecPlugin | None = None
    auth_provider: Mapping[str, Any] | None = field(default=None, repr=False)
    impersonation: Impersonation = Impersonation()
    request_timeout_seconds: float | None = None


@dataclass(frozen=True)
class _Entry:
    """One cluster, user or context, and the folder its relative paths start from."""

    name: str
    values: Mapping[str, Any]
    folder: Path

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        raise self._misshapen(key, "a string: put it in quotes")

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._list(key)
        if all(isinstance(value, str) for value in values):
            return tuple(values)
        raise self._misshapen(key, "a list of strings")

    def nested(self, key: str) -> "_Entry | None":
        value = self.values.get(key)
        if isinstance(value, dict):
            return replace(self, values=value)
        if value is None:
            return None
        raise self._misshapen(key, "a mapping")

    def all_nested(self, key: str) -> "list[_Entry]":
        values = self._list(key)
        if all(isinstance(value, dict) for value in values):
            return [replace(self, values=value) for value in values]
        raise self._misshapen(key, "a list of mappings")

    def flag(self, key: str) -> bool:
        return self.values.get(key) is True

    def path(self, key: str) -> Path | None:
        text = self.text(key)
        return self.folder / text if text else None

    def _list(self, key: str) -> list[Any]:
        value = self.values.get(key)
        if value is None or isinstance(value, list):
            return value or []
        raise self._misshapen(key, "a list")

    def _misshapen(self, key: str, wanted: str) -> StressError:
        return StressError(f'kubeconfig: {key} of "{self.name}" is not {wanted}')


@dataclass(frozen=True)
class _Kubeconfig:
    """One kubeconfig file, or several merged."""

    current_context: str = ""
    clusters: Mapping[str, _Entry] = field(default_factory=dict)
    users: Mapping[str, _Entry] = field(default_factory=dict)
    contexts: Mapping[str, _Entry] = field(default_factory=dict)


_NOTHING = _Entry("", {}, Path())


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
    config = _merge([_read(path) for path in _files(flags, environ)])
    context = _context(config, flags)
    cluster = _chosen(config.clusters, flags.cluster, context, "cluster")
    user = _chosen(config.users, flags.user, context, "user")
    in_pod = _is_pod(environ, service_account)
    namespace = flags.namespace or context.text("namespace")
    if not namespace:
        namespace = _pod_namespace(environ, service_account) if in_pod else "default"
    if cluster is _NOTHING and not flags.server:
        if not in_pod:
            raise _no_cluster(config, flags, environ)
        return _in_cluster(flags, environ, service_account, namespace)
    return Connection(
        namespace=namespace,
        context=context.name,
        user="" if flags.token else user.name,
        request_timeout_seconds=flags.request_timeout or None,
        **_server_fields(cluster, flags, environ),
        **_user_fields(user, cluster, flags),
    )


# Files


def _files(flags: ConnectionFlags, environ: Mapping[str, str]) -> list[Path]:
    if flags.kubeconfig:
        path = Path(flags.kubeconfig)
        if not path.exists():
            raise UsageError(f"--kubeconfig {path}: no such file")
        return [path]
    if environ.get("KUBECONFIG"):
        listed = environ["KUBECONFIG"].split(os.pathsep)
        paths = [Path(name) for name in dict.fromkeys(listed) if name]
    else:
        paths = [_home(environ) / ".kube" / "config"]
    return [path for path in paths if path.exists()]


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())


def _read(path: Path) -> _Kubeconfig:
    document = _parse(path)
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100 - a symlink keeps its own folder
    current = document.get("current-context")
    return _Kubeconfig(
        current_context=current if isinstance(current, str) else "",
        clusters=_entries(document, "clusters", "cluster", folder, path),
        users=_entries(document, "users", "user", folder, path),
        contexts=_entries(document, "contexts", "context", folder, path),
    )


def _parse(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        # JSON indented by tabs is no YAML, but kubectl reads it.
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise StressError(f"kubeconfig {path} cannot be read: {reason}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise StressError(f"kubeconfig {path} is not a kubeconfig file")
    return document


def _entries(
    document: Mapping[str, Any], plural: str, singular: str, folder: Path, path: Path
) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    listed = document.get(plural) or []
    for item in listed if isinstance(listed, list) else [None]:
        values = item.get(singular) if isinstance(item, dict) else None
        if not isinstance(values, dict | None) or not isinstance(item, dict):
            raise StressError(f"kubeconfig {path}: an entry of {plural} cannot be understood")
        name = str(item.get("name", ""))
        if name in entries:
            raise StressError(f'kubeconfig {path}: {singular} "{name}" is there twice')
        entries[name] = _Entry(name, values or {}, folder)
    return entries


def _merge(configs: list[_Kubeconfig]) -> _Kubeconfig:
    return _Kubeconfig(
        current_context=next((c.current_context for c in configs if c.current_context), ""),
        clusters=_first_wins(c.clusters for c in configs),
        users=_first_wins(c.users for c in configs),
        contexts=_first_wins(c.contexts for c in configs),
    )


def _first_wins(maps: Iterable[Mapping[str, _Entry]]) -> dict[str, _Entry]:
    merged: dict[str, _Entry] = {}
    for entries in maps:
        merged = {**entries, **merged}
    return merged


# Choice


def _context(config: _Kubeconfig, flags: ConnectionFlags) -> _Entry:
    name = flags.context or config.current_context
    if not name:
        return _NOTHING
    if name in config.contexts:
        return config.contexts[name]
    if flags.context:
        known = ", ".join(sorted(config.contexts)) or "none"
        raise UsageError(f'--context "{name}" does not exist; there are: {known}')
    raise StressError(f'kubeconfig: current-context "{name}" does not exist: give --context')


def _chosen(entries: Mapping[str, _Entry], flag: str | None, context: _Entry, kind: str) -> _Entry:
    name = flag or context.text(kind)
    if not name:
        return _NOTHING
    if name in entries:
        return entries[name]
    if flag:
        known = ", ".join(sorted(entries)) or "none"
        raise UsageError(f'--{kind} "{name}" does not exist; there are: {known}')
    raise StressError(f'kubeconfig: {kind} "{name}" of context "{context.name}" does not exist')


def _no_cluster(
    config: _Kubeconfig, flags: ConnectionFlags, environ: Mapping[str, str]
) -> StressError:
    if config.contexts:
        known = ", ".join(sorted(config.contexts))
        return UsageError(f"no context is set: give --context, one of: {known}")
    where = flags.kubeconfig or environ.get("KUBECONFIG") or _home(environ) / ".kube" / "config"
    return StressError(f"no cluster is configured (looked in {where}): set KUBECONFIG or --server")


# Server


def _server_fields(
    cluster: _Entry, flags: ConnectionFlags, environ: Mapping[str, str]
) -> dict[str, Any]:
    server = _normalised(flags.server or cluster.text("server"), cluster.name)
    name_matters = flags.tls_server_name or flags.server
    proxy_url = _proxy_url(cluster) or proxy_from_environment(server, environ)
    return {
        "server": server,
        "tls_server_name": (flags.tls_server_name or "")
        if name_matters
        else cluster.text("tls-server-name"),
        "proxy_url": proxy_url,
        **_trust(cluster, flags),
    }


def _normalised(server: str, cluster: str) -> str:
    if not server:
        raise StressError(f'kubeconfig: cluster "{cluster}" has no server: give --server')
    url = server if "://" in server else f"http://{server}"  # as client-go reads it
    if not _is_address(url, ("http", "https")):
        raise UsageError(f'server "{server}" is not an address like https://HOST:6443')
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _is_address(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, or half an IPv6 address
        return False


def _proxy_url(cluster: _Entry) -> str:
    url = cluster.text("proxy-url")
    if url and not _is_address(url, PROXY_SCHEMES):
        # Not the value itself: it may hold a password.
        raise StressError(
            f'kubeconfig: proxy-url of "{cluster.name}" is not an address like http://HOST:3128'
        )
    return url


def _trust(cluster: _Entry, flags: ConnectionFlags) -> dict[str, Any]:
    if flags.insecure_skip_tls_verify or flags.certificate_authority:
        if flags.insecure_skip_tls_verify and flags.certificate_authority:
            raise UsageError("--certificate-authority and --insecure-skip-tls-verify: give one")
        path = flags.certificate_authority
        ca_data = _content(Path(path), "--certificate-authority") if path else None
        return {"ca_data": ca_data, "insecure": flags.insecure_skip_tls_verify}
    ca_data = _pem(cluster, "certificate-authority")
    insecure = cluster.flag("insecure-skip-tls-verify")
    if insecure and ca_data:
        raise StressError(
            f'kubeconfig: cluster "{cluster.name}" has a certificate authority and '
            "insecure-skip-tls-verify: remove one"
        )
    return {"ca_data": ca_data, "insecure": insecure}


def _pem(entry: _Entry, key: str) -> bytes | None:
    """The bytes of KEY-data, or else of the file that KEY names."""
    data = entry.text(f"{key}-data")
    if data:
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except binascii.Error as error:
            message = f'kubeconfig: {key}-data of "{entry.name}" is not base64'
            raise StressError(message) from error
    path = entry.path(key)
    return _content(path, f'{key} of "{entry.name}"') if path else None


def _content(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StressError(f"{what}: {path}: {error.strerror}") from error


def proxy_from_environment(server: str, environ: Mapping[str, str]) -> str:
    """The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY mean for this server, or "".

    As Go's http.ProxyFromEnvironment: loopback addresses never go through a proxy.
    """
    parts = urlsplit(server)
    name = f"{parts.scheme}_proxy"
    proxy = environ.get(name.upper()) or environ.get(name) or ""
    no_proxy = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if not proxy or _is_loopback(host) or _is_excepted(host, port, no_proxy):
        return ""
    url = proxy if "://" in proxy else f"http://{proxy}"
    if not _is_address(url, PROXY_SCHEMES):
        raise StressError(f"{name.upper()} is not an address like http://HOST:3128")
    return url


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _is_excepted(host: str, port: int, no_proxy: str) -> bool:
    entries = (entry.strip().lower() for entry in no_proxy.split(","))
    return any(_excepts(entry, host.lower(), port) for entry in entries if entry)


def _excepts(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    address = _address(host)
    if "/" in entry and address is not None:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, colon, entry_port = entry.rpartition(":")
    if colon and entry_port.isdigit() and name.count(":") == 0:
        if int(entry_port) != port:
            return False
        entry = name
    entry = entry.removeprefix("*")
    return host.endswith(entry) if entry.startswith(".") else _within(host, entry)


def _within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


# User


def _user_fields(user: _Entry, cluster: _Entry, flags: ConnectionFlags) -> dict[str, Any]:
    auth_provider = user.nested("auth-provider")
    fields = {
        "token": flags.token or user.text("token"),
        # Here kubectl lets the file win, and a person who named a token acts as somebody else.
        "token_file": None if flags.token else user.path("tokenFile"),
        "username": user.text("username"),
        "password": user.text("password"),
        "client_certificate": _certificate(user, flags.client_certificate, "client-certificate"),
        "client_key": _certificate(user, flags.client_key, "client-key"),
        "exec_plugin": _exec_plugin(user, cluster),
        "auth_provider": auth_provider.values if auth_provider else None,
        "impersonation": _impersonation(user, flags),
    }
    _check_user(user, fields)
    return fields


def _certificate(user: _Entry, flag: str | None, key: str) -> bytes | None:
    return _content(Path(flag), f"--{key}") if flag else _pem(user, key)


def _check_user(user: _Entry, fields: Mapping[str, Any]) -> None:
    whose = f'user "{user.name}"'
    if fields["token"] and (fields["username"] or fields["password"]):
        raise StressError(f"{whose} has a token and a password: only one can be used")
    if fields["client_certificate"] and not fields["client_key"]:
        raise StressError(f"{whose} has a client certificate but no client key")
    if fields["exec_plugin"] and fields["auth_provider"]:
        raise StressError(f"{whose} has an exec plugin and an auth-provider: remove one")


def _exec_plugin(user: _Entry, cluster: _Entry) -> ExecPlugin | None:
    plugin = user.nested("exec")
    if plugin is None:
        return None
    api_version = plugin.text("apiVersion")
    return ExecPlugin(
        command=_plugin_command(plugin),
        args=plugin.texts("args"),
        env=tuple((each.text("name"), each.text("value")) for each in plugin.all_nested("env")),
        api_version=api_version,
        interactive_mode=_interactive_mode(plugin, api_version),
        install_hint=_printable(plugin.text("installHint")),
        provide_cluster_info=plugin.flag("provideClusterInfo"),
        cluster_config=_cluster_config(cluster),
    )


def _plugin_command(plugin: _Entry) -> str:
    command = plugin.text("command")
    if not command:
        raise StressError(f'kubeconfig: the exec plugin of user "{plugin.name}" has no command')
    # A bare name is looked up in PATH, a path is relative to the kubeconfig file.
    return str(plugin.folder / command) if os.sep in command else command


def _interactive_mode(plugin: _Entry, api_version: str) -> str:
    mode = plugin.text("interactiveMode")
    if not mode and api_version != "client.authentication.k8s.io/v1":
        return "IfAvailable"
    if mode not in ("Never", "IfAvailable", "Always"):
        raise StressError(
            f'kubeconfig: the exec plugin of user "{plugin.name}" needs interactiveMode: '
            "Never, IfAvailable or Always"
        )
    return mode


def _cluster_config(cluster: _Entry) -> Any:
    for each in cluster.all_nested("extensions"):
        if each.values.get("name") == CLUSTER_EXTENSION:
            return each.values.get("extension")
    return None


def _printable(text: str) -> str:
    """Without escape sequences, which could change the terminal."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


def _impersonation(user: _Entry, flags: ConnectionFlags) -> Impersonation:
    extra = user.nested("as-user-extra") or _NOTHING
    found = Impersonation(
        user=flags.as_user or user.text("as"),
        groups=flags.as_groups or user.texts("as-groups"),
        uid=flags.as_uid or user.text("as-uid"),
        extra=tuple((key, extra.texts(key)) for key in extra.values),
    )
    if not found.user and found != Impersonation():
        raise UsageError("--as-group and --as-uid need --as: whose groups are they?")
    return found


# In a pod


def _is_pod(environ: Mapping[str, str], service_account: Path) -> bool:
    named = environ.get("KUBERNETES_SERVICE_HOST") and environ.get("KUBERNETES_SERVICE_PORT")
    return bool(named) and (service_account / "token").is_file()


def _pod_namespace(environ: Mapping[str, str], service_account: Path) -> str:
    named = environ.get("POD_NAMESPACE")
    path = service_account / "namespace"
    return named or (path.read_text().strip() if path.is_file() else "") or "default"


def _in_cluster(
    flags: ConnectionFlags, environ: Mapping[str, str], service_account: Path, namespace: str
) -> Connection:
    host = environ["KUBERNETES_SERVICE_HOST"]
    bracketed = f"[{host}]" if ":" in host else host
    server = f"https://{bracketed}:{environ['KUBERNETES_SERVICE_PORT']}"
    ca = Path(flags.certificate_authority or service_account / "ca.crt")
    insecure = flags.insecure_skip_tls_verify
    return Connection(
        server=server,
        namespace=namespace,
        ca_data=None if insecure else _content(ca, "the pod's certificate authority"),
        insecure=insecure,
        tls_server_name=flags.tls_server_name or "",
        proxy_url=proxy_from_environment(server, environ),
        token=flags.token or "",
        token_file=None if flags.token else service_account / "token",
        impersonation=_impersonation(_NOTHING, flags),
        request_timeout_seconds=flags.request_timeout or None,
    )
