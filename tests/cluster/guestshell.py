"""Commands in a node, run as root by its guest shell (guest/main.go has the protocol)."""

from __future__ import annotations

import base64
import json
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from tests.cluster.cache import exclusive
from tests.cluster.errors import ClusterError
from tests.cluster.sockets import connected

CHUNK_BYTES = 48 << 10


class NodeSilent(ClusterError):
    """The node's shell does not answer in time."""


@dataclass
class Decoder:
    """Turns the bytes of a port into what belongs to one run. Without I/O."""

    run_id: str
    rest: bytes = b""
    out: list[bytes] = field(default_factory=list)
    err: list[bytes] = field(default_factory=list)
    exit_code: int | None = None

    def feed(self, data: bytes) -> None:
        """Take in bytes; lines of earlier runs, and broken ones, are dropped."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self._take(line.decode(errors="replace").split(" "))

    def _take(self, words: list[str]) -> None:
        if len(words) != 3 or words[1] != self.run_id:
            return
        kind, _, text = words
        if kind == "exit":
            self.exit_code = int(text)
        elif kind in ("out", "err"):
            (self.out if kind == "out" else self.err).append(base64.b64decode(text))


def run(
    path: Path, argv: Sequence[str], *, stdin: bytes = b"", timeout_seconds: float = 60.0
) -> subprocess.CompletedProcess[bytes]:
    """Run a command and wait for it; one at a time, the others wait for their turn."""
    decoder = Decoder(secrets.token_hex(8))
    deadline = time.monotonic() + timeout_seconds
    with exclusive(path.with_suffix(".lock")):
        try:
            with connected(path, timeout_seconds) as port:
                # A command may answer before it has read everything.
                sender = Thread(target=_send, args=(port, decoder.run_id, argv, stdin), daemon=True)
                sender.start()
                try:
                    _receive(port, decoder, deadline)
                finally:
                    with suppress(OSError):  # the other side was quicker
                        port.shutdown(socket.SHUT_RDWR)
                    sender.join()
        except OSError as error:
            name = " ".join(argv)[:80]
            raise NodeSilent(f"the node does not answer to `{name}`: {error}") from error
    assert decoder.exit_code is not None
    out, err = b"".join(decoder.out), b"".join(decoder.err)
    return subprocess.CompletedProcess(list(argv), decoder.exit_code, out, err)


def _send(port: socket.socket, run_id: str, argv: Sequence[str], stdin: bytes) -> None:
    # When the port is closed under it, the reader knows why.
    with suppress(OSError):
        for line in request(run_id, argv, stdin):
            port.sendall(line)


def request(run_id: str, argv: Sequence[str], stdin: bytes) -> Iterator[bytes]:
    """Write the lines of a run. The empty one ends what a client before us may have left."""
    yield b"\n"
    yield f"run {run_id} ".encode() + base64.b64encode(json.dumps(list(argv)).encode()) + b"\n"
    for start in range(0, len(stdin), CHUNK_BYTES):
        data = base64.b64encode(stdin[start : start + CHUNK_BYTES])
        yield f"in {run_id} ".encode() + data + b"\n"
    yield f"end {run_id}\n".encode()


def _receive(port: socket.socket, decoder: Decoder, deadline: float) -> None:
    while decoder.exit_code is None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        port.settimeout(left)
        data = port.recv(1 << 16)
        if not data:
            raise ConnectionError("its machine ended")
        decoder.feed(data)
