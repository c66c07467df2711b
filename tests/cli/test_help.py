"""What `--help` and completion say, of every command there is."""

import subprocess
import sys

import click
import pytest

from kubectl_stress import __version__
from kubectl_stress.cli.complete import print_completions
from kubectl_stress.cli.main import cli
from tests.cli.conftest import CommandLine

COMMANDS = sorted(cli.commands)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_has_its_help_on_stdout(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], name: str, flag: str
) -> None:
    assert kubectl_stress(name, flag) == 0

    captured = capsys.readouterr()
    assert captured.out.startswith(f"Usage: kubectl stress {name} ")
    assert captured.err == ""
    assert max(len(line) for line in captured.out.splitlines()) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained_in_the_manner_of_kubectl(name: str) -> None:
    options = [entry for entry in cli.commands[name].params if isinstance(entry, click.Option)]

    for option in options:
        text = option.help or ""
        assert text, option.name
        assert not text.endswith("."), text
        assert not text[0].islower() or text.startswith("oom_score_adj"), text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_listed_with_a_short_help(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    kubectl_stress("--help")

    listing = capsys.readouterr().out.split("Commands:\n")[1]
    assert f"  {name}  " in listing
    assert "..." not in listing


def test_the_version_is_told(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress("--version") == 0
    assert __version__ in capsys.readouterr().out


def test_the_help_loads_nothing_that_is_slow() -> None:
    code = (
        "import sys; from kubectl_stress.cli.main import run_command_line as run; run(['--help']);"
        "slow = {'kubernetes', 'rich', 'tabulate', 'yaml', 'websocket', 'urllib3', 'ssl'};"
        "sys.exit(repr(sorted(slow & set(sys.modules))) if slow & set(sys.modules) else 0)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def completions(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """The lines without the directive, which must be the last."""
    print_completions(words)
    *found, directive = capsys.readouterr().out.splitlines()
    assert directive == ":4"  # cobra: no file names
    return found


def test_commands_are_completed_with_their_help(capsys: pytest.CaptureFixture[str]) -> None:
    found = completions(capsys, "me")

    assert found == ["mem\tLoad a container's memory and judge what happens"]


def test_nothing_typed_yet_offers_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert [line.split("\t")[0] for line in completions(capsys, "")] == COMMANDS
    assert [line.split("\t")[0] for line in completions(capsys)] == COMMANDS


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("mem", "--siz"), ["--size"]),
        (("mem", "web", "--expect", "re"), ["ready", "restart"]),
        (("mem", "web", "-o", "js"), ["json", "jsonl"]),
        (("mem", "web", "--dry-run", ""), ["none", "client", "server"]),
        (("mem", "web", "--size", ""), []),
        (("nonsense", "x"), []),
    ],
    ids=str,
)
def test_options_and_their_values_are_completed(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], values: list[str]
) -> None:
    assert [line.split("\t")[0] for line in completions(capsys, *words)] == values
