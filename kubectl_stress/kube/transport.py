"""Requests on their way to one API server: who asks, retries, and what a failure means.

Failures of the connection and refusals of the server become errors of ours here.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from kubectl_stress import __version__
from kubectl_stress.errors import ClusterError
from kubectl_stress.kube.api_errors import Asker, Request, refusal, unreachable
from kubectl_stress.kube.connection import Connection, Credential
from kubectl_stress.kube.credentials import Credentials, request_headers
from kubectl_stress.kube.http_pool import FAILURES, Dropped, Pool, Response
from kubectl_stress.kube.proxy import dial
from kubectl_stress.kube.tls import tls_context

if TYPE_CHECKING:
    from kubectl_stress.kube.exec.stream import ExecStream

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
# client-go's limit; the server says how long to wait (API priority and fairness).
RETRIES = 10


class Transport:
    """The way to one API server, as one user; safe for many threads. Close it after use."""

    def __init__(
        self,
        connection: Connection,
        environ: Mapping[str, str] = os.environ,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.connection = connection
        self.asker = Asker(connection.server, connection.user, connection.impersonation.user)
        self._credentials = Credentials(connection, environ)
        self._sleep = sleep
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._pool_key: tuple[bytes, bytes] | None = None

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            if self._pool is not None:
                self._pool.close()
            self._pool = None

    def exec(self, request: Request) -> "ExecStream":
        """Upgrade a request to a WebSocket; once more with a new credential after a 401."""
        from kubectl_stress.kube.exec.handshake import HandshakeRefused

        credential = self._credentials.current()
        try:
            return self._open_exec(request, credential)
        except HandshakeRefused as refused:
            if refused.http_status != 401 or not self._credentials.renew(credential):
                raise refusal(request, refused.http_status, refused.body, self.asker) from refused
        try:
            return self._open_exec(request, self._credentials.current())
        except HandshakeRefused as refused:
            raise refusal(request, refused.http_status, refused.body, self.asker) from refused

    def _open_exec(self, request: Request, credential: Credential) -> "ExecStream":
        from kubectl_stress.kube.exec.handshake import open_exec

        try:
            return open_exec(
                f"{self.connection.server}{_target(request)}",
                [*_identity(), *request_headers(self.connection, credential)],
                tls=tls_context(self.connection, credential),
                tls_server_name=self.connection.tls_server_name,
                proxy_url=self.connection.proxy_url,
                timeout_seconds=self.connection.request_timeout_seconds or CONNECT_SECONDS,
            )
        except OSError as error:
            raise unreachable(self.connection.server, error) from error

    def json(self, request: Request) -> dict[str, Any]:
        """The object that the server answers with."""
        body = self.send(request)
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise ClusterError(_not_an_api_server(self.connection.server, body)) from error
        if not isinstance(answer, dict):
            raise ClusterError(_not_an_api_server(self.connection.server, body))
        return answer

    def send(self, request: Request) -> bytes:
        """The body of the answer."""
        with self._answering(self.connection.server):
            limit = self.connection.request_timeout_seconds
            return self.open(request, read_seconds=limit or READ_SECONDS).read()

    def open(self, request: Request, read_seconds: float) -> Response:
        """The response to a request, its body not yet read; raises for anything but 2xx."""
        with self._answering(self.connection.server):
            response = self._authenticated(request, read_seconds)
            for _ in range(RETRIES):
                pause = _retry_after(response)
                if pause is None:
                    break
                response.read()
                self._sleep(pause)
                response = self._authenticated(request, read_seconds)
            if not 200 <= response.status <= 299:
                raise refusal(request, response.status, response.read(), self.asker)
            return response

    def _authenticated(self, request: Request, read_seconds: float) -> Response:
        credential = self._credentials.current()
        response = self._call(request, credential, read_seconds)
        if response.status == 401 and self._credentials.renew(credential):
            response.read()
            response = self._call(request, self._credentials.current(), read_seconds)
        return response

    def _call(self, request: Request, credential: Credential, read_seconds: float) -> Response:
        try:
            return self._call_once(request, credential, read_seconds)
        except Dropped:
            # A kept connection may have been closed by the other side in this very moment.
            if request.method != "GET":
                raise
            return self._call_once(request, credential, read_seconds)

    def _call_once(self, request: Request, credential: Credential, read_seconds: float) -> Response:
        headers = [*_identity(), *request_headers(self.connection, credential)]
        headers += [("Accept", "application/json"), ("Content-Type", request.content_type)]
        limit = self.connection.request_timeout_seconds
        return self._pool_for(credential).request(
            request.method,
            f"{urlsplit(self.connection.server).path}{_target(request)}",
            headers,
            None if request.body is None else json.dumps(request.body).encode(),
            connect_seconds=min(limit or CONNECT_SECONDS, CONNECT_SECONDS),
            read_seconds=read_seconds,
        )

    @contextmanager
    def _answering(self, server: str) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            raise unreachable(server, error) from error

    def _pool_for(self, credential: Credential) -> Pool:
        """The connections with this certificate; a renewed one needs new connections."""
        key = (credential.certificate, credential.key)
        with self._lock:
            if self._pool is None or self._pool_key != key:
                if self._pool is not None:
                    self._pool.close()
                self._pool, self._pool_key = _pool(self.connection, credential), key
            return self._pool


def _pool(connection: Connection, credential: Credential) -> Pool:
    target, tls = urlsplit(connection.server), tls_context(connection, credential)
    host = f"{target.netloc.partition('%')[0]}]" if "%" in target.netloc else target.netloc
    return Pool(
        lambda seconds: dial(
            target, connection.proxy_url, tls, connection.tls_server_name, seconds
        ),
        host,
    )


def _target(request: Request) -> str:
    return f"{request.path}?{urlencode(request.query)}" if request.query else request.path


def _identity() -> list[tuple[str, str]]:
    return [("User-Agent", f"kubectl-stress/{__version__}")]


def _retry_after(response: Response) -> float | None:
    """Seconds to wait before asking again; None for not at all. As client-go."""
    if response.status != 429 and not 500 <= response.status <= 599:
        return None
    value = response.header("Retry-After")
    return float(value) if value.isdigit() else None


def _not_an_api_server(server: str, body: bytes) -> str:
    start = body[:60].decode("utf-8", "replace").strip()
    return f"{server} does not answer like an API server: {start!r}"
