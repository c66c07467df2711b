"""Namespace, trust, proxies and the pod's own account: which of several sources is taken."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from kubectl_stress.errors import StressError, UsageError
from kubectl_stress.kube.connection import Connection, ConnectionFlags
from kubectl_stress.kube.kubeconfig.load import load_connection
from kubectl_stress.kube.kubeconfig.proxy_env import proxy_from_environment
from tests.connection import kubeconfigs
from tests.connection.kubeconfigs import data

SERVER = "https://api.example:6443"
POD = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def load(path: Path, environ: dict[str, str] | None = None, **flags: Any) -> Connection:
    return load_connection(ConnectionFlags(**flags), {"KUBECONFIG": str(path), **(environ or {})})


@pytest.fixture
def account(tmp_path: Path) -> Path:
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    for name in ("token", "ca.crt", "namespace"):
        (folder / name).write_text(f"pod's {name}\n")
    return folder


def in_pod(account: Path, environ: dict[str, str] | None = None, **flags: Any) -> Connection:
    known = {**POD, "HOME": str(account), **(environ or {})}
    return load_connection(ConnectionFlags(**flags), known, service_account=account)


@pytest.mark.parametrize(
    ("flags", "namespace"),
    [({}, "blue"), ({"context": "plain"}, "default"), ({"namespace": "red"}, "red")],
)
def test_the_namespace_is_the_flags_then_the_chosen_contexts(
    tmp_path: Path, flags: dict[str, Any], namespace: str
) -> None:
    path = kubeconfigs.write(
        tmp_path / "config",
        current="coloured",
        clusters={"here": {"server": SERVER}},
        contexts={
            "coloured": {"cluster": "here", "namespace": "blue"},
            "plain": {"cluster": "here"},
        },
    )

    assert load(path, **flags).namespace == namespace


def test_data_wins_over_the_file_of_the_same_field(tmp_path: Path) -> None:
    path = kubeconfigs.write_one(
        tmp_path / "config",
        SERVER,
        certificate_authority="/no/such",
        certificate_authority_data=data(b"authority"),
    )

    assert load(path).ca_data == b"authority"


def test_the_authority_flag_wins_over_an_insecure_cluster(tmp_path: Path) -> None:
    path = kubeconfigs.write_one(tmp_path / "config", SERVER, insecure_skip_tls_verify=True)
    (tmp_path / "ca.crt").write_bytes(b"authority")

    found = load(path, certificate_authority=str(tmp_path / "ca.crt"))

    assert (found.ca_data, found.insecure) == (b"authority", False)


def test_the_insecure_flag_wins_over_the_clusters_authority(tmp_path: Path) -> None:
    authority = data(b"authority")
    path = kubeconfigs.write_one(tmp_path / "config", SERVER, certificate_authority_data=authority)

    found = load(path, insecure_skip_tls_verify=True)

    assert (found.ca_data, found.insecure) == (None, True)


def test_the_certificate_flags_win_over_the_users(tmp_path: Path) -> None:
    user = {"client-certificate-data": data(b"file"), "client-key-data": data(b"file")}
    path = kubeconfigs.write_one(tmp_path / "config", SERVER, user=user)
    for name in ("me.crt", "me.key"):
        (tmp_path / name).write_text(name)

    found = load(
        path, client_certificate=str(tmp_path / "me.crt"), client_key=str(tmp_path / "me.key")
    )

    assert (found.client_certificate, found.client_key) == (b"me.crt", b"me.key")


def test_the_token_flag_wins_over_a_token_file(tmp_path: Path) -> None:
    path = kubeconfigs.write_one(tmp_path / "config", SERVER, user={"tokenFile": "token"})

    found = load(path, token="flag")

    assert (found.token, found.token_file, found.user) == ("flag", None, "")


def test_a_server_without_a_scheme_is_http(tmp_path: Path) -> None:
    path = kubeconfigs.write_one(tmp_path / "config", "localhost:8001")

    assert load(path).server == "http://localhost:8001"


def test_a_request_timeout_of_zero_is_none(tmp_path: Path) -> None:
    path = kubeconfigs.write_one(tmp_path / "config", SERVER)

    assert load(path, request_timeout=0.0).request_timeout_seconds is None
    assert load(path, request_timeout=2.5).request_timeout_seconds == 2.5


def test_escape_sequences_of_an_install_hint_are_dropped(tmp_path: Path) -> None:
    user = {"exec": {"command": "login", "installHint": "a\x1b[31m\nb"}}
    path = kubeconfigs.write_one(tmp_path / "config", SERVER, user=user)

    plugin = load(path).exec_plugin

    assert plugin is not None
    assert plugin.install_hint == "a\nb"


# In a pod


def test_in_a_pod_its_own_account_is_used(account: Path) -> None:
    found = in_pod(account)

    assert found.server == "https://10.96.0.1:443"
    assert found.token_source is not None
    assert found.token_source() == "pod's token"
    assert (found.namespace, found.ca_data) == ("pod's namespace", b"pod's ca.crt\n")


def test_in_a_pod_a_renewed_token_is_read_after_a_minute(account: Path) -> None:
    found = in_pod(account)
    (account / "token").write_text("renewed")
    assert found.token_source is not None
    assert found.token_source() == "pod's token"
    later = datetime.now() + timedelta(minutes=2)

    with mock.patch("kubernetes.config.incluster_config.datetime") as library:
        library.datetime.now.return_value = later
        library.timedelta = timedelta
        assert found.token_source() == "renewed"


def test_in_a_pod_an_empty_authority_is_told(account: Path) -> None:
    (account / "ca.crt").write_text("")

    with pytest.raises(StressError, match="the pod's service account cannot be used: Cert"):
        in_pod(account)


def test_in_a_pod_an_ipv6_address_gets_brackets(account: Path) -> None:
    found = in_pod(account, {"KUBERNETES_SERVICE_HOST": "fd00::1"})

    assert found.server == "https://[fd00::1]:443"


def test_in_a_pod_a_kubeconfig_wins_and_its_namespace_is_the_pods(account: Path) -> None:
    path = kubeconfigs.write_one(account / "config", SERVER)

    found = in_pod(account, {"KUBECONFIG": str(path)})

    assert (found.server, found.namespace) == (SERVER, "pod's namespace")


def test_in_a_pod_flags_still_count(account: Path) -> None:
    found = in_pod(account, token="flag", as_user="bob", insecure_skip_tls_verify=True)

    assert (found.token, found.token_source, found.insecure) == ("flag", None, True)
    assert found.impersonation.user == "bob"


def test_the_environment_of_a_pod_without_its_token_is_no_pod(account: Path) -> None:
    (account / "token").unlink()

    with pytest.raises(Exception, match="no cluster is configured"):
        in_pod(account)


# Proxies


def test_the_clusters_proxy_wins_over_the_environments(tmp_path: Path) -> None:
    path = kubeconfigs.write_one(tmp_path / "config", SERVER, proxy_url="http://own:3128")

    assert load(path, {"HTTPS_PROXY": "http://env:1"}).proxy_url == "http://own:3128"


@pytest.mark.parametrize(
    ("server", "environ", "proxy"),
    [
        (SERVER, {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        (SERVER, {"HTTPS_PROXY": "socks5://u:p@p:1"}, "socks5://u:p@p:1"),
        (SERVER, {"https_proxy": "p:1"}, "http://p:1"),
        (SERVER, {"HTTP_PROXY": "http://p:1"}, ""),
        ("http://api.example", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("https://localhost:6443", {"HTTPS_PROXY": "http://p:1"}, ""),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": "http://p:1"}, ""),
        ("https://[::1]:6443", {"HTTPS_PROXY": "http://p:1"}, ""),
        (SERVER, {}, ""),
    ],
)
def test_the_proxy_of_the_environment_is_the_schemes(
    server: str, environ: dict[str, str], proxy: str
) -> None:
    assert proxy_from_environment(server, environ) == proxy


@pytest.mark.parametrize(
    ("host", "no_proxy", "is_excepted"),
    [
        ("api.example", "*", True),
        ("api.example", "example", True),
        ("api.example", ".example", True),
        ("example", ".example", False),  # a leading dot means below it only
        ("api.example", "*.example", True),
        ("api.example", "ample", False),
        ("API.example", "api.EXAMPLE", True),
        ("api.example", "other, api.example", True),
        ("api.example", "api.example:6443", True),
        ("api.example", "api.example:443", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "11.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.0/x", False),
        ("[fd00::1]", "fd00::/8", True),
        ("[fd00::1]", "fd00::1", True),
    ],
)
def test_no_proxy_excepts_hosts_domains_and_networks(
    host: str, no_proxy: str, is_excepted: bool
) -> None:
    environ = {"HTTPS_PROXY": "http://p:1", "NO_PROXY": no_proxy}

    found = proxy_from_environment(f"https://{host}:6443", environ)

    assert (found == "") is is_excepted


def test_the_name_in_the_certificate_is_checked_in_a_pod_too(account: Path) -> None:
    assert in_pod(account, tls_server_name="api.example").tls_server_name == "api.example"
    with pytest.raises(UsageError, match=r'--tls-server-name: "a\.\.b" is not a host name'):
        in_pod(account, tls_server_name="a..b")


@pytest.mark.parametrize("server", ["http://me:p/ss@host", "https://me:pass@host:99999"])
def test_an_address_that_is_none_is_told_without_its_password(tmp_path: Path, server: str) -> None:
    with pytest.raises(UsageError, match=r'^server "host(:99999)?" is not an address') as raised:
        load(tmp_path / "none", server=server)

    assert "me:" not in str(raised.value)
