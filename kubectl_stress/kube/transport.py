"""Requests on their way to one API server: who asks, retries, and what a failure means.

Failures of the connection and refusals of the server become errors of ours here.
"""

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from ssl import SSLError
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from kubectl_stress import __version__
from kubectl_stress.errors import ClusterError, KubeletFailed, Unauthorized
from kubectl_stress.kube.api_errors import (
    REDIRECTS,
    Asker,
    Request,
    redirected,
    refusal,
    unreachable,
)
from kubectl_stress.kube.connection import Connection, Credential, without_password
from kubectl_stress.kube.credentials import Credentials, request_headers
from kubectl_stress.kube.http_pool import FAILURES, Dropped, Pool, Response
from kubectl_stress.kube.proxy import dial
from kubectl_stress.kube.shapes import Shape, refuse_other_shape
from kubectl_stress.kube.tls import expiry, tls_context
from kubectl_stress.text import whole_number

if TYPE_CHECKING:
    from kubectl_stress.kube.exec.handshake import HandshakeRefused
    from kubectl_stress.kube.exec.stream import ExecStream

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
# The kubelet answers an exec. A node that started several containers at once took over 10 s.
EXEC_SECONDS = 30.0
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
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self._trace = trace
        self.connection = connection
        shown = without_password(connection.server)
        self.asker = Asker(shown, connection.user, connection.impersonation.user)
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
                raise self._refused(request, refused) from refused
        try:
            return self._open_exec(request, self._credentials.current())
        except HandshakeRefused as refused:
            raise self._refused(request, refused) from refused

    def _open_exec(self, request: Request, credential: Credential) -> "ExecStream":
        from kubectl_stress.kube.exec.handshake import HandshakeRefused, HandshakeUnanswered

        started = time.monotonic()
        timeout_seconds = self.connection.request_timeout_seconds or EXEC_SECONDS
        try:
            stream = self._upgraded(request, credential, timeout_seconds)
        except HandshakeRefused as refused:
            self._log(request, str(refused.http_status), started)
            raise
        except HandshakeUnanswered as error:
            raise KubeletFailed(f"no answer within {timeout_seconds:g} s") from error
        except OSError as error:
            self._log(request, "no answer", started)
            raise self._unreachable(error) from error
        self._log(request, "101 Switching Protocols", started)
        return stream

    def _upgraded(
        self, request: Request, credential: Credential, timeout_seconds: float
    ) -> "ExecStream":
        """An idle connection upgraded, which saves a TLS handshake, or a new one."""
        from kubectl_stress.kube.exec.handshake import open_exec, refuse_tls_proxy

        refuse_tls_proxy(self.connection.proxy_url)
        headers = [*_identity(), *request_headers(self.connection, credential)]
        upgrade = partial(
            open_exec,
            url=f"{self.connection.server}{_target(request)}",
            headers=headers,
            timeout_seconds=timeout_seconds,
        )
        pool = self._pool_for(credential)
        idle = pool.take_idle()
        if idle is not None:
            # It may have been closed by the other side in this very moment. Had it been taken
            # before, what it started reads the end of its stdin by now.
            with suppress(Dropped):
                return upgrade(idle)
        return upgrade(pool.dial(min(timeout_seconds, CONNECT_SECONDS)))

    def _log(self, request: Request, status: str, started: float) -> None:
        """One line as kubectl -v=6 writes it; no header, so no secret."""
        if self._trace is not None:
            url = f"{self.asker.server}{_target(request)}"
            took_ms = round((time.monotonic() - started) * 1000)
            self._trace(f"{request.method} {url} {status} in {took_ms} milliseconds")

    def json(self, request: Request, shape: Shape = "object") -> dict[str, Any]:
        """The object that the server answers with; ClusterError for one of another shape."""
        body = self.send(request)
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:  # nested deeper than any object is
            raise ClusterError(_not_an_api_server(self.asker.server, body)) from error
        if not isinstance(answer, dict):
            raise ClusterError(_not_an_api_server(self.asker.server, body))
        refuse_other_shape(answer, shape, f"{request.verb} {request.resource}")
        return answer

    def send(self, request: Request, read_seconds: float = READ_SECONDS) -> bytes:
        """The body of the answer; --request-timeout holds instead of `read_seconds`."""
        with self._answering():
            limit = self.connection.request_timeout_seconds
            return self.open(request, read_seconds=limit or read_seconds).read()

    def open(self, request: Request, read_seconds: float) -> Response:
        """The response to a request, its body not yet read; raises for anything but 2xx."""
        with self._answering():
            response = self._authenticated(request, read_seconds)
            for _ in range(RETRIES):
                pause = _retry_after(response)
                if pause is None:
                    break
                response.read()
                self._sleep(pause)
                response = self._authenticated(request, read_seconds)
            if not 200 <= response.status <= 299:
                location = response.header("Location")
                raise self._refusal(request, response.status, response.read(), location)
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
        limit, started = self.connection.request_timeout_seconds, time.monotonic()
        try:
            response = self._pool_for(credential).request(
                request.method,
                f"{urlsplit(self.connection.server).path}{_target(request)}",
                headers,
                None if request.body is None else json.dumps(request.body).encode(),
                connect_seconds=min(limit or CONNECT_SECONDS, CONNECT_SECONDS),
                read_seconds=read_seconds,
            )
        except FAILURES:
            self._log(request, "no answer", started)
            raise
        self._log(request, f"{response.status} {response.reason}".strip(), started)
        return response

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            raise self._unreachable(error) from error

    def _refused(self, request: Request, refused: "HandshakeRefused") -> ClusterError:
        return self._refusal(request, refused.http_status, refused.body, refused.location)

    def _refusal(
        self, request: Request, http_status: int, body: bytes, location: str
    ) -> ClusterError:
        if http_status in REDIRECTS:
            return redirected(http_status, location, self.asker)
        expired = self._expired_certificate() if http_status == 401 else None
        return expired or refusal(request, http_status, body, self.asker)

    def _unreachable(self, error: BaseException) -> ClusterError:
        # Servers that check it in TLS hang up, and how that arrives differs from one to another.
        is_hung_up = isinstance(error, ConnectionError | SSLError)
        if is_hung_up and not isinstance(error, ConnectionRefusedError):
            return self._expired_certificate() or unreachable(self.asker.server, error)
        return unreachable(self.asker.server, error)

    def _expired_certificate(self) -> Unauthorized | None:
        end = expiry(self._credentials.current().certificate)
        if end is None or end > datetime.now(UTC):
            return None
        return Unauthorized(
            f'the client certificate of user "{self.connection.user}" expired on '
            f"{end:%Y-%m-%d %H:%M} UTC: get a new one, or log in again"
        )

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
    proxy_url, name = connection.proxy_url, connection.tls_server_name
    return Pool(lambda seconds: dial(target, proxy_url, tls, name, seconds), _host(target.netloc))


def _host(netloc: str) -> str:
    """For the header, which has no IPv6 zone: that means something on this machine alone."""
    return re.sub(r"%[^\]]*", "", netloc.rpartition("@")[2])


def _target(request: Request) -> str:
    return f"{request.path}?{urlencode(request.query)}" if request.query else request.path


def _identity() -> list[tuple[str, str]]:
    return [("User-Agent", f"kubectl-stress/{__version__}")]


def _retry_after(response: Response) -> int | None:
    """Seconds to wait before asking again; None for not at all. As client-go."""
    if response.status != 429 and not 500 <= response.status <= 599:
        return None
    return whole_number(response.header("Retry-After"))


def _not_an_api_server(server: str, body: bytes) -> str:
    start = body[:60].decode("utf-8", "replace").strip()
    return f"{server} does not answer like an API server: {start!r}"
