"""Which limit counts, and when it is looked at, in cgroups of the kernel's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.host import Line
from tests.agent.own_cgroup import OwnCgroup, own_cgroup

MIB = 1 << 20
_LIFE = ("--duration-ms", "60000", "--heartbeat-timeout-ms", "60000")


def _until_the_kill(cgroup: OwnCgroup, agent: Path, *, lowered_to: int, size: int) -> Line:
    """Hold 16 MiB, lower the limit and ask for more at once; give the last sample before a kill."""
    arguments = ("run", "mem", "--size-bytes", str(16 * MIB), "--oom-score-adj", "1000")
    with cgroup.agent(agent, *arguments, *_LIFE) as run:
        run.until_phase("hold")
        cgroup.limit(lowered_to)
        run.send(f"size {size}\n".encode())
        lines = [run.next_line()]
        while lines[-1]["type"] != "worker-killed":
            lines.append(run.next_line())
    samples = [line for line in lines if line["type"] == "sample"]
    # One may come between the kill and its line.
    kills = samples[0]["memory"]["oom_kill"]
    return [line for line in samples if line["memory"]["oom_kill"] == kills][-1]


def test_a_limit_that_was_just_lowered_counts_for_the_next_step(agent: Path) -> None:
    with own_cgroup(200 * MIB) as cgroup:
        last = _until_the_kill(cgroup, agent, lowered_to=80 * MIB, size=120 * MIB)

    # The last evidence before a kill shows a cgroup that is nearly full.
    assert last["memory"]["limit_bytes"] == 80 * MIB
    assert last["memory"]["usage_bytes"] >= 0.95 * 80 * MIB


def test_a_limit_above_counts_as_the_cgroup_s_own(agent: Path) -> None:
    with own_cgroup(64 * MIB) as cgroup:
        (cgroup.path / "below").mkdir()
        if cgroup.version == 2:
            pytest.skip("the controllers are not handed on to cgroups below, beside a process")
        with cgroup.start("sleep", "1000", below="below") as target:
            cgroup.target_pid = target.pid
            with cgroup.agent(agent, "probe", below="below") as probe:
                sample = probe.until_type("sample")
            target.kill()

    assert sample["memory"]["effective_limit_bytes"] == 64 * MIB


def test_a_limit_is_read_again_at_go(agent: Path) -> None:
    arguments = ("run", "mem", "--size-bytes", str(MIB), "--wait-for-go", *_LIFE)
    with own_cgroup(200 * MIB) as cgroup, cgroup.agent(agent, *arguments) as run:
        waiting = run.until_type("sample")
        run.until_type("processes")
        cgroup.limit(100 * MIB)
        run.send(b"go\n")
        run.until_phase("baseline")
        begun = run.until_type("sample")

    assert waiting["memory"]["limit_bytes"] == 200 * MIB
    assert begun["memory"]["limit_bytes"] == 100 * MIB
