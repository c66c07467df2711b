"""Who we are: the Authorization header and the client certificate, kept fresh.

Order as in client-go: a token file, a token or a password, a client certificate, and only then
the exec plugin; an auth-provider's id-token as it stands. Nothing here ever falls back to being
anonymous: credentials that were asked for and cannot be had are an Unauthorized.
"""

import base64
import json
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from kubectl_stress.errors import StressError, Unauthorized
from kubectl_stress.kube.connection import Connection, Credential, ExecPlugin
from kubectl_stress.text import why_unreadable


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
        if connection.token_source:
            return f"Bearer {connection.token_source()}"
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
        from kubectl_stress.kube.exec_plugin import run_plugin  # most users have none

        # The lock is held while the plugin runs: it may ask a person, so it runs once.
        with self._lock:
            cached = self._from_plugin
            if cached is None or (cached.expires_at and cached.expires_at <= self._now()):
                is_terminal = self._is_terminal()
                cached = run_plugin(
                    plugin, self._connection, self._environ, is_terminal=is_terminal
                )
                self._from_plugin = cached
            return cached


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


def _token_from(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unauthorized(f"token file {path}: {why_unreadable(error)}") from error
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
