"""`mem -o manifest` prints the StressChaos that asks for the same load, and runs nothing."""

from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import CommandLine
from tests.fakes.many_pods import ManyPods

MEM = ("mem", "web", "--size", "50Mi", "-o", "manifest")


def test_the_manifest_is_on_stdout_and_nothing_is_attached(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress(*MEM, "--ramp", "30s", "--workers", "4") == 0

    captured = capsys.readouterr()
    assert captured.out.splitlines()[:4] == [
        "apiVersion: chaos-mesh.org/v1alpha1",
        "kind: StressChaos",
        "metadata:",
        "  name: web-memory",
    ]
    assert "      size: 50MiB\n      options:\n      - --time 30s\n" in captured.out
    assert captured.err == ""
    assert (kubectl_stress.cluster.added, kubectl_stress.cluster.execs) == ([], [])


def test_it_passes_the_check_of_run(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kubectl_stress(*MEM)
    file = tmp_path / "memory.yaml"
    file.write_text(capsys.readouterr().out)

    assert kubectl_stress("run", "-f", str(file), "--lint") == 0

    assert "1 experiment, 0 errors, 0 warnings" in capsys.readouterr().out


def test_a_selector_and_a_mode_are_printed_as_they_were_given(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ("mem", "-l", "app=web,tier!=db", "--mode", "fixed", "--value", "1", "--size", "50Mi")
    assert kubectl_stress(*words, "-o", "manifest") == 0

    text = capsys.readouterr().out
    (file := tmp_path / "memory.yaml").write_text(text)
    spec = yaml.safe_load(text)["spec"]
    assert (spec["mode"], spec["value"]) == ("fixed", "1")
    assert spec["selector"] == {
        "namespaces": ["default"],
        "labelSelectors": {"app": "web"},
        "expressionSelectors": [{"key": "tier", "operator": "NotIn", "values": ["db"]}],
    }
    assert kubectl_stress("run", "-f", str(file), "--lint") == 0


@pytest.mark.parametrize(
    ("size", "note"),
    [
        ("60%", "60% is of the container's limit for kubectl stress run, but of the node's memory"),
        ("60%node", "kubectl stress run needs --percent-of node for this size"),
    ],
)
def test_a_share_that_chaos_mesh_reads_otherwise_is_noted(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], size: str, note: str
) -> None:
    assert kubectl_stress("mem", "web", "--size", size, "-o", "manifest") == 0

    captured = capsys.readouterr()
    assert captured.err.startswith(f"note: {note}")
    assert "size: 60%\n" in captured.out


def test_what_it_cannot_express_is_refused_by_name(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress(*MEM, "--kind", "shm", "--stop-on", "restart") == 2

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(
        "error: a StressChaos cannot express --kind shm, --stop-on restart: "
    )


def test_commands_without_a_load_have_no_manifest(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress("top", "web", "-o", "manifest") == 2
    assert "'manifest' is not one of" in capsys.readouterr().err


def test_no_pod_that_matches_is_no_wrong_usage(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster = ManyPods()

    assert kubectl_stress("mem", "-l", "app=none", "--size", "50Mi", "-o", "manifest") == 1
    assert "no pod matches" in capsys.readouterr().err
