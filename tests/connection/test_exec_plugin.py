"""Credential plugins: what they are told, what they may answer, and how often they run."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kubectl_stress.errors import Unauthorized
from kubectl_stress.kube.connection import Connection, ExecPlugin
from kubectl_stress.kube.credentials import Credentials
from tests.connection.conftest import Connect
from tests.connection.fake_api_server import FakeApiServer, status
from tests.connection.plugin import V1, Plugin

V1BETA1 = "client.authentication.k8s.io/v1beta1"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def credentials(
    plugin: ExecPlugin,
    *,
    clock: Clock | None = None,
    is_terminal: bool = False,
    environ: Mapping[str, str] | None = None,
    **fields: Any,
) -> Credentials:
    connection = Connection("https://api.example", exec_plugin=plugin, **fields)
    known = {"PATH": "/bin:/usr/bin", **(environ or {})}
    return Credentials(connection, known, now=clock or Clock(), is_terminal=lambda: is_terminal)


def refusal(plugin: ExecPlugin, *, is_terminal: bool = False) -> str:
    with pytest.raises(Unauthorized) as refused:
        credentials(plugin, is_terminal=is_terminal).current()
    return str(refused.value)


def test_its_token_is_a_bearer(plugin: Plugin) -> None:
    assert credentials(plugin.exec).current().authorization == "Bearer word"


def test_its_certificate_is_shown_and_its_token_too(plugin: Plugin) -> None:
    plugin.answer(token="word", clientCertificateData="crt", clientKeyData="key")

    found = credentials(plugin.exec).current()

    assert (found.authorization, found.certificate, found.key) == ("Bearer word", b"crt", b"key")


def test_it_runs_once_for_many_requests(plugin: Plugin) -> None:
    found = credentials(plugin.exec)

    assert found.current() == found.current()
    assert len(plugin.progress) == 1


@pytest.mark.parametrize(
    ("expires", "runs"),
    [
        ("2026-01-01T00:00:01Z", 1),
        ("2026-01-01T00:00:00Z", 2),
        ("2026-01-01T01:00:00+01:00", 2),
        ("2026-01-01T00:00:00.123456789Z", 1),
        (None, 1),
        ("soon", 1),
    ],
)
def test_it_runs_again_once_its_answer_has_expired(
    plugin: Plugin, expires: str | None, runs: int
) -> None:
    plugin.answer(token="word", expirationTimestamp=expires)
    found = credentials(plugin.exec)

    found.current()
    found.current()

    assert len(plugin.progress) == runs


def test_a_renewed_answer_is_kept_until_it_expires(plugin: Plugin) -> None:
    clock = Clock()
    found = credentials(plugin.exec, clock=clock)
    plugin.answer(token="old", expirationTimestamp=(NOW + timedelta(minutes=1)).isoformat())
    found.current()

    clock.now += timedelta(hours=1)
    plugin.answer(token="new", expirationTimestamp=(NOW + timedelta(hours=2)).isoformat())
    shown = [found.current().authorization for _ in range(3)]

    assert shown == ["Bearer new"] * 3
    assert len(plugin.progress) == 2


def test_after_a_refusal_it_runs_again(
    api: FakeApiServer, connect: Connect, plugin: Plugin
) -> None:
    denied = status(401, message="Unauthorized")
    api.reply("GET", "/version", {"major": "1"}, denied, {"major": "2"})
    cluster = connect(token="", exec_plugin=plugin.exec, environ={"PATH": "/bin:/usr/bin"})
    cluster.server_version()

    plugin.answer(token="new")
    version = cluster.server_version()

    assert version == {"major": "2"}
    shown = [seen.header("authorization") for seen in api.requests]
    assert shown == ["Bearer word", "Bearer word", "Bearer new"]


def test_the_same_answer_after_a_refusal_is_not_tried_again(
    api: FakeApiServer, connect: Connect, plugin: Plugin
) -> None:
    api.reply("GET", "/version", status(401, message="Unauthorized"))
    cluster = connect(token="", exec_plugin=plugin.exec, environ={"PATH": "/bin:/usr/bin"})

    with pytest.raises(Unauthorized, match="does not accept the credentials"):
        cluster.server_version()

    assert len(api.requests) == 1


# What it is told


def test_it_is_told_its_version_and_that_nobody_can_be_asked(plugin: Plugin) -> None:
    credentials(plugin.exec).current()

    progress = {"kind": "ExecCredential", "apiVersion": V1, "spec": {"interactive": False}}
    assert plugin.progress == [progress]
    assert plugin.stdin == "/dev/null"


@pytest.mark.parametrize(
    ("mode", "is_terminal", "interactive"),
    [
        ("Never", True, False),
        ("IfAvailable", False, False),
        ("IfAvailable", True, True),
        ("Always", True, True),
    ],
)
def test_it_may_ask_a_person_where_one_is_and_the_mode_says_so(
    plugin: Plugin, mode: str, is_terminal: bool, interactive: bool
) -> None:
    asked = replace(plugin.exec, interactive_mode=mode)

    credentials(asked, is_terminal=is_terminal).current()

    assert plugin.progress[0]["spec"]["interactive"] is interactive


def test_one_that_must_ask_is_not_run_without_a_terminal(plugin: Plugin) -> None:
    message = refusal(replace(plugin.exec, interactive_mode="Always"))

    assert "needs a terminal (interactiveMode: Always), and stdin is not one" in message
    assert plugin.progress == []


def test_it_is_told_the_cluster_where_it_wants_to(plugin: Plugin) -> None:
    wanting = replace(plugin.exec, provide_cluster_info=True, cluster_config={"audience": "a"})

    credentials(wanting, ca_data=b"authority", tls_server_name="name").current()

    assert plugin.progress[0]["spec"]["cluster"] == {
        "server": "https://api.example",
        "tls-server-name": "name",
        "certificate-authority-data": "YXV0aG9yaXR5",
        "config": {"audience": "a"},
    }


def test_its_own_environment_wins_over_ours(plugin: Plugin, tmp_path: Path) -> None:
    out = tmp_path / "out"
    script = f'printf "$A $B" > {out}; cat {tmp_path / "answer"}'
    shell = replace(
        plugin.exec, command="sh", args=("-c", script), env=(("A", "own"), ("PATH", "/bin"))
    )

    credentials(shell, environ={"A": "ours", "B": "ours"}).current()

    assert out.read_text() == "own ours"


# What goes wrong


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "it did not print an ExecCredential"),
        ("[]", "it did not print an ExecCredential"),
        ("\xff", "it did not print an ExecCredential"),
        ({"kind": "Token"}, "it did not print an ExecCredential"),
        ({"kind": "ExecCredential", "apiVersion": V1BETA1}, f"it answered as {V1BETA1}, not {V1}"),
        ({"kind": "ExecCredential", "apiVersion": V1}, "it gave neither a token nor a certificate"),
        (
            {"kind": "ExecCredential", "apiVersion": V1, "status": "x"},
            "it did not print an ExecCredential",
        ),
        (
            {"kind": "ExecCredential", "apiVersion": V1, "status": {"token": {}}},
            "it gave neither a token nor a certificate",
        ),
        (
            {"kind": "ExecCredential", "apiVersion": V1, "status": {"clientKeyData": "k"}},
            "it gave a certificate or a key, not both",
        ),
        (
            {"kind": "ExecCredential", "apiVersion": V1, "status": {"token": 5}},
            "it gave a token or clientCertificateData or clientKeyData that is not a string",
        ),
    ],
    ids=range(10),
)
def test_an_answer_that_is_no_credential_is_told(
    plugin: Plugin, document: object, words: str
) -> None:
    plugin.print(document)

    assert refusal(plugin.exec) == f"credential plugin {plugin.exec.command}: {words}"


def test_a_failure_is_told_with_its_exit_code() -> None:
    failing = ExecPlugin("sh", ("-c", "exit 3"), (), V1, "Never", "", False)

    assert refusal(failing) == (
        "credential plugin sh failed with exit code 3: log in again with it"
    )


def test_a_missing_plugin_is_told_with_its_install_hint() -> None:
    missing = ExecPlugin("no-such-login", (), (), V1, "Never", "Run: brew install it", False)

    assert refusal(missing) == (
        "credential plugin no-such-login: no such file or directory; install it, or choose "
        "another user\n\nRun: brew install it"
    )


def test_a_plugin_that_may_not_be_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "login").touch()
    plugin = ExecPlugin(str(tmp_path / "login"), (), (), V1, "Never", "", False)

    assert "login: permission denied; install it" in refusal(plugin)


def test_an_old_version_is_told_and_not_run(plugin: Plugin) -> None:
    old = replace(plugin.exec, api_version="client.authentication.k8s.io/v1alpha1")

    assert f'v1alpha1" is not supported; use {V1} or {V1BETA1}' in refusal(old)
    assert plugin.progress == []
