"""A connection through a SOCKS5 proxy, which resolves the name (RFC 1928; passwords: RFC 1929)."""

import socket
import struct
from contextlib import suppress
from urllib.parse import SplitResult, unquote

from kubectl_stress.errors import Unreachable

_VERSION, _CONNECT, _NAME = 5, 1, 3
_NO_PASSWORD, _PASSWORD = 0, 2
_ADDRESS_BYTES = {1: 4, 4: 16}
_REFUSALS = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


def through_socks(
    proxy: SplitResult, target: tuple[str, int], timeout_seconds: float
) -> socket.socket:
    """A socket to the target; OSError where no proxy is there, Unreachable where it refuses."""
    sock = socket.create_connection((proxy.hostname, proxy.port or 1080), timeout_seconds)
    try:
        _greet(sock, proxy)
        _connect(sock, target)
    except BaseException:
        sock.close()
        raise
    return sock


def _greet(sock: socket.socket, proxy: SplitResult) -> None:
    methods = [_NO_PASSWORD, _PASSWORD] if proxy.username is not None else [_NO_PASSWORD]
    sock.sendall(bytes([_VERSION, len(methods), *methods]))
    version, method = _read(sock, 2)
    if version != _VERSION:
        raise _refused("it does not speak SOCKS5")
    if method not in methods:
        raise _refused("it wants a user and password: socks5://USER:PASSWORD@HOST:PORT")
    if method == _PASSWORD:
        words = (unquote(word or "").encode()[:255] for word in (proxy.username, proxy.password))
        sock.sendall(b"\x01" + b"".join(bytes([len(word)]) + word for word in words))
        if _read(sock, 2)[1] != 0:
            raise _refused("it does not accept the user and password")


def _connect(sock: socket.socket, target: tuple[str, int]) -> None:
    host, port = target
    sock.sendall(bytes([_VERSION, _CONNECT, 0]) + _address(host) + struct.pack("!H", port))
    _, reply, _, kind = _read(sock, 4)
    if reply != 0:
        raise _refused(f"{host}:{port}: {_REFUSALS.get(reply, f'error {reply}')}")
    _read(sock, _ADDRESS_BYTES[kind] if kind in _ADDRESS_BYTES else _read(sock, 1)[0])
    _read(sock, 2)


def _address(host: str) -> bytes:
    for kind, family in ((1, socket.AF_INET), (4, socket.AF_INET6)):
        with suppress(OSError):
            return bytes([kind]) + socket.inet_pton(family, host)
    name = host.encode("idna")
    return bytes([_NAME, len(name)]) + name


def _read(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise _refused("it closed the connection")
        data += more
    return data


def _refused(why: str) -> Unreachable:
    return Unreachable(f"the SOCKS5 proxy refused: {why}")
