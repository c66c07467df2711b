"""What a connection's user shows: token, token file, password, id-token; and whom it acts as."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kubectl_stress.errors import StressError, Unauthorized
from kubectl_stress.kube.connection import Connection, Credential, ExecPlugin, Impersonation
from kubectl_stress.kube.credentials import Credentials, request_headers

SERVER = "https://api.example"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NEVER_RUN = ExecPlugin("/no/such", (), (), "client.authentication.k8s.io/v1", "Never", "", False)


def credentials(**fields: Any) -> Credentials:
    return Credentials(Connection(**{"server": SERVER, **fields}), {}, now=lambda: NOW)


def authorization(**fields: Any) -> str:
    return credentials(**fields).current().authorization


def id_token(expires_at: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": expires_at}).encode()).decode()
    return f"header.{claims.rstrip('=')}.signature"


def oidc(token: str | None) -> dict[str, Any]:
    return {"name": "oidc", "config": {"id-token": token}}


def test_a_token_is_a_bearer() -> None:
    assert authorization(token="word") == "Bearer word"


def test_a_password_is_basic_and_utf8() -> None:
    encoded = base64.b64encode("jörg:a:b".encode()).decode()

    assert authorization(username="jörg", password="a:b") == f"Basic {encoded}"


def test_a_token_file_is_read_at_each_request(tmp_path: Path) -> None:
    path = tmp_path / "token"
    found = credentials(token="word", token_file=path)
    path.write_text("first\n")
    first = found.current()

    path.write_text("second\n")

    assert (first.authorization, found.current().authorization) == ("Bearer first", "Bearer second")


def test_after_a_refusal_only_a_changed_token_file_is_something_new(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first")
    found = credentials(token_file=path)
    stale = found.current()

    is_new_before = found.renew(stale)
    path.write_text("second")

    assert (is_new_before, found.renew(stale)) == (False, True)


def test_after_a_refusal_a_fixed_token_is_nothing_new() -> None:
    found = credentials(token="word")

    assert not found.renew(found.current())


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file or directory"), ("\n", "is empty")]
)
def test_a_token_file_without_a_token_is_told(
    tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content)

    with pytest.raises(Unauthorized, match=f"token file {path}.*{words}"):
        authorization(token_file=path)


def test_over_plain_http_nothing_secret_is_shown() -> None:
    fields = {"token": "word", "client_certificate": b"crt", "client_key": b"key"}

    assert credentials(server="http://localhost:8001", **fields).current() == Credential()


@pytest.mark.parametrize(
    "fields",
    [{"token": "word"}, {"username": "u"}, {"client_certificate": b"crt", "client_key": b"key"}],
    ids=lambda fields: next(iter(fields)),
)
def test_a_plugin_is_not_run_where_something_else_is_known(fields: dict[str, Any]) -> None:
    credentials(exec_plugin=NEVER_RUN, **fields).current()


def test_a_valid_id_token_is_a_bearer() -> None:
    token = id_token(NOW.timestamp() + 1)

    assert authorization(auth_provider=oidc(token)) == f"Bearer {token}"


@pytest.mark.parametrize(
    "token",
    [id_token(NOW.timestamp()), None, "", "no jwt", "a.%%.c", "a.W10.c", "a.bnVsbA.c"],
    ids=["expired", "none", "empty", "no-jwt", "no-base64", "a-list", "null"],
)
def test_an_id_token_that_is_not_valid_asks_for_a_login(token: str | None) -> None:
    with pytest.raises(Unauthorized, match='of user "alice" is missing or expired: run a kubectl'):
        authorization(auth_provider=oidc(token), user="alice")


def test_another_auth_provider_is_told() -> None:
    with pytest.raises(Unauthorized, match='uses the auth-provider "gcp", which kubectl no longer'):
        authorization(auth_provider={"name": "gcp"})


def test_nothing_secret_is_shown_by_repr() -> None:
    shown = repr(Credential("Bearer word", b"crt-word", b"key-word"))

    assert "word" not in shown


# Acting as somebody else


def headers(who: Impersonation, token: str = "") -> list[tuple[str, str]]:
    return request_headers(Connection(SERVER, impersonation=who), Credential(token))


def test_each_group_is_a_header_of_its_own() -> None:
    assert headers(Impersonation("bob", ("dev", "ops"), "7"), "Bearer word") == [
        ("Authorization", "Bearer word"),
        ("Impersonate-User", "bob"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "dev"),
        ("Impersonate-Group", "ops"),
    ]


def test_an_extras_key_is_made_fit_for_a_header() -> None:
    extra = (("Example.com/Why: so", ("a", "b")),)

    assert headers(Impersonation("bob", extra=extra))[1:] == [
        ("Impersonate-Extra-example.com%2Fwhy%3A%20so", "a"),
        ("Impersonate-Extra-example.com%2Fwhy%3A%20so", "b"),
    ]


def test_as_oneself_without_credentials_nothing_is_sent() -> None:
    assert headers(Impersonation()) == []


def test_a_value_with_a_line_break_is_told_but_not_shown() -> None:
    with pytest.raises(StressError) as refused:
        headers(Impersonation(), "Bearer word\n")

    assert str(refused.value).startswith("Authorization cannot be sent: it has a line break")
    assert "word" not in str(refused.value)
