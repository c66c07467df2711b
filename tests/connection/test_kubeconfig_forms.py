"""Odd kubeconfig files: what kubectl reads is read so, and what it refuses is refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_stress.errors import StressError
from kubectl_stress.kube.connection import ConnectionFlags
from kubectl_stress.kube.kubeconfig.load import load_connection
from tests.connection import kubeconfigs
from tests.connection.certificates import Authority, Pem
from tests.connection.fake_api_server import running
from tests.connection.oracle import Oracle

INSECURE = "insecure-skip-tls-verify"
HEAD = "apiVersion: v1\nkind: Config\n"


@pytest.fixture
def text(oracle: Oracle) -> str:
    """A file as kubectl writes it."""
    return f"""\
current-context: here
clusters:
- name: here
  cluster:
    server: {oracle.first.url}
    certificate-authority-data: {oracle.ca}
contexts:
- name: here
  context: {{cluster: here, user: me}}
users:
- name: me
  user:
    token: word
"""


def write(oracle: Oracle, content: str | bytes) -> Path:
    path = oracle.folder / "config"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    oracle.environ["KUBECONFIG"] = str(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_an_encoding_is_known_by_its_byte_order_mark(
    oracle: Oracle, text: str, encoding: str
) -> None:
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    write(oracle, (mark + HEAD + text).encode(encoding))

    assert oracle.agree().authorization == "Bearer word"


@pytest.mark.parametrize(
    "second",
    ["{", "kind: Pod\n", "current-context: other\n", "\t"],
    ids=["broken", "pod", "other", "tab"],
)
def test_of_two_documents_the_first_counts(oracle: Oracle, text: str, second: str) -> None:
    write(oracle, f"{HEAD}{text}---\n{second}")

    assert oracle.agree().authorization == "Bearer word"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("2026-11-26", "2026-11-26"),
        ("2026-11-26T10:00:00Z", "2026-11-26T10:00:00Z"),
        ("12:30:45", "12:30:45"),
        ('"123"', "123"),
        ("a#b", "a#b"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_what_looks_like_a_date_is_a_text(
    oracle: Oracle, text: str, written: str, sent: str
) -> None:
    write(oracle, HEAD + text.replace("token: word", f"token: {written}"))

    assert oracle.agree().authorization == f"Bearer {sent}"


def test_a_namespace_that_looks_like_a_date_is_a_text(oracle: Oracle, text: str) -> None:
    write(oracle, HEAD + text.replace("user: me}", "user: me, namespace: 2026-11-26}"))

    assert load_connection(ConnectionFlags(), oracle.environ).namespace == "2026-11-26"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("token: word", "token:\tword"),
        ("server: ", "server:\t\t "),
        ("- name: me", "- name:\tme"),
        ("token: word", "token: word\t"),
    ],
)
def test_a_tab_after_a_colon_is_a_blank(oracle: Oracle, text: str, old: str, new: str) -> None:
    write(oracle, HEAD + text.replace(old, new))

    assert oracle.agree().authorization == "Bearer word"


@pytest.mark.parametrize("head", ["", "apiVersion: v1\n", "kind: Config\n"])
def test_apiVersion_and_kind_may_be_missing(oracle: Oracle, text: str, head: str) -> None:
    write(oracle, head + text)

    assert oracle.agree().authorization == "Bearer word"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("apiVersion: v1\nkind: Pod\n", "is not a kubeconfig file: its kind is Pod"),
        ("apiVersion: v2\nkind: Config\n", "is not a kubeconfig file: its apiVersion is v2"),
    ],
)
def test_another_kind_of_object_is_refused(
    oracle: Oracle, text: str, head: str, words: str
) -> None:
    path = write(oracle, head + text)

    _, ours = oracle.both_refuse()

    assert ours == f"kubeconfig {path} {words}"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        (
            "    server:",
            '    insecure-skip-tls-verify: "true"\n    server:',
            "insecure-skip-tls-verify",
        ),
        ("    server:", "    insecure-skip-tls-verify: 1\n    server:", "insecure-skip-tls-verify"),
        ("token: word", "token: 5", "token"),
        ("token: word", "token: yes", "token"),
        ("token: word", "token: [word]", "token"),
    ],
)
def test_a_value_of_another_type_is_refused(
    oracle: Oracle, text: str, old: str, new: str, key: str
) -> None:
    write(oracle, HEAD + text.replace(old, new))

    _, ours = oracle.both_refuse()

    assert f"kubeconfig: {key} of " in ours


@pytest.mark.parametrize("key", ["certificate-authority-data", "client-certificate-data"])
def test_what_kubectl_has_left_out_is_told_with_the_command_that_does_not(
    oracle: Oracle, key: str
) -> None:
    cluster = {"server": oracle.first.url}
    user: dict[str, str] = {"client-key-data": "REDACTED"}
    (cluster if key.startswith("certificate") else user)[key] = "DATA+OMITTED"
    path = oracle.folder / "config"
    kubeconfigs.write(
        path,
        current="here",
        clusters={"here": cluster},
        users={"me": user},
        contexts={"here": {"cluster": "here", "user": "me"}},
    )
    oracle.environ["KUBECONFIG"] = str(path)

    _, ours = oracle.both_refuse()

    assert ours.endswith('was left out when the file was printed: use "kubectl config view --raw"')


def test_a_redacted_token_is_told(oracle: Oracle) -> None:
    oracle.write({"token": "REDACTED"})

    with pytest.raises(StressError, match='token of "me" was left out when the file was printed'):
        load_connection(ConnectionFlags(), oracle.environ)


# Files that are not there, or may not be read


@pytest.mark.parametrize("name", ["no/such/file", "x" * 300])
def test_a_file_that_is_not_there_is_passed_over(oracle: Oracle, text: str, name: str) -> None:
    path = write(oracle, HEAD + text)
    oracle.environ["KUBECONFIG"] = f"{oracle.folder / name}:{path}"

    if len(name) > 255:
        _, ours = oracle.both_refuse()
        assert "File name too long" in ours
    else:
        assert oracle.agree().authorization == "Bearer word"


def test_a_file_below_a_file_is_told(oracle: Oracle, text: str) -> None:
    path = write(oracle, HEAD + text)
    oracle.environ["KUBECONFIG"] = f"{path}/config:{path}"

    _, ours = oracle.both_refuse()

    assert ours == f"kubeconfig {path}/config cannot be read: Not a directory"


def test_a_folder_that_may_not_be_entered_is_told(
    oracle: Oracle, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(oracle, HEAD + text)

    def denied(*_: object, **__: object) -> Iterator[object]:
        raise PermissionError(13, "Permission denied", str(path))

    # root may enter every folder.
    monkeypatch.setattr("pathlib.Path.open", denied)
    monkeypatch.setattr("pathlib.Path.stat", denied)
    with pytest.raises(StressError) as refused:
        load_connection(ConnectionFlags(), oracle.environ)
    monkeypatch.undo()

    assert str(refused.value) == f"kubeconfig {path} cannot be read: Permission denied"


# Addresses


def test_an_ipv6_address_may_have_a_zone(
    oracle: Oracle, server_pem: Pem, authority: Authority
) -> None:
    with running(server_pem, authority, address="::1") as server:
        server.reply("GET", "/version", {"major": "1"})
        oracle.first = oracle.second = server
        kubeconfigs.write_one(
            oracle.folder / "config",
            f"https://[::1%25lo]:{server.port}",
            user={"token": "word"},
            certificate_authority_data=oracle.ca,
            tls_server_name="localhost",
        )
        oracle.environ["KUBECONFIG"] = str(oracle.folder / "config")

        assert oracle.agree().authorization == "Bearer word"


def test_json_may_be_indented_by_tabs(oracle: Oracle, text: str) -> None:
    document = {
        "clusters": [
            {
                "name": "here",
                "cluster": {"server": oracle.first.url, "certificate-authority-data": oracle.ca},
            }
        ],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "users": [{"name": "me", "user": {"token": "word"}}],
        "current-context": "here",
    }
    write(oracle, json.dumps(document, indent="\t"))

    assert oracle.agree().authorization == "Bearer word"
