"""Compare the agent with stress-ng and with a bare loop: exactness, overhead, fill speed, rest.

Each tool runs alone in a cgroup of its own, and all are measured the same way: by the books of
that cgroup and of /proc. Needs root, stress-ng, gcc and a writable memory cgroup; on a node that
does other work at the same time the ratios still hold roughly, the absolute figures do not.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import tempfile
import time
from pathlib import Path

from alone import measure_agent
from cgroup import KIB, MIB, Cgroup
from fill import NotFilled, refuse_what_does_not_fit, seconds_to_fill
from still import measure_still
from tables import SIZES, Figures, print_fill, print_goals, print_overhead, print_rest
from tools import OURS, STRESS_NG, Command, build_bare, tools


def main() -> None:
    """Measure all tools and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--agent", required=True, type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--only-overhead", action="store_true", help="measure only what holding 64 MiB takes"
    )
    arguments = parser.parse_args()
    agent = arguments.agent.resolve()
    with tempfile.TemporaryDirectory() as folder, Cgroup() as cgroup:
        _print_machine(agent, cgroup)
        commands = tools(agent, build_bare(Path(folder)))
        found = {name: Figures() for name in commands}
        if arguments.only_overhead:
            for name in (OURS, STRESS_NG):
                _measure_rest(cgroup, commands[name], found[name])
            print_overhead(found)
            return
        _measure_fill(cgroup, commands, found, rounds=arguments.rounds)
        for name, command in commands.items():
            _measure_rest(cgroup, command, found[name])
        print_fill(found)
        print_rest(found)
        print("\nthe agent alone")
        for line in (*measure_agent(cgroup, agent), *measure_still(cgroup, agent, Path(folder))):
            print(f"  {line}")
        print_goals(found)


def _print_machine(agent: Path, cgroup: Cgroup) -> None:
    version = subprocess.run(["stress-ng", "--version"], capture_output=True, text=True, check=True)
    print(
        f"{time.strftime('%Y-%m-%d %H:%M')}, Linux {platform.release()}, {os.cpu_count()} CPUs,"
        f" load {os.getloadavg()[0]:.1f}, cgroup v{cgroup.version},"
        f" {' '.join(version.stdout.split()[:3])}, agent of {agent.stat().st_size} bytes\n"
    )


def _measure_fill(
    cgroup: Cgroup, commands: dict[str, Command], found: dict[str, Figures], *, rounds: int
) -> None:
    """In turn, round by round, so that a busy moment hits them all alike."""
    for size in SIZES:
        for _ in range(rounds):
            for name, command in commands.items():
                try:
                    seconds = _fill_seconds(cgroup, command(size), size)
                except NotFilled as reason:
                    print(f"{name} did not fill {size // MIB} MiB: {reason}", flush=True)
                else:
                    found[name].fill_seconds.setdefault(size, []).append(seconds)


def _fill_seconds(cgroup: Cgroup, argv: list[str], size: int) -> float:
    """Seconds from the call until the cgroup has been charged with the size."""
    before = cgroup.settled_bytes()
    refuse_what_does_not_fit(size)
    with cgroup.running(argv) as process:
        return seconds_to_fill(cgroup, process, size, before)


def _measure_rest(cgroup: Cgroup, command: Command, figures: Figures) -> None:
    """Three seconds after the fill: memory, and at 64 MiB CPU over ten more."""
    for size in (64 * MIB, 1024 * MIB):
        usage, before = cgroup.settled_bytes(), cgroup.anon_bytes()
        with cgroup.running(command(size)) as process:
            seconds_to_fill(cgroup, process, size, usage)
            time.sleep(3)
            figures.error_kib[size] = (cgroup.anon_bytes() - before - size) / KIB
            if size == 64 * MIB:
                figures.processes = len(cgroup.pids())
                figures.beyond_kib = cgroup.pss_kib() - size / KIB
                figures.mapped_beyond_kib = cgroup.mapped_kib() - size / KIB
                figures.cpu_percent = cgroup.cpu_percent(10)


if __name__ == "__main__":
    main()
