"""Through a proxy, REST and exec go the same way."""

import base64
from collections.abc import Callable
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer
from threading import Thread

import pytest

from kubectl_stress.errors import StressError, Unreachable
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.kube.exec.channels import V5
from tests.connection.certificates import Authority, Pem
from tests.connection.conftest import Connect
from tests.connection.connect_proxy import proxying
from tests.connection.fake_api_server import FakeApiServer, exec_script
from tests.connection.socks_proxy import socks_proxying

EXEC = "/api/v1/namespaces/n/pods/p/exec"
Ask = Callable[[Cluster], object]


def get_version(cluster: Cluster) -> object:
    return cluster.server_version()


def run_exec(cluster: Cluster) -> object:
    with cluster.exec("n", "p", "c", ["true"]) as stream:
        return stream.receive(0)


both = pytest.mark.parametrize("ask", [get_version, run_exec])


@both
def test_the_proxy_is_asked_for_a_tunnel_to_the_server(
    api: FakeApiServer, connect: Connect, ask: Ask
) -> None:
    api.reply("GET", EXEC, exec_script(V5))

    with proxying() as proxy, connect(proxy_url=f"http://{proxy.address}") as cluster:
        ask(cluster)

    assert proxy.targets == [f"127.0.0.1:{api.port}"]
    assert proxy.authorizations == [None]
    assert api.requests[0].header("authorization") == "Bearer secret"


@both
def test_the_proxys_own_password_is_shown_to_it_alone(
    api: FakeApiServer, connect: Connect, ask: Ask
) -> None:
    api.reply("GET", EXEC, exec_script(V5))

    with proxying() as proxy, connect(proxy_url=f"http://u:p%40s@{proxy.address}") as cluster:
        ask(cluster)

    assert proxy.authorizations == [f"Basic {base64.b64encode(b'u:p@s').decode()}"]
    assert api.requests[0].header("proxy-authorization") == ""


@both
def test_the_certificate_is_checked_through_the_proxy(
    api: FakeApiServer, connect: Connect, ask: Ask
) -> None:
    with proxying() as proxy:
        url = f"http://{proxy.address}"
        with connect(proxy_url=url, tls_server_name="other.example") as cluster:
            with pytest.raises(Unreachable, match="its certificate is not trusted"):
                ask(cluster)

    assert api.requests == []


@both
@pytest.mark.parametrize("status", [403, 407])
def test_a_proxy_that_refuses_is_told_without_its_password(
    connect: Connect, ask: Ask, status: int
) -> None:
    with proxying(status) as proxy, connect(proxy_url=f"http://u:pass@{proxy.address}") as cluster:
        with pytest.raises(Unreachable) as progress:
            ask(cluster)

    assert f"Tunnel connection failed: {status}" in str(progress.value)
    assert "\n" not in str(progress.value)
    assert "pass" not in str(progress.value)


@both
def test_a_proxy_that_is_not_there_is_told(connect: Connect, ask: Ask) -> None:
    with proxying() as gone:
        url = f"http://{gone.address}"

    with connect(proxy_url=url) as cluster, pytest.raises(Unreachable, match="Connection refused"):
        ask(cluster)


def test_an_exec_through_a_tls_proxy_is_refused_with_a_way_out(connect: Connect) -> None:
    with pytest.raises(StressError, match="https:// is not supported: use an http:// or socks5://"):
        run_exec(connect(proxy_url="https://proxy.example"))


def test_requests_go_through_a_tls_proxy(
    api: FakeApiServer,
    connect: Connect,
    server_pem: Pem,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "ca.crt").write_bytes(authority.certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))

    with proxying(tls=server_pem) as proxy, connect(proxy_url=f"https://{proxy.address}") as it:
        assert get_version(it) == get_version(it) == {"major": "1"}

    assert proxy.targets == [f"127.0.0.1:{api.port}"]


# SOCKS


@both
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_resolves_the_name(
    api: FakeApiServer, connect: Connect, ask: Ask, scheme: str
) -> None:
    api.reply("GET", EXEC, exec_script(V5))
    server = f"https://localhost:{api.port}"

    with socks_proxying() as proxy:
        with connect(server=server, proxy_url=f"{scheme}://{proxy.address}") as cluster:
            ask(cluster)

    assert proxy.targets == [f"localhost:{api.port}"]
    assert api.requests[0].header("authorization") == "Bearer secret"


@both
def test_a_socks_proxy_is_shown_its_password(
    api: FakeApiServer, connect: Connect, ask: Ask
) -> None:
    api.reply("GET", EXEC, exec_script(V5))

    with socks_proxying(("u", "p@s")) as proxy:
        with connect(proxy_url=f"socks5://u:p%40s@{proxy.address}") as cluster:
            ask(cluster)

    assert proxy.passwords == [("u", "p@s")]


@both
@pytest.mark.parametrize(
    ("who", "reply", "words"),
    [
        ("", 0, "it wants a user and password: socks5://USER:PASSWORD@HOST:PORT"),
        ("u:wrong@", 0, "it does not accept the user and password"),
        ("u:right@", 5, "connection refused"),
        ("u:right@", 99, "error 99"),
    ],
)
def test_a_socks_proxy_that_refuses_is_told_without_its_password(
    connect: Connect, ask: Ask, who: str, reply: int, words: str
) -> None:
    with socks_proxying(("u", "right"), reply=reply) as proxy:
        with connect(proxy_url=f"socks5://{who}{proxy.address}") as cluster:
            with pytest.raises(Unreachable) as refused:
                ask(cluster)

    assert str(refused.value).startswith("the SOCKS5 proxy refused: ")
    assert str(refused.value).endswith(words)
    assert "wrong" not in str(refused.value)


class _Web(BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(3)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@both
def test_what_is_no_socks_proxy_is_told(connect: Connect, ask: Ask) -> None:
    with TCPServer(("127.0.0.1", 0), _Web) as web:
        Thread(target=web.handle_request).start()
        with connect(proxy_url=f"socks5://127.0.0.1:{web.server_address[1]}") as cluster:
            with pytest.raises(Unreachable, match="refused: it does not speak SOCKS5"):
                ask(cluster)


def test_the_environment_alone_sends_nothing_through_a_proxy(
    api: FakeApiServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.reply("GET", EXEC, exec_script(V5))

    with proxying() as proxy:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.address}")
        with connect() as cluster:
            get_version(cluster)
            run_exec(cluster)

    assert proxy.targets == []
