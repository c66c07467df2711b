"""An API server of the standard library: TLS, a request log, scripted answers, watches and execs.

Paths are answered from a table; an answer is a body with a status, or a function that gets the
live connection (to stream a watch, to speak raw WebSocket frames, or to say nothing at all).
"""

import base64
import hashlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.connection.certificates import Authority, Pem
from tests.connection.frames import BINARY, close_frame, frame, read_frame


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; headers in order, names in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    body: bytes
    peer_name: str = ""  # the common name of the client certificate

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def header(self, name: str) -> str:
        return next(iter(self.all(name)), "")


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Script = Callable[["Handler"], None]
Reply = Answer | Script


class FakeApiServer:
    """Runs in a thread; `replies` is looked up by method and path, a list is used up in order."""

    def __init__(
        self, server: Pem | None, clients: Authority | None = None, address: str = "127.0.0.1"
    ) -> None:
        self.requests: list[Seen] = []
        self.sni: list[str | None] = []
        self.replies: dict[tuple[str, str], list[Reply]] = {}
        self.over = threading.Event()  # scripts that wait, wait for this
        self._http = _Server(self, address)
        if server is not None:
            self._http.tls = self._context(server, clients)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.005,))
        self._thread.start()

    def _context(self, server: Pem, clients: Authority | None) -> ssl.SSLContext:
        context = server.server_context()
        context.sni_callback = lambda _sock, name, _context: self.sni.append(name)
        if clients is not None:
            context.load_verify_locations(cadata=clients.certificate.decode())
            context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def accept_any_certificate(self) -> None:
        """Ask for no client certificate: it is looked at later, as API servers do."""
        assert self._http.tls is not None
        self._http.tls.verify_mode = ssl.CERT_NONE

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        return f"{'https' if self._http.tls else 'http'}://127.0.0.1:{self.port}"

    def reply(self, method: str, path: str, *replies: Reply | Mapping[str, Any]) -> None:
        """Answer so, in this order; the last one is repeated."""
        self.replies[method, path] = [as_reply(reply) for reply in replies]

    def next_reply(self, method: str, path: str) -> Reply:
        listed = self.replies.get((method, path))
        if not listed:
            return status(404, reason="NotFound", message="the server could not find the resource")
        return listed.pop(0) if len(listed) > 1 else listed[0]

    def close(self) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, fake: FakeApiServer, address: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.fake = fake
        self.tls: ssl.SSLContext | None = None
        self.open: set[socket.socket] = set()
        super().__init__((address, 0), Handler)

    def server_close(self) -> None:
        for connection in list(self.open):
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what many tests are about."""


class Handler(BaseHTTPRequestHandler):
    """One connection; scripts write to `wfile` or use the WebSocket methods."""

    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = 0
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.server.open.add(self.request)
        if self.server.tls is not None:
            # Here, in the connection's own thread: a client that stalls must not stop the rest.
            raw = self.request
            self.request = self.server.tls.wrap_socket(raw, server_side=True)
            self.server.open.discard(raw)
            self.server.open.add(self.request)
        super().setup()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.server.open.discard(self.request)
        self.request.close()

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    def do_any(self) -> None:
        self.seen = self._read_request()
        self.server.fake.requests.append(self.seen)
        reply = self.server.fake.next_reply(self.seen.method, self.seen.path)
        if isinstance(reply, Answer):
            self._answer(reply)
        else:
            self.close_connection = True
            reply(self)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_any  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""

    def _read_request(self) -> Seen:
        parts = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        return Seen(
            self.command,
            parts.path,
            tuple(parse_qsl(parts.query, keep_blank_values=True)),
            tuple((key.lower(), value) for key, value in self.headers.items()),
            self.rfile.read(length),
            self._peer_name(),
        )

    def _peer_name(self) -> str:
        if not isinstance(self.request, ssl.SSLSocket):
            return ""
        subject: Any = (self.request.getpeercert() or {}).get("subject", ())
        names = [value for pairs in subject for key, value in pairs if key == "commonName"]
        return names[0] if names else ""

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    # Watches

    def start_chunks(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    # WebSockets

    def upgrade(self, protocol: str) -> None:
        key = self.seen.header("sec-websocket-key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.send_header("Sec-WebSocket-Protocol", protocol)
        self.end_headers()

    def frame(self, payload: bytes, opcode: int = BINARY, *, fin: bool = True) -> None:
        self.wfile.write(frame(payload, opcode, fin=fin))

    def read_frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the client's next frame; ConnectionError at the end."""
        return read_frame(self.rfile)

    def drop(self) -> None:
        """Cut the connection without a word."""
        socket.socket.shutdown(self.request, socket.SHUT_RDWR)


def as_reply(reply: Reply | Mapping[str, Any]) -> Reply:
    return Answer(200, json.dumps(reply).encode()) if isinstance(reply, Mapping) else reply


def status(code: int, *, headers: Mapping[str, str] | None = None, **fields: Any) -> Answer:
    """A Status object as the API server sends it."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, **fields}
    return Answer(code, json.dumps(body).encode(), headers or {})


def exec_script(protocol: str, *payloads: bytes, then: Script | None = None) -> Script:
    """An exec that sends these payloads, goes on with `then`, and closes normally."""

    def run(connection: Handler) -> None:
        connection.upgrade(protocol)
        for payload in payloads:
            connection.frame(payload)
        if then is not None:
            then(connection)
        else:
            connection.wfile.write(close_frame())
            with suppress(ConnectionError):
                connection.read_frame()

    return run


@contextmanager
def running(
    server: Pem | None, clients: Authority | None = None, *, address: str = "127.0.0.1"
) -> Iterator[FakeApiServer]:
    """A fake API server for the length of a block."""
    fake = FakeApiServer(server, clients, address)
    try:
        yield fake
    finally:
        fake.close()
