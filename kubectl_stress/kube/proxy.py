"""A connection to a server, straight or through a proxy, and TLS on it: for REST and exec alike."""

import http.client
import socket
import ssl
from base64 import b64encode
from contextlib import suppress
from typing import cast
from urllib.parse import SplitResult, unquote, urlsplit

from kubectl_stress.kube.socks import through_socks


def dial(
    target: SplitResult,
    proxy_url: str,
    tls: ssl.SSLContext | None,
    tls_server_name: str,
    timeout_seconds: float,
) -> socket.socket:
    """A socket to the URL's host, with TLS where `tls` is given; OSError where there is none."""
    sock = _connected(target, proxy_url, timeout_seconds)
    if tls is None:
        return sock
    try:
        return secured(sock, tls, tls_server_name or _host(target).partition("%")[0])
    except BaseException:
        sock.close()
        raise


def secured(sock: socket.socket, tls: ssl.SSLContext, name: str) -> socket.socket:
    """TLS on a socket, which may have TLS already: that of a proxy."""
    if not isinstance(sock, ssl.SSLSocket):
        return tls.wrap_socket(sock, server_hostname=name)
    from urllib3.util.ssltransport import SSLTransport

    return cast(socket.socket, SSLTransport(sock, tls, server_hostname=name))


def _host(target: SplitResult) -> str:
    host, percent, zone = unquote(str(target.hostname)).partition("%")  # written %25 in a URL
    if not percent:
        return host
    with suppress(OSError):
        zone = str(socket.if_nametoindex(zone))  # getaddrinfo takes names for link-local ones alone
    return f"{host}%{zone}"


def _connected(target: SplitResult, proxy_url: str, timeout_seconds: float) -> socket.socket:
    host, port = _host(target), target.port or _default_port(target.scheme)
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
    if proxy.scheme in ("socks5", "socks5h"):
        return through_socks(proxy, target, timeout_seconds)
    sock = socket.create_connection(
        (str(proxy.hostname), proxy.port or _default_port(proxy.scheme)), timeout_seconds
    )
    try:
        if proxy.scheme == "https":
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=proxy.hostname)
        _ask_for_tunnel(sock, proxy, target)
    except BaseException:
        sock.close()
        raise
    return sock


def _ask_for_tunnel(sock: socket.socket, proxy: SplitResult, target: tuple[str, int]) -> None:
    host, port = target
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {address} HTTP/1.1", f"Host: {address}", *_authorization(proxy)]
    sock.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
    with http.client.HTTPResponse(sock, method="CONNECT") as answer:
        answer.begin()
        if answer.status != 200:
            raise OSError(f"Tunnel connection failed: {answer.status} {answer.reason}")


def _authorization(proxy: SplitResult) -> list[str]:
    """The header that the user:password of a proxy URL means."""
    if proxy.username is None:
        return []
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return [f"Proxy-Authorization: Basic {b64encode(pair.encode()).decode()}"]
