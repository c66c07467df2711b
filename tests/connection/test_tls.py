"""Whom we trust and how we show who we are, over REST and over exec alike."""

import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kubectl_stress.errors import StressError, Unauthorized, Unreachable
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.kube.connection import Connection, Credential
from kubectl_stress.kube.exec.channels import V5
from kubectl_stress.kube.tls import expiry, tls_context
from tests.connection.certificates import Authority, Pem
from tests.connection.conftest import Connect
from tests.connection.fake_api_server import FakeApiServer, exec_script, running, status
from tests.connection.plugin import Plugin

CUT = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
EXEC = "/api/v1/namespaces/n/pods/p/exec"


def get_version(cluster: Cluster) -> None:
    cluster.server_version()


def run_exec(cluster: Cluster) -> None:
    cluster.exec("n", "p", "c", ["true"]).close()


both = pytest.mark.parametrize("ask", [get_version, run_exec])
Ask = Callable[[Cluster], None]


@pytest.fixture
def api(server_pem: Pem, authority: Authority) -> Iterator[FakeApiServer]:
    with running(server_pem, authority) as server:
        server.reply("GET", "/version", {"major": "1"})
        server.reply("GET", EXEC, exec_script(V5))
        yield server


def refusal(cluster: Cluster, ask: Ask) -> str:
    with pytest.raises(Unreachable) as refused:
        ask(cluster)
    message = str(refused.value)
    assert "\n" not in message
    return message


@both
def test_a_client_certificate_is_shown(
    api: FakeApiServer, connect: Connect, client_pem: Pem, ask: Ask
) -> None:
    ask(connect(client_certificate=client_pem.certificate, client_key=client_pem.key))

    assert api.requests[0].peer_name == "alice"


@both
def test_the_tls_server_name_is_asked_for_and_checked(
    api: FakeApiServer, connect: Connect, ask: Ask
) -> None:
    ask(connect(tls_server_name="api.example"))

    assert api.sni == ["api.example"]


@both
def test_a_server_of_another_name_is_not_trusted(
    api: FakeApiServer, connect: Connect, ask: Ask
) -> None:
    message = refusal(connect(tls_server_name="other.example"), ask)

    assert message == (
        f"cannot reach the API server at {api.url}: its certificate is not trusted (Hostname "
        "mismatch, certificate is not valid for 'other.example'.): check the certificate "
        "authority, or --tls-server-name"
    )
    assert api.requests == []


@both
def test_a_server_of_another_authority_is_not_trusted(
    api: FakeApiServer, connect: Connect, ask: Ask
) -> None:
    message = refusal(connect(ca_data=Authority("test authority").certificate), ask)

    assert "its certificate is not trusted (" in message
    assert api.requests == []


@both
def test_without_an_authority_the_systems_are_asked(
    api: FakeApiServer, connect: Connect, ask: Ask
) -> None:
    message = refusal(connect(ca_data=None), ask)

    assert "its certificate is not trusted (" in message


@both
def test_where_told_so_any_server_is_trusted(connect: Connect, ask: Ask) -> None:
    ask(connect(ca_data=None, insecure=True, tls_server_name="other.example"))


@both
def test_an_intermediate_authority_is_enough(
    authority: Authority, connection: Connection, ask: Ask
) -> None:
    intermediate = Authority("intermediate", authority)
    with running(intermediate.issue("api server", "127.0.0.1")) as server:
        server.reply("GET", "/version", {})
        server.reply("GET", EXEC, exec_script(V5))
        trusting = Connection(server.url, ca_data=intermediate.certificate)

        with Cluster(trusting, {}) as cluster:
            ask(cluster)


def test_comments_in_an_authority_may_be_in_any_language(
    connect: Connect, authority: Authority
) -> None:
    commented = "# Főtanúsítvány\n".encode() + authority.certificate

    assert connect(ca_data=commented).server_version() == {"major": "1"}


def test_a_renewed_certificate_is_shown_on_new_connections(
    api: FakeApiServer, connect: Connect, authority: Authority, plugin: Plugin
) -> None:
    cluster = connect(token="", exec_plugin=plugin.exec, environ={"PATH": "/bin:/usr/bin"})
    for name in ("old", "new"):
        pem = authority.issue(name)
        plugin.answer(
            clientCertificateData=pem.certificate.decode(),
            clientKeyData=pem.key.decode(),
            expirationTimestamp="2020-01-01T00:00:00Z",
        )
        cluster.server_version()

    assert [seen.peer_name for seen in api.requests] == ["old", "new"]


@pytest.mark.parametrize("ca_data", [b"", b"not PEM", b"\xff"])
def test_an_authority_that_is_not_pem_is_told(connect: Connect, ca_data: bytes) -> None:
    with pytest.raises(StressError, match="the certificate authority of the cluster is not valid"):
        connect(ca_data=ca_data).server_version()


def test_a_key_of_another_certificate_is_told(authority: Authority, client_pem: Pem) -> None:
    credential = Credential(certificate=client_pem.certificate, key=authority.issue("bob").key)

    with pytest.raises(StressError, match='key of user "alice" do not work together'):
        tls_context(Connection("https://x", user="alice", insecure=True), credential)


def test_an_encrypted_key_is_told_and_no_password_asked_for(client_pem: Pem) -> None:
    kind = b"ENCRYPTED PRIVATE KEY-----\n"
    encrypted = b"-----BEGIN " + kind + b"MAA=\n-----END " + kind
    credential = Credential(certificate=client_pem.certificate, key=encrypted)

    with pytest.raises(StressError, match="do not work together"):
        tls_context(Connection("https://x", insecure=True), credential)


@both
@pytest.mark.parametrize("is_checked_by", ["handshake", "request"])
def test_an_expired_client_certificate_is_told_with_its_user_and_date(
    api: FakeApiServer, connect: Connect, authority: Authority, ask: Ask, is_checked_by: str
) -> None:
    if is_checked_by == "request":  # as a Kubernetes API server, which looks at it later
        api.accept_any_certificate()
        for path in ("/version", EXEC):
            api.reply("GET", path, status(401))
    pem = authority.issue_expired("alice")

    with pytest.raises(Unauthorized) as refused:
        ask(connect(token="", client_certificate=pem.certificate, client_key=pem.key))

    assert str(refused.value) == (
        'the client certificate of user "alice" expired on '
        f"{expiry(pem.certificate):%Y-%m-%d %H:%M} UTC: get a new one, or log in again"
    )


def test_the_expiry_of_a_certificate_is_what_openssl_reads(client_pem: Pem) -> None:
    argv = ["openssl", "x509", "-noout", "-enddate"]
    done = subprocess.run(argv, input=client_pem.certificate, capture_output=True, check=True)

    read = f"{expiry(client_pem.certificate):notAfter=%b %e %H:%M:%S %Y GMT}"
    assert read == done.stdout.decode().strip()


@pytest.mark.parametrize("pem", [b"", b"x", b"-----END CERTIFICATE-----", CUT])
def test_what_is_no_certificate_has_no_expiry(pem: bytes) -> None:
    assert expiry(pem) is None


def test_no_key_is_left_on_the_disk(
    client_pem: Pem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    credential = Credential(certificate=client_pem.certificate, key=client_pem.key)

    context = tls_context(Connection("https://x", insecure=True), credential)

    assert isinstance(context, ssl.SSLContext)
    assert list(tmp_path.iterdir()) == []


def test_plain_http_is_without_tls() -> None:
    assert tls_context(Connection("http://localhost:8001"), Credential()) is None


def test_a_server_that_speaks_no_tls_is_told(connect: Connect) -> None:
    with running(None) as plain:
        url = plain.url.replace("http:", "https:")

        message = refusal(connect(server=url), get_version)

    assert message == (
        f"cannot reach the API server at {url}: it does not speak TLS: use http:// if that is meant"
    )
