"""What holding costs while nothing moves, beside the least that reading costs, and among many."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cgroup import MIB, Cgroup
from tools import agent_load

_ROUNDS = 5
_SECONDS = 10
_CROWD = 1000
_FILES = {
    1: ("memory.usage_in_bytes", "memory.stat", "memory.oom_control"),
    2: ("memory.current", "memory.stat", "memory.events"),
}
_GOAL_RATIO = 1.5
_GOAL_CROWD_PERCENT = 0.5


def measure_still(cgroup: Cgroup, agent: Path, folder: Path) -> list[str]:
    """Measure both in turn, so that a busy moment hits them alike, and tell each in a line."""
    loop = _build_loop(folder)
    load = agent_load(agent, 64 * MIB)
    line_bytes = _bytes_a_tick(cgroup, load)
    files = [str(cgroup.path / name) for name in _FILES[cgroup.version]]
    reading = [str(loop), str(line_bytes), *files]
    ours, least = [], []
    for _ in range(_ROUNDS):
        ours.append(_percent(cgroup, load))
        least.append(_percent(cgroup, reading))
    ratio = statistics.median(ours) / statistics.median(least)
    lines = [
        f"holding 64 MiB while nothing moves: {statistics.median(ours):.3f} % of a CPU; a loop that"
        f" reads the same three files ten times a second and writes as many bytes:"
        f" {statistics.median(least):.3f} %; {ratio:.2f}×, goal {_GOAL_RATIO}:"
        f" {'met' if ratio <= _GOAL_RATIO else 'MISSED'}"
    ]
    for where in ("inside the target's cgroup", "beside it"):
        with _crowded(cgroup, inside=where.startswith("inside")):
            percent = _percent(cgroup, load)
        lines.append(
            f"holding with {_CROWD} processes {where}: {percent:.3f} % of a CPU,"
            f" goal {_GOAL_CROWD_PERCENT}: {'met' if percent < _GOAL_CROWD_PERCENT else 'MISSED'}"
        )
    return lines


def _build_loop(folder: Path) -> Path:
    source = Path(__file__).parent / "loop.c"
    subprocess.run(["gcc", "-O2", "-static", "-o", folder / "loop", source], check=True)
    return folder / "loop"


def _percent(cgroup: Cgroup, argv: list[str]) -> float:
    with cgroup.running(argv) as process:
        time.sleep(3)
        before, start = _cpu_seconds(cgroup, argv), time.monotonic()
        time.sleep(_SECONDS)
        used = _cpu_seconds(cgroup, argv) - before
        assert process.poll() is None
        return 100 * used / (time.monotonic() - start)


def _cpu_seconds(cgroup: Cgroup, argv: list[str]) -> float:
    """CPU time of the tool alone, without the crowd."""
    return sum(
        int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
        for pid in cgroup.pids()
        if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(argv[0].encode() + b"\0")
    )


def _bytes_a_tick(cgroup: Cgroup, argv: list[str]) -> int:
    """How many bytes the agent writes in a tenth of a second."""
    with cgroup.running(argv, reads=True) as process:
        assert process.stdout is not None
        end = time.monotonic() + 5
        count = 0
        while time.monotonic() < end:
            count += len(process.stdout.readline())
        return count // 50


@contextmanager
def _crowded(cgroup: Cgroup, *, inside: bool) -> Iterator[None]:
    """Have many processes that do nothing, in the target's PID namespace."""
    enter = f"echo 0 > {cgroup.path}/cgroup.procs; " if inside else ""
    script = f"{enter}for i in $(seq {_CROWD}); do sleep 100000 & done; wait"
    crowd = subprocess.Popen(
        ["nsenter", "--target", str(cgroup.target_pid), "--pid", "--mount", "sh", "-c", script],
        stdout=subprocess.DEVNULL,
    )
    time.sleep(5)
    try:
        yield
    finally:
        crowd.kill()
        subprocess.run(
            [
                "nsenter",
                "--target",
                str(cgroup.target_pid),
                "--pid",
                "--mount",
                "sh",
                "-c",
                "kill -9 -1",
            ],
            check=False,
            capture_output=True,
        )
        crowd.wait()
