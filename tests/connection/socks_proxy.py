"""A SOCKS5 proxy that knows CONNECT: of RFC 1928 and 1929 what clients send."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer

from tests.connection.passing import pass_on, served


class SocksProxy(ThreadingTCPServer):
    """Passes on to where it is asked; `targets` are the names or addresses as they were sent."""

    daemon_threads = False

    def __init__(self, password: tuple[str, str] | None, reply: int) -> None:
        self.password, self.reply = password, reply
        self.targets: list[str] = []
        self.passwords: list[tuple[str, str]] = []
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(StreamRequestHandler):
    server: SocksProxy
    rbufsize = 0

    def handle(self) -> None:
        with suppress(OSError, struct.error):
            if self._greeted():
                self._connect()

    def _greeted(self) -> bool:
        _, count = self.rfile.read(2)
        method = 0 if self.server.password is None else 2
        if method not in self.rfile.read(count):
            self.wfile.write(b"\x05\xff")
            return False
        self.wfile.write(bytes([5, method]))
        if method == 0:
            return True
        self.rfile.read(1)
        given = (self._text(), self._text())
        self.server.passwords.append(given)
        is_right = given == self.server.password
        self.wfile.write(b"\x01\x00" if is_right else b"\x01\x01")
        return is_right

    def _text(self) -> str:
        return self.rfile.read(self.rfile.read(1)[0]).decode()

    def _connect(self) -> None:
        _, _, _, kind = self.rfile.read(4)
        if kind == 3:
            host = self._text()
        else:
            family, size = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
            host = socket.inet_ntop(family, self.rfile.read(size))
        (port,) = struct.unpack("!H", self.rfile.read(2))
        self.server.targets.append(f"{host}:{port}")
        if self.server.reply:
            self.wfile.write(bytes([5, self.server.reply, 0, 1]) + bytes(6))
            return
        with socket.create_connection((host, port)) as target:
            self.wfile.write(bytes([5, 0, 0, 3, 1]) + b"x" + bytes(2))
            pass_on(self.connection, target, self.server.over)


@contextmanager
def socks_proxying(
    password: tuple[str, str] | None = None, *, reply: int = 0
) -> Iterator[SocksProxy]:
    """A proxy for the length of a block; `reply` other than 0 refuses each CONNECT."""
    proxy = SocksProxy(password, reply)
    with served(proxy, proxy.over):
        yield proxy
