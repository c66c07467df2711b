"""How exact the load of the CPU is, by the kernel's own clocks of its processes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.agent.host import Agent

CPUS = len(os.sched_getaffinity(0))
LIFE = ("--duration-ms", "600000", "--heartbeat-timeout-ms", "600000")


def here() -> tuple[str, str]:
    return "--target-pid", str(os.getpid())


def cpu(percent: str, *arguments: str) -> tuple[str, ...]:
    return ("run", "cpu", "--load-percent", percent, *arguments, *LIFE)


@pytest.mark.parametrize(("percent", "workers"), [(0.009, 1), (0.05, 4), (1.0, 1)])
def test_a_small_load_is_no_more_than_was_asked(agent: Path, percent: float, workers: int) -> None:
    asked = percent * workers
    with Agent(agent, *cpu(str(percent), "--cpu-workers", str(workers)), *here()) as run:
        run.until_phase("hold")
        pids = run.workers()
        start, before = time.monotonic(), sum(map(_cpu_seconds, pids))
        time.sleep(12)
        used = sum(map(_cpu_seconds, pids)) - before
        found = 100 * used / (time.monotonic() - start)

    print(f"asked for {asked} %, used {found:.4f} %")
    # One waking more or less of each process: 0.2 ms of 12 s.
    assert abs(found - asked) <= 0.002 + 0.01 * asked + 0.0017 * len(pids)


def test_there_are_no_more_processes_than_cpus(agent: Path) -> None:
    count = 2 * CPUS
    with Agent(agent, *cpu("5", "--cpu-workers", str(count)), *here()) as run:
        run.until_phase("hold")
        pids = run.workers()
        start, before = time.monotonic(), sum(map(_cpu_seconds, pids))
        time.sleep(4)
        found = 100 * (sum(map(_cpu_seconds, pids)) - before) / (time.monotonic() - start)

    assert len(pids) == CPUS
    assert found == pytest.approx(5 * count, rel=0.1)


def test_a_rest_is_not_made_up_for(agent: Path) -> None:
    with Agent(agent, *cpu("0"), *here()) as run:
        run.until_phase("hold")
        (worker,) = run.workers()
        time.sleep(3)
        before = _cpu_seconds(worker)
        run.send(b"load 10\n")
        time.sleep(0.2)
        used = _cpu_seconds(worker) - before

    assert used <= 0.1 * 0.2 * 1.5 + 0.01


def _cpu_seconds(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
