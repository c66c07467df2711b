"""`run -f FILE --lint` checks manifests without a cluster."""

import io
import json
from pathlib import Path

import pytest
import yaml

from kubectl_stress.cli.complete import print_completions
from kubectl_stress.cli.manifest_progress import ManifestProgress
from kubectl_stress.manifest.manifests import Step
from tests.builders.manifests import memory, stress_chaos
from tests.cli.conftest import CommandLine
from tests.fakes.time import FakeTime

WRONG = stress_chaos(stressors=memory("workers: 1, size: 50%, time: 10min"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_sound_manifest_ends_with_0_and_its_differences_on_stdout(
    kubectl_stress: CommandLine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "memory.yaml").write_text(stress_chaos())

    assert kubectl_stress("run", "-f", "memory.yaml", "--lint") == 0

    captured = capsys.readouterr()
    *lines, summary = captured.out.splitlines()
    assert [line.split(" ")[:2] for line in lines] == [
        ["memory.yaml:9:", "note:"],
        ["memory.yaml:10:", "note:"],
    ]
    assert summary == "1 file: 1 experiment, 0 errors, 0 warnings, 2 notes"
    assert captured.err == ""
    assert kubectl_stress.connections == []


def test_a_mistake_ends_with_2_and_stands_with_file_and_line(
    kubectl_stress: CommandLine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "memory.yaml").write_text(WRONG)

    assert kubectl_stress("run", "-f", "memory.yaml", "--lint") == 2

    assert capsys.readouterr().out.splitlines() == [
        'memory.yaml:8: error: spec.stressors.memory.time: "10min" is not a Go duration: write 10m',
        "1 file: 0 experiments, 1 error, 0 warnings, 0 notes",
    ]


def test_a_folder_is_read_as_kubectl_reads_it(
    kubectl_stress: CommandLine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "below").mkdir()
    for name in ("b.yml", "a.yaml", "c.json", "notes.txt", "below/d.yaml"):
        (folder / name).write_text(json.dumps(yaml.safe_load(stress_chaos())))

    assert kubectl_stress("run", "-f", ".", "--lint", "-o", "json") == 0

    found = json.loads(capsys.readouterr().out)
    assert [one["file"] for one in found["experiments"]] == ["a.yaml", "b.yml", "c.json"]


def test_several_files_and_stdin_are_read_together(
    kubectl_stress: CommandLine,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (folder / "memory.yaml").write_text(stress_chaos())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(WRONG.encode())))

    assert kubectl_stress("run", "-f", "memory.yaml", "-f", "-", "-f", "-", "--lint") == 2

    out = capsys.readouterr().out
    assert "\nstdin:8: error: " in out
    assert out.splitlines()[-1] == "2 files: 1 experiment, 1 error, 0 warnings, 2 notes"


def test_a_share_of_the_node_can_be_meant(
    kubectl_stress: CommandLine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "memory.yaml").write_text(stress_chaos(stressors=memory("workers: 1, size: 50%")))

    kubectl_stress("run", "-f", "memory.yaml", "--lint", "-o", "json")
    kubectl_stress("run", "-f", "memory.yaml", "--lint", "-o", "name", "--percent-of", "node")
    kubectl_stress("run", "-f", "memory.yaml", "--lint", "--percent-of", "node")

    out = capsys.readouterr().out
    assert '"warnings": 1' in out
    assert "\nstresschaos.chaos-mesh.org/memory-stress\n" in out
    assert "0 warnings" in out


def test_the_json_keeps_its_shape(
    kubectl_stress: CommandLine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = (
        "stressors: {memory: {workers: 2, size: 1GB, oomScoreAdj: 5}, cpu: {workers: 1, load: 9}}"
    )
    (folder / "memory.yaml").write_text(stress_chaos(stressors=both))

    assert kubectl_stress("run", "-f", "memory.yaml", "--lint", "-o", "json") == 0

    found = json.loads(capsys.readouterr().out)
    (experiment,) = found.pop("experiments")
    assert found.pop("diagnostics")[0] == {
        "file": "memory.yaml",
        "line": 8,
        "severity": "note",
        "field": "spec.stressors.memory.size",
        "message": "decimal units: 1GB is 1,000,000,000 bytes (953.7 MiB)",
    }
    assert found == {"schema": "kubectl-stress/lint/v1", "errors": 0, "warnings": 0, "notes": 4}
    assert experiment.pop("selector")["labels"] == ["app=web"]
    assert experiment == {
        "file": "memory.yaml",
        "line": 1,
        "name": "memory-stress",
        "namespace": None,
        "mode": "one",
        "value": None,
        "containers": ["app"],
        "duration_ms": 30_000,
        "memory": {
            "size": "1GB",
            "size_bytes": 10**9,
            "workers": 2,
            "ramp_ms": 0,
            "oom_score_adj": 5,
        },
        "cpu": {"workers": 1, "load_percent": 9},
    }


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("-f", "missing.yaml", "--lint"), "missing.yaml: No such file or directory"),
        (("-f", ".", "--lint"), ".: no .yaml, .yml, .json file in this folder"),
        (("-f", "https://example.org/a.yaml", "--lint"), "URLs are not read; download the file"),
        (("--lint",), "Missing option '-f' / '--filename'"),
        (("-f", "missing.yaml"), "missing.yaml: No such file or directory"),
        (("-f", "a.yaml", "--lint", "--percent-of", "request"), "is not one of 'limit', 'node'"),
    ],
)
def test_what_cannot_be_read_has_one_line_of_what_to_do(
    kubectl_stress: CommandLine,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    remedy: str,
) -> None:
    assert list(folder.iterdir()) == []

    assert kubectl_stress("run", *words) == 2

    captured = capsys.readouterr()
    assert remedy in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.parametrize("words", [("run", "-f", "mem"), ("report", "run")])
def test_files_are_completed_by_the_shell(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    print_completions(words)

    assert capsys.readouterr().out == ":0\n"


def test_options_of_run_are_completed(capsys: pytest.CaptureFixture[str]) -> None:
    print_completions(("run", "-f", "a.yaml", "--percent-of", ""))

    assert capsys.readouterr().out == "limit\nnode\n:4\n"


def test_a_reading_that_takes_longer_says_how_far_it_is_and_again_each_5_seconds() -> None:
    time, said = FakeTime(), list[str]()
    progress = ManifestProgress(said.append, time.now_ms)

    for step in [Step.READ] * 4 + [Step.CHECKED] * 8:
        time.ms += 500
        progress(step)

    assert said == [
        "reading manifests: 2 read",
        "reading manifests: 4 read, 8 checked",
    ]


def test_a_large_file_is_told_while_it_is_read_unless_quiet(
    kubectl_stress: CommandLine,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (folder / "memory.yaml").write_text(stress_chaos())
    monkeypatch.setattr("kubectl_stress.cli.manifest_progress._SAY_AFTER_MS", 0)
    monkeypatch.setattr("kubectl_stress.cli.manifest_progress._SAY_EVERY_MS", 0)

    assert kubectl_stress("run", "-f", "memory.yaml", "--lint") == 0
    loud = capsys.readouterr()
    assert kubectl_stress("run", "-f", "memory.yaml", "--lint", "-q") == 0

    assert loud.err.splitlines()[-1] == "reading manifests: 1 read, 1 checked"
    assert capsys.readouterr() == (loud.out, "")


def test_a_list_of_no_experiments_has_no_line(
    kubectl_stress: CommandLine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "service.yaml").write_text("apiVersion: v1\nkind: Service\n")

    assert kubectl_stress("run", "-f", str(tmp_path), "--lint", "-o", "name") == 0

    assert capsys.readouterr().out == ""
