"""`kubectl stress version`: client, agent, image and server."""

import json

import pytest

from kubectl_stress import __version__
from kubectl_stress.agent.hold_command import PROTOCOL
from kubectl_stress.agent.image import DEFAULT_IMAGE
from kubectl_stress.errors import Unreachable
from tests.cli.conftest import CommandLine

SERVER = {"major": "1", "minor": "37", "gitVersion": "v1.37.2"}


@pytest.fixture
def server(kubectl_stress: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setattr(kubectl_stress.cluster, "server_version", lambda: SERVER)
    return kubectl_stress


def test_all_versions_are_told(server: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    assert server("version") == 0

    assert capsys.readouterr().out.splitlines() == [
        f"Client Version: {__version__}",
        f"Agent Protocol: {PROTOCOL}",
        f"Image: {DEFAULT_IMAGE}",
        "Server Version: v1.37.2",
    ]


def test_all_versions_are_told_as_json(
    server: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert server("version", "-o", "json") == 0

    found = json.loads(capsys.readouterr().out)
    assert found["clientVersion"]["version"] == __version__
    assert found["agent"] == {"protocol": PROTOCOL}
    assert found["image"]["reference"] == DEFAULT_IMAGE
    assert found["serverVersion"] == SERVER


def test_the_clients_own_asks_no_server(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress("version", "--client") == 0

    assert "Server" not in capsys.readouterr().out
    assert kubectl_stress.connections == []


def test_without_a_server_the_clients_own_is_told_and_the_error(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable() -> None:
        raise Unreachable("no answer")

    monkeypatch.setattr(kubectl_stress.cluster, "server_version", unreachable)

    assert kubectl_stress("version") == 1
    captured = capsys.readouterr()
    assert captured.out.startswith(f"Client Version: {__version__}\n")
    assert captured.err == "error: no answer\n"
