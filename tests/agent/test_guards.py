"""A guard that the kernel or a seccomp profile refuses is replaced or told, never left out."""

from __future__ import annotations

import errno
import os
import resource
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.agent.host import Agent, bystander, is_alive, wait_until
from tests.agent.seccomp import number_of, refuse
from tests.agent.tracing import first_calls

LOAD = ("run", "mem", "--size-bytes", "8388608", "--duration-ms", "600000")


@pytest.mark.parametrize("call", ["timer_create", "timer_settime"])
@pytest.mark.parametrize("heartbeat_ms", ["10000", "600000"])
def test_a_run_without_a_timer_is_refused(agent: Path, call: str, heartbeat_ms: str) -> None:
    options: dict[str, Any] = {"preexec_fn": refuse(call)}
    words = (*LOAD, "--heartbeat-timeout-ms", heartbeat_ms)
    with Agent(agent, *words, target_pid=os.getpid(), **options) as run:
        assert run.until_type("error")["code"] == "no-timer"
        assert run.until_type("bye")["reason"] == "refused"
        assert run.exit_code() == 14


@pytest.mark.parametrize("command", [("hold",), ("probe",), LOAD], ids=lambda words: words[0])
def test_the_watchdog_is_set_before_the_first_look(agent: Path, command: tuple[str, ...]) -> None:
    """What is stopped there, or hangs in a file of /proc, ends as well."""
    look = number_of("pidfd_open")
    calls = first_calls(agent, *command, "--target-pid", str(os.getpid()), until=look)

    assert number_of("timer_settime") in calls


def test_workers_end_with_their_supervisor_also_without_prctl(agent: Path) -> None:
    options: dict[str, Any] = {"preexec_fn": refuse("prctl")}
    with Agent(agent, *LOAD, target_pid=os.getpid(), **options) as run:
        assert run.until_type("hello")["guards"]["parent_death"] is False
        run.until_phase("hold")
        (worker,) = run.workers()
        os.kill(run.pid, signal.SIGKILL)

        wait_until(lambda: not is_alive(worker), timeout_seconds=3)


def test_the_targets_end_is_seen_also_without_a_pidfd(agent: Path) -> None:
    options: dict[str, Any] = {"preexec_fn": refuse("pidfd_open", errno.ENOSYS)}
    with (
        bystander() as target,
        Agent(agent, *LOAD, target_pid=target.pid, **options) as run,
        Agent(agent, "hold", target_pid=target.pid, **options) as holder,
    ):
        assert run.until_type("hello")["guards"]["target_pidfd"] is False
        holder.until_type("hello")
        run.until_phase("hold")
        target.kill()
        target.wait()

        assert run.until_type("bye")["reason"] == "target-gone"
        assert holder.exit_code(timeout_seconds=10) == 23


@pytest.mark.parametrize("error", [errno.EPERM, errno.ENOSYS])
def test_memory_is_touched_where_it_cannot_be_populated(agent: Path, error: int) -> None:
    options: dict[str, Any] = {"preexec_fn": refuse("madvise", error)}
    with Agent(agent, *LOAD, target_pid=os.getpid(), **options) as run:
        assert run.until_phase("hold")["held_bytes"] == 8388608


def test_a_limit_on_open_files_is_called_so(agent: Path) -> None:
    codes = set()
    for files in range(12, 40):

        def limit(files: int = files) -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        words = (*LOAD[:-1], "50")
        with Agent(agent, *words, target_pid=os.getpid(), preexec_fn=limit) as run:
            lines = run.rest()
        codes |= {line["code"] for line in lines if line["type"] == "error"}
        assert "no-memory" not in (lines[-1]["reason"], *codes), (files, lines[-2:])

    assert "rlimit-nofile" in codes
