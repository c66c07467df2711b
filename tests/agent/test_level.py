"""The level loop: the container as a whole is held, by the kernel's own books.

The bounds are those of a busy machine; how near it comes on a quiet one is in the benchmark.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.agent.host import Agent, Line, finished
from tests.agent.own_cgroup import OwnCgroup, own_cgroup

KIB = 1024
MIB = 1024 * KIB
LIMIT = 256 * MIB
RATE = LIMIT // 20
SETTLED = MIB + 2 * 256 * KIB
MOVING = RATE // 2 + MIB
_APP = Path(__file__).parents[2] / "image" / "bench" / "app.py"
_LIFE = ("--duration-ms", "600000", "--heartbeat-timeout-ms", "600000")


def level(text: str, metric: str = "working-set") -> tuple[str, ...]:
    return ("run", "mem", "--level", text, "--level-metric", metric, *_LIFE)


class App:
    """An app in the cgroup, which goes to a size at a rate."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def go(self, size: int, rate: int = LIMIT) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"memory {size} {rate}\n".encode())
        self._process.stdin.flush()
        assert self._process.stdout.readline() == b"done\n"


@contextmanager
def app_in(cgroup: OwnCgroup) -> Iterator[App]:
    command = [sys.executable, str(_APP)]
    with cgroup.start(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield App(process)
        process.kill()


class Watch:
    """Reads what the metric comes to, again and again, in a thread."""

    def __init__(self, cgroup: OwnCgroup, metric: str) -> None:
        self.off: list[int] = []
        self._cgroup, self._metric = cgroup, metric
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.01):
            self.off.append(measured(self._cgroup, self._metric))


def measured(cgroup: OwnCgroup, metric: str) -> int:
    usage = cgroup.usage_bytes()
    if metric == "usage":
        return usage
    return usage - cgroup.stat("total_inactive_file" if cgroup.version == 1 else "inactive_file")


@pytest.mark.parametrize("metric", ["working-set", "usage"])
def test_a_level_is_held_while_the_app_grows_and_shrinks(agent: Path, metric: str) -> None:
    goal = LIMIT * 3 // 4
    with own_cgroup(LIMIT) as cgroup, app_in(cgroup) as app:
        app.go(LIMIT // 5)
        with cgroup.agent(agent, *level("75%", metric)) as run, Watch(cgroup, metric) as start:
            run.until_type("arrived")
            time.sleep(0.5)
            with Watch(cgroup, metric) as moving:
                for size in (LIMIT * 2 // 5, LIMIT // 5):
                    app.go(size, RATE)
                    time.sleep(2)
                    assert abs(measured(cgroup, metric) - goal) <= SETTLED
            sample = run.until_type("sample")

    print(f"{min(moving.off) - goal:+} to {max(moving.off) - goal:+} bytes off the level")
    assert max(start.off[: len(start.off) - len(moving.off)]) <= goal + MIB
    assert max(abs(found - goal) for found in moving.off) <= MOVING
    assert (sample["load"]["level_bytes"], sample["load"]["level_metric"]) == (goal, metric)


def test_a_level_near_the_limit_kills_nobody(agent: Path) -> None:
    goal = LIMIT * 97 // 100
    with own_cgroup(LIMIT) as cgroup, app_in(cgroup) as app:
        app.go(LIMIT // 5)
        with (
            cgroup.agent(agent, *level("97%", "usage")) as run,
            Watch(cgroup, "usage") as watch,
        ):
            run.until_type("arrived")
            app.go(LIMIT // 5 + 8 * MIB, RATE // 4)
            time.sleep(1)
            sample = run.until_type("sample")

    assert max(watch.off) <= goal + 2 * MIB
    assert sample["memory"]["oom_kill"] == 0


def test_a_level_follows_the_limit(agent: Path) -> None:
    with own_cgroup(LIMIT) as cgroup, cgroup.agent(agent, *level(f"limit-{32 * MIB}")) as run:
        run.until_type("arrived")
        cgroup.limit(LIMIT + 64 * MIB)
        run.read_until(lambda line: line["type"] == "sample" and _level(line) == LIMIT + 32 * MIB)
        run.read_until(lambda line: line["type"] == "sample" and _state(line) == "at")
        time.sleep(0.5)

        assert abs(measured(cgroup, "working-set") - LIMIT - 32 * MIB) <= SETTLED


def test_an_app_above_the_level_is_told_and_nothing_is_held(agent: Path) -> None:
    with own_cgroup(LIMIT) as cgroup, app_in(cgroup) as app:
        app.go(LIMIT // 2)
        with cgroup.agent(agent, *level("25%")) as run:
            run.until_phase("hold")
            sample = run.read_until(
                lambda line: line["type"] == "sample" and line["phase"] == "hold"
            )
            app.go(0)
            arrived = run.until_type("arrived")

    assert (_state(sample), sample["load"]["held_bytes"]) == ("above", 0)
    assert arrived["held_bytes"] > MIB


def test_a_level_and_a_size_take_turns_on_stdin(agent: Path) -> None:
    with own_cgroup(LIMIT) as cgroup:
        with cgroup.agent(agent, "run", "mem", "--size-bytes", str(MIB), *_LIFE) as run:
            run.until_phase("hold")
            run.send(f"level {128 * MIB} usage\n".encode())
            run.read_until(lambda line: line["type"] == "sample" and _state(line) == "at")
            found = measured(cgroup, "usage")
            run.send(f"size {16 * MIB}\n".encode())
            sample = run.read_until(
                lambda line: line["type"] == "sample" and line["load"]["held_bytes"] == 16 * MIB
            )

    assert abs(found - 128 * MIB) <= SETTLED
    assert (_level(sample), _state(sample)) == (None, None)


def test_a_level_rises_in_a_ramp_from_what_there_is(agent: Path) -> None:
    with own_cgroup(LIMIT) as cgroup:
        with cgroup.agent(agent, *level("50%"), "--ramp-ms", "2000") as run:
            levels = []
            while (line := run.next_line())["type"] != "arrived":
                if line["type"] == "sample" and line["phase"] == "ramp":
                    levels.append(_level(line))
            arrived = line["elapsed_ms"]

    assert levels == sorted(levels)
    assert levels[0] < LIMIT // 4 < levels[-1]
    assert arrived >= 2000


def test_a_level_relative_to_no_limit_is_refused(agent: Path) -> None:
    with own_cgroup() as cgroup, cgroup.agent(agent, *level("50%")) as run:
        assert run.until_type("error")["code"] == "no-limit"
        assert run.until_type("bye")["reason"] == "refused"
        assert run.exit_code() == 14


@pytest.mark.parametrize("what", [("--kind", "file"), ("--huge-pages",)])
def test_a_level_needs_memory_that_can_be_given_back_by_the_page(
    agent: Path, what: tuple[str, ...]
) -> None:
    assert finished(agent, *level("50%"), *what).exit_code == 2


def test_a_level_can_be_set_before_go(agent: Path) -> None:
    arguments = ("run", "mem", "--size-bytes", str(MIB), "--wait-for-go", *_LIFE)
    with own_cgroup(LIMIT) as cgroup, cgroup.agent(agent, *arguments) as run:
        run.until_phase("ready")
        run.send(b"#1 level 50%\n#2 go\n")
        assert run.until_type("done")["ok"]
        run.until_type("arrived")

        assert abs(measured(cgroup, "working-set") - LIMIT // 2) <= SETTLED


def test_a_level_that_is_not_possible_does_not_fit_before_go(agent: Path) -> None:
    arguments = ("run", "mem", "--size-bytes", str(MIB), "--wait-for-go", *_LIFE)
    with own_cgroup() as cgroup, cgroup.agent(agent, *arguments) as run:
        run.until_phase("ready")
        run.send(b"#1 level 50%\n")

        assert not run.until_type("done")["ok"]


def test_workers_that_are_lost_are_not_made_up_for(agent: Path) -> None:
    with own_cgroup(LIMIT) as cgroup:
        with cgroup.agent(agent, *level("50%"), "--workers", "2") as run:
            run.until_type("arrived")
            held = _held(run)
            subprocess.run(["kill", "-9", str(run.workers()[0])], check=True)
            run.until_type("worker-killed")
            time.sleep(1)
            last = [line for line in _drain(run) if line["type"] == "sample"][-1]

    assert last["load"]["held_bytes"] <= held // 2 + MIB
    assert _state(last) == "below"


def _held(run: Agent) -> int:
    held: int = run.until_type("sample")["load"]["held_bytes"]
    return held


def _drain(run: Agent) -> list[Line]:
    run.send(b"stop\n")
    lines = run.rest()
    return [line for line in lines if line.get("phase") != "release"]


def _level(line: Line) -> Any:
    return line["load"]["level_bytes"]


def _state(line: Line) -> Any:
    return line["load"]["level_state"]
