"""Standard streams that are closed, full or gone: one line at the most, never a traceback."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.builders import runs
from tests.cli.conftest import CommandLine

NOBODY_THERE = ("mem", "web", "--size=8Mi", "--server=https://127.0.0.1:1", "--token=x")


def shell(redirection: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The program as a shell starts it, with this redirection."""
    script = f'exec "$@" {redirection}'
    argv = ["sh", "-c", script, "sh", sys.executable, "-m", "kubectl_stress", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("run") / "run.jsonl"
    path.write_bytes(runs.recorded(runs.survived()))
    return str(path)


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_as_good_as_dev_null(redirection: str, recording: str) -> None:
    shown = shell(redirection, "report", recording, "--plot")
    refused = shell(redirection, *NOBODY_THERE)

    assert (shown.returncode, refused.returncode) == (0, 1)
    for done in (shown, refused):
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
    assert ("VERDICT" in shown.stdout) is (">&-" not in redirection.replace("2>&-", ""))
    assert ("127.0.0.1:1" in refused.stderr) is ("2>&-" not in redirection)


def test_a_closed_stdin_is_no_terminal_to_ask_on(
    kubectl_stress: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path(os.devnull).open() as null:
        monkeypatch.setattr(sys, "stdin", null)
        assert kubectl_stress("mem", "web", "--size=50Mi", "--join=cgroup") == 5


def test_a_full_disk_under_stdout_is_said_in_one_line(recording: str) -> None:
    done = shell(">/dev/full", "report", recording)

    assert (done.returncode, done.stderr) == (1, "error: No space left on device\n")


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
@pytest.mark.parametrize("words", [("--plot",), ("--output=html",), ("--output=markdown",)])
def test_output_is_utf8_in_every_locale(
    recording: str, words: tuple[str, ...], encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = shell("", "report", recording, *words)
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    shown = shell("", "report", recording, *words)

    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == expected.stdout


def test_a_file_name_that_is_no_text_is_escaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    (folder / "empty.yaml").write_text("", encoding="utf-8")
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8:strict")
    done = shell("", "run", "--lint", f"--filename={folder}/empty.yaml")

    assert done.returncode == 2
    assert "caf\\udce9/empty.yaml:1: error: no manifest in it" in done.stdout


def test_a_reader_that_went_away_is_no_error(recording: str) -> None:
    done = shell("| head -c 1", "report", recording)

    assert (done.stdout, done.stderr) == ("P", "")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
@pytest.mark.parametrize(
    ("inherited", "exit_code"), [(signal.SIG_IGN, 0), (signal.SIG_DFL, 130)], ids=["nohup", "not"]
)
def test_a_signal_that_the_caller_ignores_stays_ignored(
    kubectl_stress: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    inherited: signal.Handlers,
    exit_code: int,
) -> None:
    signal.signal(number, inherited)
    found = kubectl_stress.cluster.get_pod

    def hung_up(namespace: str, name: str) -> object:
        signal.raise_signal(number)
        return found(namespace, name)

    monkeypatch.setattr(kubectl_stress.cluster, "get_pod", hung_up)

    assert kubectl_stress("mem", "web", "--size=50Mi", "--duration=20s", "-q") == exit_code


@contextmanager
def no_entry(folder: Path) -> Iterator[None]:
    """The folder is closed to this process, though it be root's."""
    is_root = os.geteuid() == 0
    folder.chmod(0)
    if is_root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)


def test_a_folder_that_may_not_be_entered_takes_no_recording(
    kubectl_stress: CommandLine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    tmp_path.chmod(0o755)
    with no_entry(folder):
        code = kubectl_stress("mem", "web", "--size=50Mi", f"--record={folder}/run.jsonl")

    assert code == 2
    assert f"{folder}/run.jsonl: Permission denied" in capsys.readouterr().err
    assert kubectl_stress.connections == []


def test_a_name_that_is_too_long_takes_no_recording(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress("mem", "web", "--size=50Mi", f"--record={'x' * 300}") == 2
    assert "File name too long" in capsys.readouterr().err
