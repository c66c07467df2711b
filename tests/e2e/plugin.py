"""The plugin as a person runs it: a process with arguments, streams and an exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.e2e.pods import Pods

AGENT_IMAGE = "kubectl-stress.local/agent:dev"
PROGRAM = Path(sys.executable).with_name("kubectl-stress")


@dataclass(frozen=True)
class Done:
    """How a call ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def shown(self) -> str:
        """What a call that worked has shown."""
        assert self.exit_code == 0, f"exit code {self.exit_code}: {self.stderr}"
        return self.stdout

    @property
    def report(self) -> dict[str, Any]:
        """The report of a call with `-o json`."""
        assert self.exit_code in (0, 3, 4), f"exit code {self.exit_code}: {self.stderr}"
        report: dict[str, Any] = json.loads(self.stdout)
        return report

    @property
    def top(self) -> dict[str, Any]:
        """The answer of `top` with `-o json`."""
        top: dict[str, Any] = json.loads(self.shown)
        return top


class Running:
    """A call that goes on; both its streams are read as they come: a full pipe would stop it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._told: list[str] = []
        self._shown = ""
        self._news = threading.Condition()
        self._readers = [threading.Thread(target=read) for read in (self._read, self._read_shown)]
        for reader in self._readers:
            reader.start()

    def _read_shown(self) -> None:
        assert self.process.stdout is not None
        self._shown = self.process.stdout.read()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self._told.append(line)
                self._news.notify_all()
        with self._news:
            self._told.append("")
            self._news.notify_all()

    @property
    def log(self) -> str:
        """What was told on stderr so far."""
        return "".join(self._told)

    def wait_for(self, text: str, *, seconds: float = 300) -> None:
        """Wait until stderr says this."""
        deadline = time.monotonic() + seconds
        with self._news:
            while text not in self.log:
                is_over = self._told[-1:] == [""]
                if is_over or not self._news.wait(max(0, deadline - time.monotonic())):
                    raise AssertionError(f'"{text}" was never told, but:\n{self.log}')

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the plugin's own process."""
        self.process.send_signal(number)

    def end(self, *, seconds: float = 600) -> Done:
        """Wait for its end; what it told until then is all that says why it did not come."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"not ended after {seconds:.0f} s:\n{self.log}") from None
        for reader in self._readers:
            reader.join()
        return Done(self.process.returncode, self._shown, self.log)


@dataclass(frozen=True)
class Plugin:
    """Calls of the plugin with an environment of its own."""

    environment: Mapping[str, str]
    options: tuple[str, ...] = ()
    program: Path = field(default=PROGRAM)

    @classmethod
    def on(cls, pods: Pods, *options: str) -> Self:
        """Calls in the namespace of these pods; as administrator where no option says otherwise."""
        environment = {
            "KUBECONFIG": str(pods.cluster.kubeconfig_path),
            "KUBECTL_STRESS_IMAGE": AGENT_IMAGE,
            "KUBECTL_STRESS_TIMEOUT": "300s",  # no test here measures how slow a busy node is
        }
        return cls(environment, ("-n", pods.namespace, *options))

    def __call__(self, *arguments: str, seconds: float = 600) -> Done:
        """Run it to its end, which comes within `seconds`."""
        with self.running(*arguments) as running:
            return running.end(seconds=seconds)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Running]:
        """Run it while the block goes on; what is left then is ended."""
        with subprocess.Popen(
            [str(self.program), *arguments, *self.options],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heed_interrupts,
        ) as process:
            running = Running(process)
            try:
                yield running
            finally:
                if process.poll() is None:
                    process.kill()
                running.end()


def only_target(progress: dict[str, Any]) -> dict[str, Any]:
    """The one target of an answer of `top`."""
    (entry,) = progress["targets"]
    return dict(entry)


def _heed_interrupts() -> None:
    """Whoever starts the tests in the background, or by nohup, has these ignored: so would it."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
