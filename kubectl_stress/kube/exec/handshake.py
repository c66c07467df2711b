"""How an exec begins: the upgrade of a connection to a WebSocket.

The handshake is websocket-client's. A refusal keeps its HTTP status and its whole body.
"""

import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import websocket

from kubectl_stress.errors import StressError
from kubectl_stress.kube.exec import channels
from kubectl_stress.kube.exec.stream import ExecStream
from kubectl_stress.kube.http_pool import Dropped

_REFUSAL_LIMIT_BYTES = 1024 * 1024
_CUT = (ConnectionError, ssl.SSLEOFError)


class HandshakeRefused(Exception):
    """The server answered the upgrade with an HTTP status of its own."""

    def __init__(self, http_status: int, body: bytes, location: str = "") -> None:
        super().__init__(f"HTTP status {http_status}")
        self.http_status = http_status
        self.body = body
        self.location = location


class HandshakeUnanswered(TimeoutError):
    """The server took the connection, and never answered the upgrade."""


def refuse_tls_proxy(proxy_url: str) -> None:
    """Raise StressError for a proxy that no exec can go through."""
    if urlsplit(proxy_url).scheme == "https":
        raise StressError(
            "exec through a proxy of type https:// is not supported: use an http:// or socks5:// "
            "proxy-url"
        )


def open_exec(
    sock: socket.socket, url: str, headers: Sequence[tuple[str, str]], *, timeout_seconds: float
) -> ExecStream:
    """Upgrade a connection to the http(s) URL of an exec; it is closed with the stream.

    Raises HandshakeRefused for an HTTP answer, Dropped where the connection ended without one,
    HandshakeUnanswered or another OSError for none.
    """
    try:
        sock.settimeout(timeout_seconds)
        _upgrade(sock, url, headers)
        return ExecStream(sock)
    except BaseException:
        sock.close()
        raise


def _upgrade(sock: socket.socket, url: str, headers: Sequence[tuple[str, str]]) -> None:
    client = websocket.WebSocket()
    try:
        client.connect(  # type: ignore[no-untyped-call]
            "ws" + url.removeprefix("http"),
            socket=_Lent(sock),
            header=[f"{name}: {value}" for name, value in headers],
            subprotocols=list(channels.PROTOCOLS),
            suppress_origin=True,
            redirect_limit=0,  # a redirect would be handed our token
        )
    except websocket.WebSocketBadStatusException as error:
        body = error.resp_body or _refusal_body(sock, error.resp_headers or {})
        raise HandshakeRefused(error.status_code, body) from error
    except websocket.WebSocketTimeoutException as error:
        raise HandshakeUnanswered("no answer to the WebSocket handshake") from error
    except (websocket.WebSocketConnectionClosedException, *_CUT) as error:
        raise Dropped(f"the WebSocket handshake failed: {error}") from error
    except websocket.WebSocketException as error:
        answer = client.handshake_response  # of a redirect alone: it is not followed
        if answer is not None:
            location = str(answer.headers.get("location") or "")
            raise HandshakeRefused(answer.status, b"", location) from error
        raise ConnectionError(f"the WebSocket handshake failed: {error}") from error


class _Lent:
    """The socket for the time of the handshake, closed by us alone.

    The library would close it before the body of a refusal without Content-Length has been read.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def close(self) -> None:
        """The one who lent it closes it."""


def _refusal_body(sock: socket.socket, headers: Mapping[str, str]) -> bytes:
    """The body that the library did not read, as far as it comes: the status is known already."""
    if "content-length" in headers:
        return b""
    body = b""
    with suppress(OSError, ValueError), sock.makefile("rb") as file:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return file.read(_REFUSAL_LIMIT_BYTES)
        while len(body) < _REFUSAL_LIMIT_BYTES and (size := int(file.readline(20), 16)):
            body += file.read(min(size, _REFUSAL_LIMIT_BYTES))
            file.readline(20)
    return body
