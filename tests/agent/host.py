"""The agent on this machine, as a client drives it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pytest

Line = dict[str, Any]

two_cpus = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="there are no more CPU workers than CPUs"
)


class Agent:
    """A running agent with its streams. Leaves nothing behind."""

    def __init__(
        self, binary: Path, *arguments: str, target_pid: int | None = None, **options: Any
    ) -> None:
        target = ("--target-pid", str(target_pid)) if target_pid is not None else ()
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self.process = subprocess.Popen(
            [str(binary), *arguments, *target], **{**streams, **options}
        )
        self.pid = self.process.pid
        self._last: deque[bytes] = deque(maxlen=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pid in [*self.workers(), self.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    @property
    def stdin(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def send(self, data: bytes) -> None:
        self.stdin.write(data)
        self.stdin.flush()

    def workers(self) -> list[int]:
        with suppress(OSError):
            text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
            return [int(pid) for pid in text.split()]
        return []

    def next_line(self) -> Line:
        line = self.stdout.readline()
        assert line.endswith(b"\n"), self._how_it_ended(line)
        self._last.append(line)
        value = json.loads(line)
        assert isinstance(value, dict)
        return value

    def _how_it_ended(self, line: bytes) -> str:
        assert self.process.stderr is not None
        try:
            code = self.exit_code(5)
        except subprocess.TimeoutExpired:
            return f"the stream ended with {line!r}, and the agent still runs"
        last = b"".join([*self._last, line]).decode(errors="replace")
        return f"exit code {code}, stderr {self.process.stderr.read()!r}, last lines:\n{last}"

    def read_until(self, fact: Callable[[Line], bool]) -> Line:
        while True:
            line = self.next_line()
            if fact(line):
                return line

    def until_phase(self, phase: str) -> Line:
        return self.read_until(lambda line: line["type"] == "phase" and line["phase"] == phase)

    def until_type(self, kind: str) -> Line:
        return self.read_until(lambda line: line["type"] == kind)

    def rest(self) -> list[Line]:
        return [json.loads(line) for line in self.stdout.read().splitlines()]

    def exit_code(self, timeout_seconds: float = 20.0) -> int:
        return self.process.wait(timeout_seconds)


@dataclass
class Finished:
    """What an agent that ran to its end said."""

    exit_code: int
    lines: list[Line]
    stdout: str
    stderr: str

    def of_type(self, kind: str) -> list[Line]:
        return [line for line in self.lines if line["type"] == kind]

    @property
    def bye(self) -> Line:
        assert self.lines[-1]["type"] == "bye", self.lines[-1]
        return self.lines[-1]


def finished(binary: Path, *arguments: str, stdin: bytes | None = None) -> Finished:
    """Run the agent to its end. Without `stdin` it gets a pipe on which nothing ever comes."""
    reading, writing = os.pipe()
    try:
        with subprocess.Popen(
            [str(binary), *arguments],
            stdin=reading,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            if stdin is not None:
                os.write(writing, stdin)
            try:
                out, err = process.communicate(timeout=60)
            finally:
                process.kill()
    finally:
        os.close(reading)
        os.close(writing)
    lines = [json.loads(line) for line in out.splitlines()] if out.startswith(b"{") else []
    return Finished(process.returncode, lines, out.decode(), err.decode())


@contextmanager
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for the target's init."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        try:
            yield process
        finally:
            process.kill()


def is_alive(pid: int) -> bool:
    """True for a process that runs: a zombie holds nothing any more."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def description(pid: int) -> str:
    """What tells why a process still lives, one fact a line."""
    facts = [f"{name}: {text}" for name in _TELLING for text in [_proc_text(pid, name)] if text]
    return "\n".join([f"process {pid}", *facts])


_TELLING = ("cmdline", "comm", "wchan", "stat", "status", "timers", "syscall")


def _proc_text(pid: int, name: str) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_text().replace("\0", " ").strip()
    return ""


def wait_until(fact: Callable[[], bool], timeout_seconds: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
