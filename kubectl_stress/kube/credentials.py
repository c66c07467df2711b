"""Who we are: the Authorization header and the client certificate, kept fresh.

Order as in client-go: a token file, a token or a password, a client certificate, and only then
the exec plugin; an auth-provider's id-token as it stands. Nothing here ever falls back to being
anonymous: credentials that were asked for and cannot be had are an Unauthorized.
"""

import base64
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from kubectl_stress.errors import StressError, Unauthorized
from kubectl_stress.kube.connection import Connection, ExecPlugin

API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")

# Where Go's crypto/x509 looks, for a Python whose OpenSSL was built for another distribution.
CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True)
class Credential:
    """What one request shows; empty values are not sent."""

    authorization: str = field(default="", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    expires_at: datetime | None = None


class Credentials:
    """The credentials of one connection, read or run for when needed; safe for many threads."""

    def __init__(
        self,
        connection: Connection,
        environ: Mapping[str, str],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        is_terminal: Callable[[], bool] = lambda: sys.stdin is not None and sys.stdin.isatty(),
    ) -> None:
        self._connection = connection
        self._environ = environ
        self._now = now
        self._is_terminal = is_terminal
        self._lock = threading.Lock()
        self._from_plugin: Credential | None = None

    def current(self) -> Credential:
        """What to show now; raises Unauthorized when it cannot be had."""
        connection = self._connection
        if not connection.server.startswith("https://"):
            return Credential()  # as kubectl: nothing secret over plain HTTP
        authorization = self._authorization()
        certificate = connection.client_certificate or b""
        if not authorization and not certificate and connection.exec_plugin:
            return self._plugin_credential(connection.exec_plugin)
        return Credential(authorization, certificate, connection.client_key or b"")

    def renew(self, stale: Credential) -> bool:
        """After a 401: whether `current` now gives something other than `stale`."""
        with self._lock:
            if self._from_plugin == stale:
                self._from_plugin = None
        return self.current() != stale

    def _authorization(self) -> str:
        connection = self._connection
        if connection.token_file:
            return f"Bearer {_token_from(connection.token_file)}"
        if connection.token:
            return f"Bearer {connection.token}"
        if connection.username or connection.password:
            pair = f"{connection.username}:{connection.password}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"
        if connection.auth_provider:
            return f"Bearer {_id_token(connection, self._now())}"
        return ""

    def _plugin_credential(self, plugin: ExecPlugin) -> Credential:
        # The lock is held while the plugin runs: it may ask a person, so it runs once.
        with self._lock:
            cached = self._from_plugin
            if cached is None or (cached.expires_at and cached.expires_at <= self._now()):
                cached = self._run(plugin)
                self._from_plugin = cached
            return cached

    def _run(self, plugin: ExecPlugin) -> Credential:
        if plugin.api_version not in API_VERSIONS:
            raise Unauthorized(
                f'credential plugin {plugin.command}: apiVersion "{plugin.api_version}" is not '
                f"supported; use {' or '.join(API_VERSIONS)}"
            )
        interactive = _is_interactive(plugin, self._is_terminal())
        info = _exec_info(plugin, self._connection, interactive=interactive)
        environ = {**self._environ, **dict(plugin.env), "KUBERNETES_EXEC_INFO": json.dumps(info)}
        output = _output(plugin, environ, interactive=interactive)
        return _parse_exec_credential(plugin, output)


def request_headers(connection: Connection, credential: Credential) -> list[tuple[str, str]]:
    """The headers that say who asks and as whom; Impersonate-Group may repeat."""
    who = connection.impersonation
    headers = [("Authorization", credential.authorization)] if credential.authorization else []
    if who.user:
        headers.append(("Impersonate-User", who.user))
    if who.uid:
        headers.append(("Impersonate-Uid", who.uid))
    headers += [("Impersonate-Group", group) for group in who.groups]
    for key, values in who.extra:
        name = f"Impersonate-Extra-{quote(key.lower(), safe='')}"
        headers += [(name, value) for value in values]
    for name, value in headers:
        if not value.isprintable():
            # Not the value itself: it may be a secret.
            raise StressError(f"{name} cannot be sent: it has a line break or control character")
    return headers


def tls_context(connection: Connection, credential: Credential) -> ssl.SSLContext | None:
    """How to speak TLS with the server, for REST and exec alike; None for plain HTTP.

    Raises StressError for certificates that cannot be used.
    """
    if urlsplit(connection.server).scheme != "https":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if connection.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        _trust(context, connection.ca_data)
    if credential.certificate:
        _identify(context, credential, connection.user)
    return context


def _trust(context: ssl.SSLContext, ca_data: bytes | None) -> None:
    if ca_data is None:
        context.load_default_certs()
        for path in filter(os.path.isfile, () if context.get_ca_certs() else CA_FILES):
            context.load_verify_locations(cafile=path)
            return
        return
    # As kubectl: an intermediate authority may be the one that is trusted.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        # Only comments between the certificates may be beyond ASCII.
        context.load_verify_locations(cadata=ca_data.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError) as error:
        raise StressError("the certificate authority of the cluster is not valid PEM") from error


def _identify(context: ssl.SSLContext, credential: Credential, user: str) -> None:
    try:
        with _as_file(credential.certificate + b"\n" + credential.key) as path:
            context.load_cert_chain(path, password="")
    except ssl.SSLError as error:
        raise StressError(
            f'the client certificate and key of user "{user}" do not work together: {error.reason}'
        ) from error


@contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """A path to the data for OpenSSL, which reads keys from files only.

    In memory where the system can (Linux), so that even SIGKILL leaves no key on the disk.
    """
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        with os.fdopen(os.memfd_create("client-key"), "wb") as file:
            file.write(data)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
        return
    with tempfile.TemporaryDirectory() as folder:  # mode 0700
        path = Path(folder) / "client.pem"
        path.write_bytes(data)
        yield str(path)


def _token_from(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Unauthorized(f"token file {path}: {error.strerror}") from error
    if not token:
        raise Unauthorized(f"token file {path} is empty")
    return token


def _id_token(connection: Connection, now: datetime) -> str:
    """The id-token that kubectl keeps in an OIDC user's entry, while it is valid.

    It is not renewed here: that is a login, and kubectl writes its result back to the file.
    """
    provider = connection.auth_provider or {}
    name = provider.get("name")
    if name != "oidc":
        raise Unauthorized(
            f'user "{connection.user}" uses the auth-provider "{name}", which kubectl no longer '
            "has either: use an exec credential plugin"
        )
    token = str((provider.get("config") or {}).get("id-token") or "")
    if not token or _expiry(token) <= now.timestamp():
        raise Unauthorized(
            f'the OIDC id-token of user "{connection.user}" is missing or expired: run a kubectl '
            "command (kubectl auth whoami) to renew it, then try again"
        )
    return token


def _expiry(token: str) -> float:
    """Seconds since the epoch at which the JWT expires; 0 for what is no JWT."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return float(claims["exp"])
    except (ValueError, IndexError, KeyError, TypeError):
        return 0.0


def _is_interactive(plugin: ExecPlugin, is_terminal: bool) -> bool:
    if plugin.interactive_mode == "Always" and not is_terminal:
        raise Unauthorized(
            f"credential plugin {plugin.command} needs a terminal (interactiveMode: Always), and "
            "stdin is not one: log in with it first"
        )
    return plugin.interactive_mode != "Never" and is_terminal


def _exec_info(plugin: ExecPlugin, connection: Connection, *, interactive: bool) -> dict[str, Any]:
    spec: dict[str, Any] = {"interactive": interactive}
    if plugin.provide_cluster_info:
        spec["cluster"] = _cluster_info(plugin, connection)
    return {"kind": "ExecCredential", "apiVersion": plugin.api_version, "spec": spec}


def _cluster_info(plugin: ExecPlugin, connection: Connection) -> dict[str, Any]:
    ca_data = connection.ca_data
    info = {
        "server": connection.server,
        "tls-server-name": connection.tls_server_name,
        "insecure-skip-tls-verify": connection.insecure,
        "certificate-authority-data": base64.b64encode(ca_data).decode() if ca_data else "",
        "proxy-url": connection.proxy_url,
        "config": plugin.cluster_config,
    }
    return {key: value for key, value in info.items() if value}


def _output(plugin: ExecPlugin, environ: Mapping[str, str], *, interactive: bool) -> bytes:
    """What the plugin prints; its stderr goes to ours, as with kubectl."""
    try:
        done = subprocess.run(
            [plugin.command, *plugin.args],
            env=dict(environ),
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise Unauthorized(
            f"credential plugin {plugin.command} failed with exit code {error.returncode}: "
            "log in again with it"
        ) from error
    except OSError as error:
        hint = f"\n\n{plugin.install_hint}" if plugin.install_hint else ""
        raise Unauthorized(
            f"credential plugin {plugin.command}: {(error.strerror or str(error)).lower()}; "
            f"install it, or choose another user{hint}"
        ) from error
    return done.stdout


def _parse_exec_credential(plugin: ExecPlugin, output: bytes) -> Credential:
    def bad(reason: str) -> Unauthorized:
        return Unauthorized(f"credential plugin {plugin.command}: {reason}")

    try:
        answer = json.loads(output)
    except ValueError as error:
        raise bad("it did not print an ExecCredential") from error
    if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
        raise bad("it did not print an ExecCredential")
    if answer.get("apiVersion") != plugin.api_version:
        raise bad(f"it answered as {answer.get('apiVersion')}, not {plugin.api_version}")
    status = answer.get("status") or {}
    if not isinstance(status, dict):
        raise bad("it did not print an ExecCredential")
    names = ("token", "clientCertificateData", "clientKeyData")
    token, certificate, key = (status.get(name) or "" for name in names)
    if not all(isinstance(text, str) for text in (token, certificate, key)):
        raise bad(f"it gave a {' or '.join(names)} that is not a string")
    if bool(certificate) != bool(key):
        raise bad("it gave a certificate or a key, not both")
    if not token and not certificate:
        raise bad("it gave neither a token nor a certificate")
    expires_at = _timestamp(status.get("expirationTimestamp"))
    authorization = f"Bearer {token}" if token else ""
    return Credential(authorization, certificate.encode(), key.encode(), expires_at)


def _timestamp(text: object) -> datetime | None:
    """RFC 3339 as an aware time; None for what is missing or unreadable (then never expired)."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
