import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import processes

LONG = ["sleep", "600"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    processes.kill_all(tmp_path)


def appears(folder: Path, component: str) -> bool:
    """Whether it comes to run its own program: in between, a process has no environment to find."""
    deadline = time.monotonic() + 5
    while not _runs(processes.find(folder).get(component), LONG[0]):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _runs(pid: int | None, program: str) -> bool:
    try:
        return pid is not None and Path(f"/proc/{pid}/comm").read_text().strip() == program
    except OSError:
        return False


def test_a_process_is_found_by_the_folder_it_was_started_for(folder: Path) -> None:
    processes.spawn(folder, "one", LONG, cwd=folder)

    assert appears(folder, "one")
    assert processes.find(folder / "other") == {}
    assert processes.find(folder.parent) == {}


def test_killing_one_spares_the_others(folder: Path) -> None:
    for component in ("one", "two"):
        processes.spawn(folder, component, LONG, cwd=folder)
        assert appears(folder, component)

    processes.kill(folder, "one")

    assert list(processes.find(folder)) == ["two"]


def test_a_stopped_process_is_killed_too(folder: Path) -> None:
    processes.spawn(folder, "one", LONG, cwd=folder)
    assert appears(folder, "one")
    assert processes.send(folder, "one", signal.SIGSTOP)

    processes.kill_all(folder)

    assert processes.find(folder) == {}


def test_there_is_no_signal_to_what_does_not_run(folder: Path) -> None:
    assert not processes.send(folder, "one", signal.SIGTERM)


def test_what_a_process_says_is_in_its_log(folder: Path) -> None:
    processes.spawn(folder, "one", ["sh", "-c", "echo out; echo err >&2; sleep 600"], cwd=folder)
    log = processes.log_path(folder, "one")

    deadline = time.monotonic() + 5
    while processes.log_tail(log) != "out\nerr" and time.monotonic() < deadline:
        time.sleep(0.01)

    assert processes.log_tail(log) == "out\nerr"
    assert processes.log_tail(log, lines=1) == "err"


def test_a_process_has_no_proxy_from_the_host(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.invalid")
    processes.spawn(folder, "one", LONG, cwd=folder)
    assert appears(folder, "one")

    environment = Path(f"/proc/{processes.find(folder)['one']}/environ").read_text()

    assert "proxy.invalid" not in environment
