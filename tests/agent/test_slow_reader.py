"""A reader that stalls loses whole lines at most, and never the last one when it comes back."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.agent.host import Agent, Line

MIB = 1 << 20
LOAD = ("run", "mem", "--size-bytes", str(MIB), "--duration-ms", "600000")
_F_SETPIPE_SZ = 1031  # linux/fcntl.h


def stalled(agent: Path, *arguments: str) -> Agent:
    """A run whose reader takes nothing, with a pipe that is soon full."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, _F_SETPIPE_SZ, 4096)  # refused once more than that lies in it
    run = Agent(agent, *LOAD, *arguments, target_pid=os.getpid(), stdout=writing)
    os.close(writing)
    run.process.stdout = os.fdopen(reading, "rb")
    return run


def test_no_line_is_longer_than_what_a_pipe_takes_whole(agent: Path) -> None:
    with Agent(agent, *LOAD, "--workers", "40", target_pid=os.getpid()) as run:
        parts: list[Line] = []
        while not parts or not parts[-1]["last"]:
            line = run.stdout.readline()
            assert len(line) <= 4096
            parts += [json.loads(line)] if b'"processes"' in line[:30] else []

    assert len(parts) > 1
    assert [part["part"] for part in parts] == list(range(1, len(parts) + 1))
    assert len({part["set"] for part in parts}) == 1
    roles = [row["role"] for part in parts for row in part["processes"]]
    assert roles.count("load") == 41


def test_a_reader_that_stalled_gets_whole_lines_and_bye(agent: Path) -> None:
    with stalled(agent, "--workers", "40", "--sample-interval-ms", "20") as run:
        time.sleep(2)
        run.send(b"stop\n")
        time.sleep(0.2)
        lines = run.rest()  # each a whole line
        exit_code = run.exit_code()  # here: whoever leaves the block kills what still ends

    assert lines[-1]["type"] == "bye"
    assert lines[-1]["dropped"] > 0
    assert exit_code == 0


@pytest.mark.parametrize("interval_ms", [17, 18, 19, 21, 22, 23, 24])
def test_a_stream_is_never_cut_inside_a_line(agent: Path, interval_ms: int) -> None:
    """Not even where the reader comes back after the agent has ended."""
    words = (*LOAD, "--workers", "40", "--sample-interval-ms", str(interval_ms))
    with Agent(agent, *words, target_pid=os.getpid()) as run:
        fcntl.fcntl(run.stdout.fileno(), _F_SETPIPE_SZ, 65536)
        time.sleep(1.3)
        run.send(b"stop\n")
        assert run.exit_code() == 0
        text = run.stdout.read()

    assert text.endswith(b"}\n")


def test_the_rest_of_a_line_comes_before_the_next(agent: Path) -> None:
    """A socket takes lines in part."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    words = [str(agent), *LOAD, "--sample-interval-ms", "10", "--target-pid", str(os.getpid())]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=theirs.fileno()) as process:
        theirs.close()
        time.sleep(1)
        assert process.stdin is not None
        process.stdin.write(b"stop\n")
        process.stdin.flush()
        with ours:
            text = b"".join(iter(lambda: ours.recv(65536), b""))
    lines = [json.loads(line) for line in text.splitlines()]

    assert text.endswith(b"\n")
    assert lines[-1]["type"] == "bye"


def test_bad_lines_on_a_full_stdout_hold_nothing_up(agent: Path) -> None:
    with stalled(agent, "--sample-interval-ms", "10") as run:
        time.sleep(1)
        run.send(b"x\n" * 127 + b"stop\n")
        sent = time.monotonic()

        assert run.exit_code() == 0
        # One second of patience in a turn, and half a second for the last line.
        assert time.monotonic() - sent < 5
