"""Requests on their way to one API server: who asks, retries, TLS, and what a failure means.

The only user of the kubernetes library, and of that only Configuration and ApiClient.call_api:
its typed API classes cost half a second to import and lose fields they do not know. Failures of
the library and refusals of the server become errors of ours here.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from urllib3 import BaseHTTPResponse, HTTPHeaderDict, disable_warnings
from urllib3.exceptions import HTTPError, InsecureRequestWarning, ProtocolError

from kubectl_stress import __version__
from kubectl_stress.errors import ClusterError
from kubectl_stress.kube.api_errors import Asker, Request, refusal, unreachable
from kubectl_stress.kube.connection import Connection
from kubectl_stress.kube.credentials import Credential, Credentials, request_headers, tls_context
from kubectl_stress.kube.exec.handshake import HandshakeRefused, open_exec
from kubectl_stress.kube.exec.stream import ExecStream
from kubectl_stress.kube.proxy import is_socks, proxy_headers, socks_library

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
        self._client: Any = None
        self._client_key: tuple[bytes, bytes] | None = None

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def exec(self, request: Request) -> ExecStream:
        """Upgrade a request to a WebSocket; once more with a new credential after a 401."""
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

    def _open_exec(self, request: Request, credential: Credential) -> ExecStream:
        try:
            return open_exec(
                self._url(request),
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
            response = self.open(request, read_seconds=limit or READ_SECONDS)
            return bytes(response.data)

    def open(self, request: Request, read_seconds: float) -> BaseHTTPResponse:
        """The response to a request, its body not yet read; raises for anything but 2xx."""
        with self._answering(self.connection.server):
            response = self._authenticated(request, read_seconds)
            for _ in range(RETRIES):
                pause = _retry_after(response)
                if pause is None:
                    break
                response.data  # noqa: B018 - read to the end, so that the connection is reused
                self._sleep(pause)
                response = self._authenticated(request, read_seconds)
            if not 200 <= response.status <= 299:
                raise refusal(request, response.status, response.data, self.asker)
            return response

    def _authenticated(self, request: Request, read_seconds: float) -> BaseHTTPResponse:
        credential = self._credentials.current()
        response = self._call(request, credential, read_seconds)
        if response.status == 401 and self._credentials.renew(credential):
            response.data  # noqa: B018 - as above
            response = self._call(request, self._credentials.current(), read_seconds)
        return response

    def _call(
        self, request: Request, credential: Credential, read_seconds: float
    ) -> BaseHTTPResponse:
        try:
            return self._call_once(request, credential, read_seconds)
        except ProtocolError:
            # A kept connection may have been closed by the other side in this very moment.
            if request.method != "GET":
                raise
            return self._call_once(request, credential, read_seconds)

    def _call_once(
        self, request: Request, credential: Credential, read_seconds: float
    ) -> BaseHTTPResponse:
        who = request_headers(self.connection, credential)
        headers = HTTPHeaderDict([*_identity(), *((name, _on_wire(text)) for name, text in who)])
        headers["Accept"] = "application/json"
        headers["Content-Type"] = request.content_type
        limit = self.connection.request_timeout_seconds
        timeout = (min(limit or CONNECT_SECONDS, CONNECT_SECONDS), read_seconds)
        response: BaseHTTPResponse = (
            self._api_client(credential)
            .call_api(
                request.method,
                self._url(request),
                header_params=headers,
                body=request.body,
                _request_timeout=timeout,
            )
            .response
        )
        return response

    def _url(self, request: Request) -> str:
        query = f"?{urlencode(request.query)}" if request.query else ""
        return f"{self.connection.server}{request.path}{query}"

    @contextmanager
    def _answering(self, server: str) -> Iterator[None]:
        from kubernetes.client.exceptions import ApiException

        try:
            yield
        except (HTTPError, ApiException, OSError) as error:
            raise unreachable(server, error) from error

    def _api_client(self, credential: Credential) -> Any:
        """The library's client for this certificate; a renewed one needs new connections."""
        key = (credential.certificate, credential.key)
        with self._lock:
            if self._client is None or self._client_key != key:
                if self._client is not None:
                    self._client.close()
                self._client = _api_client(self.connection, credential)
                self._client_key = key
            return self._client


def _api_client(connection: Connection, credential: Credential) -> Any:
    from kubernetes.client.api_client import ApiClient
    from kubernetes.client.configuration import Configuration

    proxy = connection.proxy_url
    if is_socks(urlsplit(proxy)):
        socks_library()  # told here: urllib3 would warn on stderr first
    configuration = Configuration(
        host=connection.server,
        retries=False,  # an unreachable server is told once, at once
        verify_ssl=not connection.insecure,
        tls_server_name=connection.tls_server_name or None,
        proxy=proxy or None,
        no_proxy="" if proxy else "*",  # the environment was read once, in kubeconfig.py
        proxy_headers=proxy_headers(urlsplit(proxy)) if proxy else None,
    )
    configuration.keep_alive = True
    client = ApiClient(configuration)
    tls = tls_context(connection, credential)
    if connection.insecure:
        disable_warnings(InsecureRequestWarning)  # the user said so
    if tls is not None:
        # One context for REST and exec; the library would want the key in a file.
        client.rest_client.pool_manager.connection_pool_kw["ssl_context"] = tls
    return client


def _identity() -> list[tuple[str, str]]:
    return [("User-Agent", f"kubectl-stress/{__version__}")]


def _on_wire(text: str) -> str:
    """Such that http.client, which writes Latin-1, sends UTF-8, as kubectl does."""
    return text.encode().decode("latin-1")


def _retry_after(response: BaseHTTPResponse) -> float | None:
    """Seconds to wait before asking again; None for not at all. As client-go."""
    if response.status != 429 and not 500 <= response.status <= 599:
        return None
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None


def _not_an_api_server(server: str, body: bytes) -> str:
    start = body[:60].decode("utf-8", "replace").strip()
    return f"{server} does not answer like an API server: {start!r}"
