"""The config file: where it is, what it may say, and how a wrong one is told."""

from pathlib import Path

import pytest

from kubectl_stress.cli.config_file import read_settings, settings_path
from kubectl_stress.errors import UsageError


def write(folder: Path, text: str) -> dict[str, str]:
    path = folder / "kubectl-stress" / "config.yaml"
    path.parent.mkdir()
    path.write_text(text)
    return {"XDG_CONFIG_HOME": str(folder)}


def test_it_lies_where_such_files_lie() -> None:
    assert settings_path({"HOME": "/home/me"}) == Path(
        "/home/me/.config/kubectl-stress/config.yaml"
    )
    assert settings_path({"HOME": "/home/me", "XDG_CONFIG_HOME": "/x"}) == Path(
        "/x/kubectl-stress/config.yaml"
    )


def test_without_a_file_there_are_no_settings(tmp_path: Path) -> None:
    assert read_settings({"XDG_CONFIG_HOME": str(tmp_path)}) == {}


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_file_is_none(tmp_path: Path, text: str) -> None:
    assert read_settings(write(tmp_path, text)) == {}


def test_it_sets_the_options_by_kubernetes_own_words(tmp_path: Path) -> None:
    environ = write(tmp_path, "image: r/agent:1\nimagePullPolicy: Always\ntimeout: 3m\n")

    assert read_settings(environ) == {
        "image": "r/agent:1",
        "image_pull_policy": "Always",
        "timeout": "3m",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image: [", "invalid YAML"),
        ("- image\n", "must hold settings"),
        ("images: a\n", r'unknown setting "images" \(valid: image, imagePullPolicy, timeout\)'),
        ("image: 5\n", "image must be a string"),
    ],
    ids=["no YAML", "a list", "unknown", "a number"],
)
def test_a_wrong_file_is_told_with_its_name(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=rf"config\.yaml.*{words}"):
        read_settings(write(tmp_path, text))
