"""The same kubeconfig files, flags and environment: kubectl and we ask the same server as the same.

kubectl is run against the fake API server, and its request is compared with ours.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml

from kubectl_stress.errors import StressError
from kubectl_stress.kube.connection import ConnectionFlags
from tests.connection import kubeconfigs
from tests.connection.certificates import Authority, Pem
from tests.connection.fake_api_server import running
from tests.connection.kubectls import kubectl_since
from tests.connection.oracle import Asked, Oracle
from tests.connection.socks_proxy import socks_proxying

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@pytest.fixture
def two(oracle: Oracle, server_pem: Pem, authority: Authority) -> Iterator[Oracle]:
    """An oracle whose KUBECONFIG is two files, each with a current context for its own server."""
    with running(server_pem, authority) as second:
        second.reply("GET", "/version", {"major": "1"})
        oracle.second = second
        first = oracle.write({"token": "one"}, "one/config")
        path = oracle.folder / "two/config"
        kubeconfigs.write(
            path,
            current="there",
            clusters={"there": {"server": second.url, "certificate-authority-data": oracle.ca}},
            users={"me": {"token": "two"}, "you": {"token": "yours"}},
            contexts={
                "there": {"cluster": "there", "user": "you"},
                "mixed": {"cluster": "here", "user": "you"},
            },
        )
        oracle.environ["KUBECONFIG"] = f"{first}{os.pathsep}{path}"
        yield oracle


def test_the_first_files_current_context_wins(two: Oracle) -> None:
    assert two.agree().port == two.first.port


def test_an_empty_current_context_is_none(two: Oracle) -> None:
    path = two.folder / "three"
    path.write_text('current-context: ""\n')
    two.environ["KUBECONFIG"] = f"{path}{os.pathsep}{two.environ['KUBECONFIG']}"

    assert two.agree().port == two.first.port


def test_empty_and_missing_files_are_passed_over(two: Oracle) -> None:
    empty = two.folder / "empty"
    empty.touch()
    two.environ["KUBECONFIG"] = os.pathsep.join(["", str(empty), "/no", two.environ["KUBECONFIG"]])

    assert two.agree().port == two.first.port


def test_a_context_may_join_what_different_files_hold(two: Oracle) -> None:
    asked = two.agree("--context=mixed", context="mixed")

    assert (asked.port, asked.authorization) == (two.first.port, "Bearer yours")


def test_of_a_user_in_both_files_the_first_wins(two: Oracle) -> None:
    assert two.agree("--user=me", "--cluster=there", user="me", cluster="there") == Asked(
        two.second.port, "/version", "Bearer one", "", (), None
    )


def test_the_kubeconfig_flag_replaces_the_list(two: Oracle) -> None:
    path = str(two.folder / "two/config")

    assert two.agree(f"--kubeconfig={path}", kubeconfig=path).port == two.second.port


def test_relative_paths_belong_to_the_file_they_are_in(
    oracle: Oracle, authority: Authority, client_pem: Pem
) -> None:
    user = kubeconfigs.write(
        oracle.folder / "d2/config",
        users={"me": {"client-certificate": "pki/me.crt", "client-key": "pki/me.key"}},
    )
    (oracle.folder / "d2/pki").mkdir()
    (oracle.folder / "d2/pki/me.crt").write_bytes(client_pem.certificate)
    (oracle.folder / "d2/pki/me.key").write_bytes(client_pem.key)
    cluster = kubeconfigs.write(
        oracle.folder / "d1/config",
        current="here",
        clusters={"here": {"server": oracle.first.url, "certificate-authority": "ca.crt"}},
        contexts={"here": {"cluster": "here", "user": "me"}},
    )
    (oracle.folder / "d1/ca.crt").write_bytes(authority.certificate)
    oracle.environ["KUBECONFIG"] = f"{cluster}{os.pathsep}{user}"

    assert oracle.agree().certificate_name == "alice"


def test_a_relative_token_file_wins_over_the_token(oracle: Oracle) -> None:
    oracle.write({"token": "word", "tokenFile": "token"})
    (oracle.folder / "token").write_text("file\n")

    assert oracle.agree().authorization == "Bearer file"


def test_a_relative_plugin_is_run_from_the_files_folder(oracle: Oracle) -> None:
    plugin = oracle.folder / "bin/login"
    plugin.parent.mkdir()
    plugin.write_text(
        "#!/bin/sh\n"
        'echo \'{"kind": "ExecCredential", "apiVersion": '
        '"client.authentication.k8s.io/v1beta1", "status": {"token": "\'$1$WORD\'"}}\'\n'
    )
    plugin.chmod(0o755)
    how = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "./bin/login",
        "args": ["given-"],
        "env": [{"name": "WORD", "value": "word"}],
    }
    oracle.write({"exec": how})

    assert oracle.agree().authorization == "Bearer given-word"


def test_a_password_is_sent(oracle: Oracle) -> None:
    oracle.write({"username": "jörg", "password": "a:b"})

    assert oracle.agree().authorization.startswith("Basic ")


def test_the_token_flag_wins_over_the_users_token_and_plugin(oracle: Oracle) -> None:
    oracle.write({"token": "word"})

    assert oracle.agree("--token=flag", token="flag").authorization == "Bearer flag"


def test_whom_the_file_says_to_act_as_is_sent(oracle: Oracle) -> None:
    oracle.write(
        {
            "token": "word",
            "as": "bob",
            "as-groups": ["dev", "ops"],
            "as-uid": "7",
            "as-user-extra": {"Example.com/Reason": ["a b", "c"]},
        }
    )

    assert oracle.agree().impersonate == (
        ("impersonate-extra-example.com%2freason", "a b"),
        ("impersonate-extra-example.com%2freason", "c"),
        ("impersonate-group", "dev"),
        ("impersonate-group", "ops"),
        ("impersonate-uid", "7"),
        ("impersonate-user", "bob"),
    )


def test_whom_the_flags_say_to_act_as_wins(oracle: Oracle) -> None:
    oracle.write({"token": "word", "as": "bob", "as-groups": ["dev", "ops"]})

    asked = oracle.agree("--as=carol", "--as-group=qa", as_user="carol", as_groups=("qa",))

    assert asked.impersonate == (("impersonate-group", "qa"), ("impersonate-user", "carol"))


def test_a_name_beyond_ascii_is_acted_as(oracle: Oracle) -> None:
    oracle.write({"token": "word"})

    oracle.agree("--as=Łukasz", as_user="Łukasz")


def test_the_server_flag_keeps_the_user_and_clears_the_server_name(oracle: Oracle) -> None:
    kubeconfigs.write_one(
        oracle.folder / "config",
        "https://elsewhere.invalid",
        user={"token": "word"},
        certificate_authority_data=oracle.ca,
        tls_server_name="elsewhere.invalid",
    )
    oracle.environ["KUBECONFIG"] = str(oracle.folder / "config")

    asked = oracle.agree(f"--server={oracle.first.url}", server=oracle.first.url)

    assert (asked.authorization, asked.sni) == ("Bearer word", None)


def test_the_tls_server_name_is_asked_for(oracle: Oracle) -> None:
    oracle.write({"token": "word"})

    asked = oracle.agree("--tls-server-name=api.example", tls_server_name="api.example")

    assert asked.sni == "api.example"


def test_the_configuration_in_the_home_folder_is_used(oracle: Oracle) -> None:
    oracle.write({"token": "home"}, ".kube/config")
    del oracle.environ["KUBECONFIG"]

    assert oracle.agree().authorization == "Bearer home"


def test_json_indented_by_tabs_is_read(oracle: Oracle) -> None:
    path = oracle.write({"token": "word"})
    document = yaml.safe_load(path.read_text())
    path.write_text(json.dumps(document, indent="\t"))

    assert oracle.agree().authorization == "Bearer word"


@pytest.mark.parametrize(
    "words",
    [
        {"as-groups": ["dev"]},
        {"token": 5},
        {"client-certificate": "/no"},
        {"tokenFile": "/no"},
        {"exec": {"command": "/no", "apiVersion": "client.authentication.k8s.io/v1beta1"}},
        {"exec": {"command": "/bin/false", "apiVersion": "client.authentication.k8s.io/v1beta1"}},
        {"exec": {"command": sys.executable, "apiVersion": "client.authentication.k8s.io/v1"}},
        {"auth-provider": {"name": "gcp"}},
    ],
    ids=lambda words: "-".join(words),
)
def test_what_kubectl_refuses_is_refused(oracle: Oracle, words: dict[str, object]) -> None:
    oracle.write(words)
    argv = ["kubectl", "get", "--raw", "/version"]

    done = subprocess.run(argv, env=oracle.environ, capture_output=True, check=False)
    with pytest.raises(StressError) as refused:
        oracle.by_us(ConnectionFlags())

    assert done.returncode != 0
    assert "\n" not in str(refused.value)
    assert oracle.first.requests == []


def test_a_socks_proxy_is_given_the_name_of_the_server(oracle: Oracle) -> None:
    with socks_proxying(("u", "p")) as proxy:
        path = oracle.folder / "config"
        kubeconfigs.write_one(
            path,
            f"https://localhost:{oracle.first.port}",
            user={"token": "one"},
            certificate_authority_data=oracle.ca,
            proxy_url=f"socks5://u:p@{proxy.address}",
        )
        oracle.environ["KUBECONFIG"] = str(path)

        oracle.agree()

    assert len(proxy.targets) >= 2  # kubectl opens more than one connection
    assert set(proxy.targets) == {f"localhost:{oracle.first.port}"}
    assert set(proxy.passwords) == {("u", "p")}


def test_extra_fields_of_the_flag_are_shown_beside_those_of_the_file(oracle: Oracle) -> None:
    oracle.kubectl = kubectl_since(36)
    oracle.write({"token": "one", "as": "bob", "as-user-extra": {"a": ["1"], "b": ["2"]}})
    words = [f"--as-user-extra={pair}" for pair in ("b=3", "c=4", "c=5=6")]

    asked = oracle.agree(*words, as_user_extra=(("b", ("3",)), ("c", ("4", "5=6"))))

    assert ("impersonate-extra-c", "5=6") in asked.impersonate
