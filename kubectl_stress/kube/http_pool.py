"""Requests over HTTP/1.1 connections that are kept open, safe for many threads.

On http.client alone: urllib3 takes as long to import as everything else that a request needs, and
what it would add (TLS, proxies, retries) is the same here for REST and exec, in `dial`.
"""

import http.client
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

# Beyond these, connections are closed after use.
_KEPT = 8
_CHUNK_BYTES = 64 * 1024
FAILURES = (http.client.HTTPException, OSError)


class Dropped(ConnectionError):
    """The connection ended before the answer: a kept one may have been closed just now."""


class Response:
    """An answer whose body has not been read yet; a whole `read` gives the connection back."""

    def __init__(
        self, sock: socket.socket, answer: http.client.HTTPResponse, give_back: Callable[[], None]
    ) -> None:
        self.status = answer.status
        self.reason = answer.reason
        self._sock, self._answer, self._give_back = sock, answer, give_back

    def header(self, name: str) -> str:
        """One header, "" where it is missing."""
        return self._answer.getheader(name) or ""

    def read(self) -> bytes:
        """The body; raises FAILURES where it does not come whole."""
        try:
            body = self._answer.read()
        except BaseException:
            self.close()
            raise
        if self._answer.will_close:
            self.close()
        else:
            self._give_back()
        return body

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes; raises FAILURES where it is cut."""
        while chunk := self._answer.read1(_CHUNK_BYTES):
            yield chunk

    def wake(self) -> None:
        """Have another thread that reads see the end; it closes."""
        with suppress(OSError):
            # Not SSLSocket's own, which pulls TLS away from under the reader.
            socket.socket.shutdown(_raw(self._sock), socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._answer.close()
        self._sock.close()


class Pool:
    """Connections to one server; `dial` opens one within so many seconds."""

    def __init__(self, dial: Callable[[float], socket.socket], host: str) -> None:
        self.dial, self._host = dial, host
        self._lock = threading.Lock()
        self._idle: list[socket.socket] = []

    def request(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        body: bytes | None,
        *,
        connect_seconds: float,
        read_seconds: float,
    ) -> Response:
        """Send one request; raises Dropped where no answer came, OSError where nobody is there."""
        sock = self.take_idle() or self.dial(connect_seconds)
        try:
            sock.settimeout(read_seconds)
            answer = self._exchange(sock, method, target, headers, body)
        except (http.client.HTTPException, ConnectionError, ssl.SSLEOFError) as error:
            sock.close()
            raise Dropped("the connection was closed without an answer", error) from error
        except BaseException:
            sock.close()
            raise
        return Response(sock, answer, lambda: self._keep(sock))

    def take_idle(self) -> socket.socket | None:
        """An idle connection for the caller alone, who closes it; None where there is none."""
        with self._lock:
            while self._idle:
                sock = self._idle.pop()
                if not _has_news(sock):
                    return sock
                sock.close()
        return None

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            for sock in self._idle:
                sock.close()
            self._idle.clear()

    def _exchange(
        self,
        sock: socket.socket,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        body: bytes | None,
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self._host)
        connection.auto_open = 0
        connection.sock = sock
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self._host)
        for name, value in headers:
            connection.putheader(name, value.encode())  # UTF-8, as kubectl
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return connection.getresponse()

    def _keep(self, sock: socket.socket) -> None:
        with self._lock:
            if len(self._idle) < _KEPT:
                self._idle.append(sock)
                return
        sock.close()


def _raw(sock: socket.socket) -> socket.socket:
    return getattr(sock, "socket", sock)  # TLS within TLS wraps the one socket there is


def _has_news(sock: socket.socket) -> bool:
    """Whether something came on an idle connection: its end, or what nobody asked for."""
    with selectors.DefaultSelector() as selector:
        selector.register(_raw(sock), selectors.EVENT_READ)
        return bool(selector.select(0))
