"""A real Redis of Debian with data, beside the agent in a cgroup of this machine."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.agent.host import wait_until
from tests.agent.own_cgroup import OwnCgroup
from tests.cluster import packages

_PACKAGES = (
    *("redis-server", "redis-tools", "libatomic1", "libjemalloc2", "liblzf1", "libssl3"),
    "libsystemd0",
)
_VALUE_BYTES = 1_000


@dataclass
class Redis:
    """One that listens on a socket in a folder; `keys` are in it."""

    path: Path
    keys: int = 0

    @contextmanager
    def running(self, cgroup: OwnCgroup) -> Iterator[None]:
        """It runs in this cgroup until the block ends."""
        root = packages.unpacked("redis", _PACKAGES)
        libraries = f"LD_LIBRARY_PATH={root / 'usr/lib/x86_64-linux-gnu'}"
        where = ("--port", "0", "--unixsocket", str(self.path), "--dir", str(self.path.parent))
        words = (str(root / "usr/bin/redis-server"), *where, "--save", "")
        with cgroup.start("env", libraries, *words) as server:
            try:
                wait_until(self.is_well)
                yield
            finally:
                server.kill()

    def fill(self, keys: int) -> None:
        """Set that many keys, each to a value of its own."""
        self.keys = keys
        answers = self._ask([b"SET %d %s" % (key, _value(key)) for key in range(keys)])
        assert answers == [b"+OK"] * keys

    def lost(self) -> int:
        """How many keys no longer have their value."""
        answers = self._ask([b"GET %d" % key for key in range(self.keys)])
        values = [line for line in answers if not line.startswith(b"$")]
        found = sum(
            value == _value(key) for key, value in zip(range(self.keys), values, strict=True)
        )
        return self.keys - found

    def is_well(self) -> bool:
        """Whether it answers within a second."""
        try:
            return self._ask([b"PING"]) == [b"+PONG"]
        except OSError:
            return False

    def _ask(self, commands: list[bytes]) -> list[bytes]:
        """The lines of its answers, of some hundred commands at a time."""
        lines: list[bytes] = []
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1 if len(commands) == 1 else 30)
            connection.connect(str(self.path))
            answers = connection.makefile("rb")
            for start in range(0, len(commands), 100):
                some = commands[start : start + 100]
                connection.sendall(b"\r\n".join([*some, b""]))
                for _ in some:
                    lines.append(answers.readline().rstrip())
                    if lines[-1].startswith(b"$") and lines[-1] != b"$-1":
                        lines.append(answers.readline().rstrip())
        return lines


def _value(key: int) -> bytes:
    return random.Random(key).randbytes(_VALUE_BYTES // 2).hex().encode()
