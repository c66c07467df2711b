"""`completion install`: the link that kubectl looks for, made once."""

from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin in a folder that is not on PATH."""
    program = tmp_path / "bin" / "kubectl-stress"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.argv", [str(program)])
    monkeypatch.setenv("PATH", str(tmp_path))
    return program


def test_the_link_is_made_beside_the_plugin(kubectl_stress: CommandLine, plugin: Path) -> None:
    assert kubectl_stress("completion", "install") == 0

    assert (plugin.parent / "kubectl_complete-stress").resolve() == plugin


def test_what_pip_installed_beside_the_plugin_is_enough(
    kubectl_stress: CommandLine, plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pips_own = plugin.parent / "kubectl_complete-stress"
    pips_own.write_text("#!/bin/sh\n")
    pips_own.chmod(0o755)

    assert kubectl_stress("completion", "install") == 0

    said = capsys.readouterr().err
    assert f"already installed: {pips_own}" in said
    assert f"{pips_own.parent} is not on PATH" in said
    assert not pips_own.is_symlink()


def test_a_folder_that_is_not_there_is_named(
    kubectl_stress: CommandLine,
    plugin: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert kubectl_stress("completion", "install", "--folder", str(tmp_path / "none")) == 2

    assert "No such file or directory; use --folder" in capsys.readouterr().err
    assert list(plugin.parent.iterdir()) == [plugin]
