"""The level loop and memory.high, by the books of either cgroup generation."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.agent.container import KIB, MIB, Container, Run
from tests.agent.host import Line

pytestmark = pytest.mark.machine

MakeContainer = Callable[..., Container]
LIMIT = 256 * MIB
SETTLED = MIB + 2 * 256 * KIB
_LIFE = "--duration-ms 600000 --heartbeat-timeout-ms 600000"


def _measured(target: Container, metric: str) -> int:
    if metric == "usage":
        return target.usage_bytes
    v1 = target.guest.cgroup_version == 1
    return target.usage_bytes - target.stat("total_inactive_file" if v1 else "inactive_file")


@pytest.mark.parametrize("metric", ["usage", "working-set"])
def test_a_level_is_held_while_another_grows_and_shrinks(
    container: MakeContainer, metric: str
) -> None:
    goal = LIMIT * 7 // 10
    target = container(LIMIT)
    run = target.run(f"run mem --level 70% --level-metric {metric} {_LIFE}")
    run.wait_for(lambda lines: any(line["type"] == "arrived" for line in lines))
    off = []
    app = target.run(f"run mem --size-bytes {48 * MIB} --ramp-ms 4000 {_LIFE}")
    app.wait_for_phase("hold")
    time.sleep(2)
    off.append(_measured(target, metric) - goal)
    app.send(f"size {8 * MIB}\\n")
    time.sleep(3)
    off.append(_measured(target, metric) - goal)

    print(f"{', '.join(f'{one // KIB:+}' for one in off)} KiB off the level")
    assert max(map(abs, off)) <= SETTLED
    assert _last_sample(run)["memory"]["oom_kill"] == 0


def test_a_level_of_97_percent_kills_nobody(container: MakeContainer) -> None:
    target = container(LIMIT)
    run = target.run(f"run mem --level 97% --level-metric usage {_LIFE}")
    run.wait_for(lambda lines: any(line["type"] == "arrived" for line in lines))
    time.sleep(2)
    last = _last_sample(run)
    highest = max(line["memory"]["usage_bytes"] for line in run.of_type("sample"))

    print(f"at most {(highest - LIMIT * 97 // 100) // KIB:+} KiB off the level")
    assert last["memory"]["oom_kill"] == 0
    assert highest <= LIMIT * 97 // 100 + MIB + 2 * 256 * KIB


@pytest.mark.only_cgroup(2)
def test_over_memory_high_a_fill_is_told_as_throttled_and_goes_by_small_steps(
    container: MakeContainer,
) -> None:
    high = 64 * MIB
    target = container(LIMIT)
    target.guest.run(f"echo {high} > {target.memory}/memory.high")
    run = target.run(f"run mem --size-bytes {high + 16 * MIB} {_LIFE}")
    lines = run.wait_for(
        lambda lines: any(line["type"] == "sample" and line["load"]["throttled"] for line in lines)
    )
    samples = [line for line in lines if line["type"] == "sample"]
    near = [line for line in samples if line["memory"]["usage_bytes"] > 0.95 * high]
    steps = [
        after["load"]["held_bytes"] - before["load"]["held_bytes"]
        for before, after in pairwise(near)
    ]

    print(f"{len(near)} samples near memory.high, at most {max(steps) // KIB} KiB apart")
    assert max(steps) <= high // 200 + 4 * KIB
    assert not any(line["load"]["throttled"] for line in samples if _usage(line) < high)


def _usage(line: Line) -> int:
    usage: int = line["memory"]["usage_bytes"]
    return usage


def _last_sample(run: Run) -> Line:
    return run.of_type("sample")[-1]
