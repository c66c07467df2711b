"""Which proxy a server is reached through, by the environment. Pure: the environment is given."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from kubectl_stress.errors import StressError
from kubectl_stress.text import whole_number

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


def is_address(url: str, schemes: tuple[str, ...]) -> bool:
    """Whether it is a URL of one of these schemes, with a host and a possible port."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and is_host(parts.hostname or "") and parts.port != 0
    except ValueError:  # a port that is none, or half an IPv6 address
        return False


def is_host(name: str) -> bool:
    """Whether it can be looked up at all: no label empty, or longer than 63 characters."""
    try:
        return bool(name.encode("idna"))
    except UnicodeError:
        return False


def proxy_from_environment(server: str, environ: Mapping[str, str]) -> str:
    """The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY mean for this server, or "".

    As Go's http.ProxyFromEnvironment: loopback addresses never go through a proxy.
    """
    parts = urlsplit(server)
    name = f"{parts.scheme}_proxy"
    proxy = environ.get(name.upper()) or environ.get(name) or ""
    no_proxy = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if not proxy or _is_loopback(host) or _is_excepted(host, port, no_proxy):
        return ""
    url = proxy if "://" in proxy else f"http://{proxy}"
    if not is_address(url, PROXY_SCHEMES):
        raise StressError(f"{name.upper()} is not an address like http://HOST:3128")
    return url


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _is_excepted(host: str, port: int, no_proxy: str) -> bool:
    entries = (entry.strip().lower() for entry in no_proxy.split(","))
    return any(_excepts(entry, host.lower(), port) for entry in entries if entry)


def _excepts(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    address = _address(host)
    if "/" in entry and address is not None:
        try:
            return address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    name, colon, entry_port = entry.rpartition(":")
    number = whole_number(entry_port)
    if colon and number is not None and name.count(":") == 0:
        if number != port:
            return False
        entry = name
    entry = entry.removeprefix("*")
    return host.endswith(entry) if entry.startswith(".") else _within(host, entry)


def _within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
