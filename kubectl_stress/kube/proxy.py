"""A TCP connection to a server, straight or through a proxy."""

import http.client
import socket
from base64 import b64encode
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from kubectl_stress.errors import StressError


def connected(target: SplitResult, proxy_url: str, timeout_seconds: float) -> socket.socket:
    """A socket to the URL's host; OSError where there is none, StressError for the proxy."""
    host, port = str(target.hostname), target.port or _default_port(target.scheme)
    if not proxy_url:
        sock = socket.create_connection((host, port), timeout_seconds)
    else:
        sock = _through_proxy(urlsplit(proxy_url), (host, port), timeout_seconds)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return sock


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _through_proxy(
    proxy: SplitResult, target: tuple[str, int], timeout_seconds: float
) -> socket.socket:
    if is_socks(proxy):
        return _through_socks(proxy, target, timeout_seconds)
    if proxy.scheme != "http":
        raise StressError(
            f"exec through a proxy of type {proxy.scheme}:// is not supported: "
            "use an http:// or socks5:// proxy-url"
        )
    tunnel = http.client.HTTPConnection(
        str(proxy.hostname), proxy.port or 80, timeout=timeout_seconds
    )
    tunnel.set_tunnel(*target, headers=proxy_headers(proxy))
    try:
        tunnel.connect()
    except BaseException:
        tunnel.close()
        raise
    sock = tunnel.sock
    assert sock is not None
    return sock


def proxy_headers(proxy: SplitResult) -> dict[str, str]:
    """The Proxy-Authorization that the user:password of a proxy URL means."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def is_socks(proxy: SplitResult) -> bool:
    """Whether the proxy is one that only PySocks can speak to."""
    return proxy.scheme in ("socks5", "socks5h")


def socks_library() -> Any:
    """PySocks, which is not among our dependencies; StressError where it is missing."""
    try:
        import socks  # type: ignore[import-untyped]
    except ImportError as error:
        raise StressError(
            "a socks5 proxy needs the package PySocks: pip install pysocks"
        ) from error
    return socks


def _through_socks(
    proxy: SplitResult, target: tuple[str, int], timeout_seconds: float
) -> socket.socket:
    socks = socks_library()
    sock: socket.socket = socks.create_connection(
        target,
        timeout_seconds,
        proxy_type=socks.SOCKS5,
        proxy_addr=proxy.hostname,
        proxy_port=proxy.port or 1080,
        proxy_rdns=True,
        proxy_username=unquote(proxy.username) if proxy.username else None,
        proxy_password=unquote(proxy.password) if proxy.password else None,
    )
    return sock
