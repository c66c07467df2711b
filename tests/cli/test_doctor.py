"""`kubectl stress doctor`: what is missing, each with its remedy."""

import json
from typing import Any

import pytest

from kubectl_stress.errors import Forbidden, Unreachable
from tests.cli.conftest import CommandLine


def node(system: str = "linux", architecture: str = "amd64") -> dict[str, Any]:
    info = {"operatingSystem": system, "architecture": architecture}
    return {"metadata": {"name": "n"}, "status": {"nodeInfo": info}}


@pytest.fixture
def well(kubectl_stress: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A cluster with all that is needed."""
    version = {"major": "1", "minor": "37+", "gitVersion": "v1.37.2"}
    monkeypatch.setattr(kubectl_stress.cluster, "server_version", lambda: version)
    monkeypatch.setattr(type(kubectl_stress.cluster), "server", "https://api.example")
    kubectl_stress.cluster.objects["nodes"] = [node()]
    kubectl_stress.cluster.owners["namespaces", "default"] = {"metadata": {"name": "default"}}
    monkeypatch.setenv("KUBECTL_STRESS_IMAGE", "registry.example/agent:1")
    monkeypatch.setattr("shutil.which", lambda name, **_: f"/bin/{name}")
    return kubectl_stress


def found(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    diagnoses = json.loads(capsys.readouterr().out)["diagnoses"]
    return {each["subject"]: each for each in diagnoses}


def test_where_nothing_is_missing_all_is_ok(
    well: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert well("doctor") == 0

    assert capsys.readouterr().out.splitlines() == [
        "ok       shell completion: /bin/kubectl_complete-stress",
        "ok       agent image: registry.example/agent:1",
        "ok       API server: v1.37.2 at https://api.example",
        'ok       permissions: all, in namespace "default"',
        "ok       Pod Security: privileged: --join exec and cgroup can be admitted",
        "ok       nodes: linux/amd64",
    ]


def test_a_missing_permission_is_told_with_its_role(
    well: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    well.cluster.denied["patch pods/ephemeralcontainers"] = ""

    assert well("doctor", "-o", "json") == 1

    permissions = found(capsys)["permissions"]
    assert permissions["health"] == "missing"
    assert permissions["text"] == 'missing in "default": patch pods/ephemeralcontainers'
    assert "kubectl stress role -n default" in permissions["remedy"]


@pytest.mark.parametrize(
    ("nodes", "health", "code"),
    [([node(), node("windows")], "ok", 0), ([node("windows")], "missing", 1), ([], "missing", 1)],
)
def test_nodes_must_be_of_a_kind_that_the_agent_runs_on(
    well: CommandLine,
    capsys: pytest.CaptureFixture[str],
    nodes: list[dict[str, Any]],
    health: str,
    code: int,
) -> None:
    well.cluster.objects["nodes"] = nodes

    assert well("doctor", "-o", "json") == code
    assert found(capsys)["nodes"]["health"] == health


def test_what_may_not_be_read_is_unknown_and_keeps_nobody(
    well: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    well.cluster.errors["list nodes"] = [Forbidden("no")]

    assert well("doctor", "-o", "json") == 0
    assert found(capsys)["nodes"]["health"] == "unknown"


def test_an_old_cluster_is_told(
    well: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = {"major": "1", "minor": "22+", "gitVersion": "v1.22.0"}
    monkeypatch.setattr(well.cluster, "server_version", lambda: version)

    assert well("doctor", "-o", "json") == 1
    assert found(capsys)["API server"]["remedy"] == "Kubernetes 1.25 or newer is needed"


def test_a_cluster_out_of_reach_is_one_finding(
    well: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable() -> None:
        raise Unreachable("no answer")

    monkeypatch.setattr(well.cluster, "server_version", unreachable)

    assert well("doctor", "-o", "json") == 1
    assert found(capsys)["API server"] == {
        "subject": "API server",
        "health": "missing",
        "text": "no answer",
        "remedy": "",
    }


def test_what_is_missing_on_the_machine_is_a_warning_with_its_remedy(
    well: CommandLine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBECTL_STRESS_IMAGE")
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)

    assert well("doctor", "-o", "json") == 0

    shown = found(capsys)
    assert shown["shell completion"]["remedy"] == "run kubectl stress completion install"
    assert "cannot be pulled from a public registry" in shown["agent image"]["text"]
