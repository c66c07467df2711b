"""An HTTP proxy that knows CONNECT, and nothing else."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.connection.certificates import Pem
from tests.connection.passing import pass_on, served


class ConnectProxy(ThreadingHTTPServer):
    """Passes on to wherever it is asked, or refuses with `refusal`; keeps what it was told."""

    daemon_threads = False

    def __init__(self, refusal: int | None) -> None:
        self.refusal = refusal
        self.targets: list[str] = []
        self.authorizations: list[str | None] = []
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: ConnectProxy

    def do_CONNECT(self) -> None:
        self.server.targets.append(self.path)
        self.server.authorizations.append(self.headers.get("proxy-authorization"))
        if self.server.refusal is not None:
            self.send_error(self.server.refusal)
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as target:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                pass_on(self.connection, target, self.server.over)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@contextmanager
def proxying(refusal: int | None = None, *, tls: Pem | None = None) -> Iterator[ConnectProxy]:
    """A proxy for the length of a block; with `tls` it is spoken to in TLS."""
    proxy = ConnectProxy(refusal)
    if tls is not None:
        proxy.socket = tls.server_context().wrap_socket(proxy.socket, server_side=True)
    with served(proxy, proxy.over):
        yield proxy
