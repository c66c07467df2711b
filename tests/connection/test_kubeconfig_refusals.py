"""What a kubeconfig or the flags get wrong is told on one line that names it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from kubectl_stress.errors import StressError, UsageError
from kubectl_stress.kube.connection import Connection, ConnectionFlags
from kubectl_stress.kube.kubeconfig.load import load_connection
from tests.connection import kubeconfigs

SERVER = "https://api.example:6443"


def load(path: Path, **flags: Any) -> Connection:
    return load_connection(ConnectionFlags(**flags), {"KUBECONFIG": str(path)})


def refusal(load_it: Callable[[], object]) -> str:
    with pytest.raises(StressError) as refused:
        load_it()
    message = str(refused.value)
    assert "\n" not in message
    return message


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return kubeconfigs.write_one(tmp_path / "config", SERVER, user={"token": "word"})


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"context": "x"}, '--context "x" does not exist; there are: here'),
        ({"cluster": "x"}, '--cluster "x" does not exist; there are: here'),
        ({"user": "x"}, '--user "x" does not exist; there are: me'),
        ({"kubeconfig": "/no/such"}, "--kubeconfig /no/such: no such file"),
        ({"server": "ftp://x"}, 'server "ftp://x" is not an address like https://HOST:6443'),
        ({"server": "https://x:y"}, 'server "https://x:y" is not an address like'),
        ({"server": "https://x:99999"}, 'server "https://x:99999" is not an address like'),
        ({"server": "https://[::1"}, 'server "https://[::1" is not an address like'),
        ({"server": "https://a..b"}, 'server "https://a..b" is not an address like'),
        ({"server": f"https://{'a' * 64}.b"}, f'server "https://{"a" * 64}.b" is not an address'),
        ({"tls_server_name": "a..b"}, '--tls-server-name: "a..b" is not a host name'),
        (
            {"insecure_skip_tls_verify": True, "certificate_authority": "ca.crt"},
            "--certificate-authority and --insecure-skip-tls-verify: use only one",
        ),
        ({"as_groups": ("dev",)}, "--as-group, --as-uid and --as-user-extra need --as: whose"),
        ({"as_user_extra": (("a", ("b",)),)}, "--as-group, --as-uid and --as-user-extra need"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_flag_that_fits_nothing_is_a_usage_error(
    one: Path, flags: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError) as refused:
        load(one, **flags)

    assert str(refused.value).startswith(words)


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"token": 5}, 'token of "me" is not a string: put it in quotes'),
        ({"token": "a", "password": "b"}, 'user "me" has a token and a password'),
        ({"client-certificate-data": "YQ=="}, 'user "me" has a client certificate but no client'),
        ({"client-certificate-data": "YQ"}, 'client-certificate-data of "me" is not base64'),
        ({"client-key": "/no/such"}, 'client-key of "me": /no/such: No such file or directory'),
        ({"exec": {"apiVersion": "v1"}}, 'the exec plugin of user "me" has no command'),
        ({"exec": "login"}, 'exec of "me" is not a mapping'),
        ({"exec": {"command": "x", "args": "--all"}}, 'args of "me" is not a list'),
        ({"exec": {"command": "x", "env": ["A=b"]}}, 'env of "me" is not a list of mappings'),
        ({"exec": {"command": "x", "env": [{"name": 1}]}}, 'name of "me" is not a string'),
        ({"auth-provider": "oidc"}, 'auth-provider of "me" is not a mapping'),
        ({"as": "bob", "as-groups": "dev"}, 'as-groups of "me" is not a list'),
        ({"as": "bob", "as-groups": [1]}, 'as-groups of "me" is not a list of strings'),
        ({"as": "bob", "as-user-extra": ["a"]}, 'as-user-extra of "me" is not a mapping'),
        ({"as": "bob", "as-user-extra": {"a": "b"}}, 'a of "me" is not a list'),
        (
            {"exec": {"command": "x", "apiVersion": "client.authentication.k8s.io/v1"}},
            "needs interactiveMode: Never, IfAvailable or Always",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_user_that_cannot_be_understood_is_told(
    tmp_path: Path, user: dict[str, Any], words: str
) -> None:
    path = kubeconfigs.write_one(tmp_path / "config", SERVER, user=user)

    assert words in refusal(lambda: load(path))


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ({"certificate_authority_data": "!"}, 'certificate-authority-data of "here" is not base64'),
        ({"certificate_authority": "/no"}, 'certificate-authority of "here": /no: No such file'),
        (
            {"certificate_authority_data": "YQ==", "insecure_skip_tls_verify": True},
            "has a certificate authority and insecure-skip-tls-verify: remove one",
        ),
        ({"proxy_url": "u:secret@proxy:3128"}, 'proxy-url of "here" is not an address like'),
        ({"proxy_url": "ftp://u:secret@proxy"}, 'proxy-url of "here" is not an address like'),
        ({"proxy_url": "http://u:secret@a..b"}, 'proxy-url of "here" is not an address like'),
        ({"tls_server_name": ".b"}, 'tls-server-name of "here": ".b" is not a host name'),
        ({"proxy_url": "http://u:secret@proxy:x"}, 'proxy-url of "here" is not an address like'),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_cluster_that_cannot_be_understood_is_told(
    tmp_path: Path, cluster: dict[str, Any], words: str
) -> None:
    path = kubeconfigs.write_one(tmp_path / "config", SERVER, user={}, **cluster)

    message = refusal(lambda: load(path))

    assert words in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("clusters: [", "cannot be read: while parsing"),
        ("{", "cannot be read: Expecting property name"),
        ("- a", "is not a kubeconfig file"),
        ("a\0b", "cannot be read: unacceptable character"),
        ("clusters: [x]", "an entry of clusters cannot be understood"),
        ("clusters: {name: x}", "an entry of clusters cannot be understood"),
        ("users: [{name: x, user: y}]", "an entry of users cannot be understood"),
        ("users: [{name: x}, {name: x}]", 'user "x" is there twice'),
        ("clusters: 5", "an entry of clusters cannot be understood"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)

    message = refusal(lambda: load(path))

    assert message.startswith(f"kubeconfig {path}")
    assert words in message


@pytest.mark.parametrize("host", ["proxy:x", "a..b"])
def test_a_proxy_of_the_environment_that_is_no_address_is_told(one: Path, host: str) -> None:
    environ = {"KUBECONFIG": str(one), "HTTPS_PROXY": f"http://u:secret@{host}"}

    message = refusal(lambda: load_connection(ConnectionFlags(), environ))

    assert message == "HTTPS_PROXY is not an address like http://HOST:3128"


@pytest.mark.parametrize(
    ("path", "sent"),
    [("/a b", "/a%20b"), ("/\u00e9/", "/%C3%A9"), ("/k8s/c%2Fd:1", "/k8s/c%2Fd:1")],
)
def test_the_path_of_a_server_is_sent_as_a_url_can_hold_it(one: Path, path: str, sent: str) -> None:
    assert load(one, server=f"{SERVER}{path}").server == f"{SERVER}{sent}"


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    assert f"kubeconfig {tmp_path} cannot be read" in refusal(lambda: load(tmp_path))


def test_a_current_context_that_does_not_exist_is_told(tmp_path: Path) -> None:
    path = kubeconfigs.write(tmp_path / "config", current="gone")

    assert 'current-context "gone" does not exist: use --context' in refusal(lambda: load(path))


@pytest.mark.parametrize("missing", ["cluster", "user"])
def test_a_context_of_what_does_not_exist_is_told(tmp_path: Path, missing: str) -> None:
    context = {"cluster": "here", "user": "me", missing: "gone"}
    path = kubeconfigs.write(
        tmp_path / "config",
        current="x",
        clusters={"here": {"server": SERVER}},
        users={"me": {}},
        contexts={"x": context},
    )

    assert f'{missing} "gone" of context "x" does not exist' in refusal(lambda: load(path))


def test_without_a_current_context_the_contexts_are_listed(tmp_path: Path) -> None:
    contexts: Mapping[str, None] = {"b": None, "a": None}
    path = kubeconfigs.write(tmp_path / "config", contexts=contexts)

    assert refusal(lambda: load(path)) == "no context is set: use --context with one of: a, b"


def test_without_any_file_it_is_told_where_was_looked(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}

    message = refusal(lambda: load_connection(ConnectionFlags(), environ))

    assert message == (
        f"no cluster is configured (looked in {tmp_path}/.kube/config): set KUBECONFIG or --server"
    )


def test_a_cluster_without_a_server_is_told(tmp_path: Path) -> None:
    path = kubeconfigs.write_one(tmp_path / "config", "")

    assert refusal(lambda: load(path)) == 'kubeconfig: cluster "here" has no server: use --server'


def test_nothing_secret_is_shown_by_repr(one: Path) -> None:
    assert "word" not in repr(load(one))
    assert "flag" not in repr(ConnectionFlags(token="flag"))
