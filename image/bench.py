"""Compare the agent with stress-ng and with a bare loop: exactness, overhead, fill speed, rest.

Each tool runs alone in a cgroup of its own, and all are measured the same way: by the books of
that cgroup and of /proc. Needs root, stress-ng, gcc and a writable memory cgroup; on a node that
does other work at the same time the ratios still hold roughly, the absolute figures do not.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

KIB = 1024
MIB = 1024 * KIB
SLACK = 512 * KIB  # usage moves in batches of up to 256 KiB a CPU
SIZES = (64 * MIB, 512 * MIB, 1024 * MIB, 4096 * MIB)
BARE = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
int main(int count, char **arguments)
{
    (void)count;
    mmap(0, strtoul(arguments[1], 0, 10), PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    pause();
}
"""
Command = Callable[[int], list[str]]


@dataclass
class Figures:
    """What one tool did, over all rounds."""

    fill_seconds: dict[int, list[float]] = field(default_factory=dict)
    error_kib: float = 0.0
    beyond_kib: float = 0.0
    cpu_percent: float = 0.0
    processes: int = 0


class Cgroup:
    """A cgroup below the one that we are in."""

    def __init__(self) -> None:
        self.version = 2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1
        root = Path("/sys/fs/cgroup") / ("memory" if self.version == 1 else "")
        self.path = root / f"kubectl-stress-bench-{os.getpid()}"

    def __enter__(self) -> Cgroup:
        self.path.mkdir()
        # The agent wants a target, whose cgroup it shares.
        self.target = subprocess.Popen(["sleep", "100000"], preexec_fn=self.enter)
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self.target.kill()
        self.target.wait()
        self.path.rmdir()

    def enter(self) -> None:
        """Move the calling process in."""
        (self.path / "cgroup.procs").write_text("0")

    def usage_bytes(self) -> int:
        """All that is charged."""
        name = "memory.usage_in_bytes" if self.version == 1 else "memory.current"
        return int((self.path / name).read_text())

    def settled_bytes(self) -> int:
        """Usage once the tool before has given everything back."""
        usage, last = self.usage_bytes(), -1
        while usage != last:
            time.sleep(0.1)
            usage, last = self.usage_bytes(), usage
        return usage

    def anon_bytes(self) -> int:
        """Anonymous memory alone."""
        key = "total_rss" if self.version == 1 else "anon"
        lines = (self.path / "memory.stat").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.split()[0] == key))

    def pids(self) -> list[int]:
        """The processes of the tool."""
        pids = map(int, (self.path / "cgroup.procs").read_text().split())
        return [pid for pid in pids if pid != self.target.pid]

    def kill(self) -> None:
        """End the tool."""
        while pids := self.pids():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)


def main() -> None:
    """Measure all tools and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--agent", required=True, type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Cgroup() as cgroup:
        bare = _build_bare(Path(folder))
        tools = _tools(arguments.agent.resolve(), bare, cgroup.target.pid)
        found = {name: Figures() for name in tools}
        for size in SIZES:
            # In turn, round by round, so that a busy moment hits them all alike.
            for _ in range(arguments.rounds if size <= 1024 * MIB else 3):
                for name, command in tools.items():
                    seconds = found[name].fill_seconds.setdefault(size, [])
                    seconds.append(_fill(cgroup, command(size), size))
        for name, command in tools.items():
            _measure_rest(cgroup, command(64 * MIB), found[name])
    _print_table(found)


def _tools(agent: Path, bare: Path, target_pid: int) -> dict[str, Command]:
    def ours(size: int) -> list[str]:
        life = ["--duration-ms", "600000", "--heartbeat-timeout-ms", "600000"]
        target = ["--target-pid", str(target_pid)]
        return [str(agent), "run", "mem", "--size-bytes", str(size), *life, *target]

    def stress_ng(*more: str) -> Command:
        return lambda size: [
            *("stress-ng", "--quiet", "--vm", "1", "--vm-bytes", str(size), "--vm-keep"),
            *more,
        ]

    return {
        "agent, two threads": lambda size: [*ours(size)],
        "agent, one thread": lambda size: ["taskset", "-c", "0", *ours(size)],
        "bare MAP_POPULATE": lambda size: [str(bare), str(size)],
        "stress-ng, its best": stress_ng("--vm-hang", "0", "--vm-populate"),
        "stress-ng, as called": stress_ng(),
    }


def _build_bare(folder: Path) -> Path:
    source = folder / "bare.c"
    source.write_text(BARE)
    subprocess.run(["gcc", "-O2", "-static", "-o", folder / "bare", source], check=True)
    return folder / "bare"


def _start(cgroup: Cgroup, argv: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=cgroup.enter,
    )


def _end(cgroup: Cgroup, process: subprocess.Popen[bytes]) -> None:
    cgroup.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _fill(cgroup: Cgroup, argv: list[str], size: int) -> float:
    """Seconds from the call until the cgroup has been charged with the size."""
    before = cgroup.settled_bytes()
    start = time.monotonic()
    process = _start(cgroup, argv)
    try:
        while cgroup.usage_bytes() - before < size - SLACK:
            if time.monotonic() - start > 30 or process.poll() is not None:
                raise SystemExit(f"{argv} does not reach its size: {cgroup.usage_bytes() - before}")
            time.sleep(0.001)
        return time.monotonic() - start
    finally:
        _end(cgroup, process)


def _measure_rest(cgroup: Cgroup, argv: list[str], figures: Figures) -> None:
    """At 64 MiB, three seconds after the start: memory, and CPU over five more."""
    size = 64 * MIB
    before = cgroup.anon_bytes()
    process = _start(cgroup, argv)
    try:
        time.sleep(3)
        figures.error_kib = (cgroup.anon_bytes() - before - size) / KIB
        figures.processes = len(cgroup.pids())
        figures.beyond_kib = sum(map(_pss_kib, cgroup.pids())) - size / KIB
        used, start = _cpu_seconds(cgroup), time.monotonic()
        time.sleep(5)
        figures.cpu_percent = 100 * (_cpu_seconds(cgroup) - used) / (time.monotonic() - start)
    finally:
        _end(cgroup, process)


def _pss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _cpu_seconds(cgroup: Cgroup) -> float:
    threads = [task for pid in cgroup.pids() for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in threads) / 1e9


def _print_table(found: dict[str, Figures]) -> None:
    heads = [f"fill {size // MIB} MiB" for size in SIZES]
    print(f"{'':21}" + "".join(f"{head:>15}" for head in heads) + "   (median s; fastest)")
    for name, figures in found.items():
        cells = [
            f"{statistics.median(seconds):8.3f}; {min(seconds):.3f}"
            for seconds in figures.fill_seconds.values()
        ]
        print(f"{name:21}" + "".join(f"{cell:>15}" for cell in cells))
    print(f"\n{'at 64 MiB':21}{'size error':>14}{'PSS beyond':>14}{'processes':>11}{'CPU':>9}")
    for name, figures in found.items():
        print(
            f"{name:21}{figures.error_kib:10.0f} KiB{figures.beyond_kib:10.0f} KiB"
            f"{figures.processes:11}{figures.cpu_percent:7.2f} %"
        )
    _print_goals(found)


def _print_goals(found: dict[str, Figures]) -> None:
    def speed(size: int, ours: str, other: str) -> float:
        mine, theirs = (found[name].fill_seconds[size] for name in (ours, other))
        return statistics.median(theirs) / statistics.median(mine)

    ours, one = "agent, two threads", "agent, one thread"
    overhead = found["stress-ng, as called"].beyond_kib / found[ours].beyond_kib
    heads = f"{'stress-ng':>10}{'its best':>10}{'bare':>8}{'bare, one thread':>18}"
    print(f"\n{'speed against':24}{heads}")
    for size in SIZES:
        print(
            f"{size // MIB:5} MiB{'':15}{speed(size, ours, 'stress-ng, as called'):9.2f}×"
            f"{speed(size, ours, 'stress-ng, its best'):9.2f}×"
            f"{speed(size, ours, 'bare MAP_POPULATE'):7.2f}×"
            f"{speed(size, one, 'bare MAP_POPULATE'):17.2f}×"
        )
    print(f"overhead: 1/{overhead:.0f} of stress-ng's")


if __name__ == "__main__":
    main()
