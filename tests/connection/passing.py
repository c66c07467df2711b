"""What proxies of any kind do once they are connected, and how one is served for a block."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import TCPServer


def pass_on(client: socket.socket, target: socket.socket, over: threading.Event) -> None:
    """Pass bytes on in both directions, until either side ends or `over` is set."""
    while not over.is_set():
        for ready in select.select([client, target], [], [], 0.05)[0]:
            data = ready.recv(65536)
            if not data:
                return
            (target if ready is client else client).sendall(data)


@contextmanager
def served(proxy: TCPServer, over: threading.Event) -> Iterator[None]:
    """Serve it in a thread for the length of a block."""
    thread = threading.Thread(target=proxy.serve_forever, args=(0.005,))
    thread.start()
    try:
        yield
    finally:
        over.set()
        proxy.shutdown()
        proxy.server_close()
        thread.join()
