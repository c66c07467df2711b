"""The tools that are compared, and how each is called for a size."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

OURS = "agent, two threads"
OURS_ONE_THREAD = "agent, one thread"
BARE = "bare MAP_POPULATE"
STRESS_NG_BEST = "stress-ng, its best"
STRESS_NG = "stress-ng, as called"
_SOURCE = """
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


def tools(agent: Path, bare: Path) -> dict[str, Command]:
    """Each by its name."""

    def ours(size: int) -> list[str]:
        return agent_load(agent, size)

    def stress_ng(*more: str) -> Command:
        return lambda size: [
            *("stress-ng", "--quiet", "--vm", "1", "--vm-bytes", str(size), "--vm-keep"),
            *more,
        ]

    return {
        OURS: ours,
        OURS_ONE_THREAD: lambda size: ["taskset", "-c", "0", *ours(size)],
        BARE: lambda size: [str(bare), str(size)],
        STRESS_NG_BEST: stress_ng("--vm-hang", "0", "--vm-populate"),
        STRESS_NG: stress_ng(),
    }


def agent_load(agent: Path, size: int) -> list[str]:
    """The agent's load of a size, for as long as the measurement takes."""
    life = ["--duration-ms", "600000", "--heartbeat-timeout-ms", "600000"]
    return [str(agent), "run", "mem", "--size-bytes", str(size), *life]


def build_bare(folder: Path) -> Path:
    """Compile the bare loop."""
    source = folder / "bare.c"
    source.write_text(_SOURCE)
    subprocess.run(["gcc", "-O2", "-static", "-o", folder / "bare", source], check=True)
    return folder / "bare"
