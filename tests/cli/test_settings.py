"""The config file as it meets commands: those that need none of it do not read it."""

from pathlib import Path

import pytest

from tests.builders import runs
from tests.cli.conftest import CommandLine


@pytest.fixture
def typo(tmp_path: Path) -> None:
    """A mistake in the config file that conftest points to."""
    settings = tmp_path / "kubectl-stress" / "config.yaml"
    settings.parent.mkdir()
    settings.write_text("imgae: registry.local/agent:9\n")


@pytest.mark.usefixtures("typo")
@pytest.mark.parametrize(
    "words",
    [("--help",), ("mem", "--help"), ("help",), ("help", "mem"), ("--version",), ("role",)],
    ids=" ".join,
)
def test_a_mistake_in_it_keeps_no_help_away(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert kubectl_stress(*words) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("typo")
def test_a_mistake_in_it_keeps_no_report_away(kubectl_stress: CommandLine, tmp_path: Path) -> None:
    recording = tmp_path / "run.jsonl"
    recording.write_bytes(runs.recorded(runs.survived()))

    assert kubectl_stress("report", str(recording)) == 0


@pytest.mark.usefixtures("typo")
@pytest.mark.parametrize("words", [("mem", "web", "--size=50Mi"), ("top", "web"), ("check", "web")])
def test_2_a_mistake_in_it_is_said_where_it_counts(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert kubectl_stress(*words) == 2
    assert 'unknown setting "imgae"' in capsys.readouterr().err
    assert kubectl_stress.connections == []


@pytest.mark.parametrize("words", [("mem", "web", "--size=50Mi"), ("top", "web"), ("--help",)])
def test_a_home_that_is_no_folder_has_no_settings(
    kubectl_stress: CommandLine, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", "/dev/null")

    assert kubectl_stress(*words) == 0


@pytest.mark.parametrize("source", ["option", "environment", "file"])
def test_the_targets_own_image_is_chosen_by_word_wherever_images_are(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    source: str,
) -> None:
    if source == "environment":
        monkeypatch.setenv("KUBECTL_STRESS_IMAGE", "target")
    elif source == "file":
        settings = tmp_path / "kubectl-stress" / "config.yaml"
        settings.parent.mkdir()
        settings.write_text("image: target\n")
    words = ["--image=target"] if source == "option" else []

    assert kubectl_stress("mem", "web", "--size=50Mi", "--dry-run=client", *words) == 0

    shown = capsys.readouterr().out
    assert "image: app:1" in shown
    assert "imagePullPolicy: IfNotPresent" in shown
