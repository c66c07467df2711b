"""The command line as a person uses it, on a cluster in memory."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_stress.cli.main import run_command_line
from kubectl_stress.kube.connection import ConnectionFlags
from tests.builders.agent_lines import survived
from tests.builders.pods import pod
from tests.fakes.cluster import FakeCluster


class CommandLine:
    """`kubectl stress`, with the cluster that it will meet and the flags it was asked by."""

    def __init__(self) -> None:
        self.cluster = FakeCluster(pod().container("app", limit="128Mi", request="64Mi").dict)
        self.cluster.load.says(survived()).ends(0)
        self.connections: list[ConnectionFlags] = []

    def _connect(self, flags: ConnectionFlags) -> FakeCluster:
        self.connections.append(flags)
        return self.cluster

    def __call__(self, *words: str) -> int:
        """The exit code."""
        try:
            return run_command_line(words, connect=self._connect)
        except SystemExit as stopped:
            return stopped.code if isinstance(stopped.code, int) else 1


@pytest.fixture
def kubectl_stress(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, heeds_interrupts: None
) -> Iterator[CommandLine]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))  # nobody's own settings
    monkeypatch.setenv("COLUMNS", "100")
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in signals}
    yield CommandLine()
    for number, handler in before.items():
        signal.signal(number, handler)
