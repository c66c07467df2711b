"""What only the agent does: a holder, readings ten times a second, the report of a kill."""

from __future__ import annotations

import json
import os
import signal
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cgroup import MIB, Cgroup
from tools import agent_load

_SECONDS = 20
_LOAD_SECONDS = 60
_ROUNDS = 5


def measure_agent(cgroup: Cgroup, agent: Path) -> list[str]:
    """Measure all of it, and tell each in a line."""
    return [
        _holder(cgroup, agent),
        *(_readings(cgroup, agent, interval_ms) for interval_ms in (100, 1000)),
        *(_load_percent(cgroup, agent, percent) for percent in (0.01, 0.2, 1.0, 30.0)),
        *(_kill(cgroup, agent, size) for size in (64 * MIB, 1024 * MIB)),
        _readings(cgroup, agent, 1000, crowd=100),
    ]


def _holder(cgroup: Cgroup, agent: Path) -> str:
    before = cgroup.settled_bytes()
    with cgroup.running([str(agent), "hold"]):
        time.sleep(1)
        percent = cgroup.cpu_percent(_SECONDS)
        usage_kib = (cgroup.settled_bytes() - before) // 1024
        return (
            f"holder: PSS {cgroup.pss_kib()} KiB, its cgroup +{usage_kib} KiB of usage,"
            f" {percent:.3f} % of a CPU"
        )


def _readings(cgroup: Cgroup, agent: Path, interval_ms: int, *, crowd: int = 0) -> str:
    """A probe does nothing but read: the cgroup's files, and the processes each second."""
    cgroup.crowd(crowd)
    life = ["--duration-ms", "600000", "--heartbeat-timeout-ms", "600000"]
    with cgroup.running([str(agent), "probe", *life, "--sample-interval-ms", str(interval_ms)]):
        time.sleep(1)
        percent = cgroup.cpu_percent(_SECONDS)
    return (
        f"the cgroup's files each {interval_ms} ms, and {crowd + 2} processes each second:"
        f" {percent:.3f} % of a CPU"
    )


def _load_percent(cgroup: Cgroup, agent: Path, asked: float) -> str:
    """The workers' own CPU time. The goal is not met where others want the CPUs as well."""
    life = ["--duration-ms", "600000", "--heartbeat-timeout-ms", "600000"]
    argv = [str(agent), "run", "cpu", "--load-percent", str(asked), *life]
    with cgroup.running(argv):
        time.sleep(1)
        (worker,) = (pid for pid in cgroup.pids() if _is_worker(pid))
        used, start = _used_seconds(worker), time.monotonic()
        time.sleep(_LOAD_SECONDS)
        percent = 100 * (_used_seconds(worker) - used) / (time.monotonic() - start)
    is_met = abs(percent - asked) <= 0.002 + 0.01 * asked
    return (
        f"CPU load of {asked:g} % over {_LOAD_SECONDS} s: {percent:.4f} %, goal ± 0.002 points and"
        f" 1 %: {'met' if is_met else 'MISSED'}"
    )


def _used_seconds(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _kill(cgroup: Cgroup, agent: Path, size: int) -> str:
    """From SIGKILL to the worker until its line has been read."""
    delays_ms = [_kill_once(cgroup, agent, size) for _ in range(_ROUNDS)]
    bound = 50 + 0.1 * size / MIB
    return (
        f"a kill of {size // MIB} MiB is told after {statistics.median(delays_ms):.1f} ms"
        f" (at most {max(delays_ms):.1f}; goal {bound:.0f})"
    )


def _kill_once(cgroup: Cgroup, agent: Path, size: int) -> float:
    with cgroup.running(agent_load(agent, size), reads=True) as process:
        assert process.stdout is not None
        lines = _lines(process.stdout)
        next(line for line in lines if line["type"] == "phase" and line["phase"] == "hold")
        worker = next(pid for pid in cgroup.pids() if _is_worker(pid))
        start = time.monotonic()
        os.kill(worker, signal.SIGKILL)
        next(line for line in lines if line["type"] == "worker-killed")
        return 1000 * (time.monotonic() - start)


def _is_worker(pid: int) -> bool:
    return Path(f"/proc/{pid}/comm").read_text() == "agent-worker\n"


def _lines(stream: IO[bytes]) -> Iterator[dict[str, object]]:
    return (json.loads(line) for line in stream)
