"""One run with both loads, its arrivals, and a hold until told."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.agent.host import Agent, Line, finished, two_cpus

MIB = 1 << 20
LIFE = ("--heartbeat-timeout-ms", "600000")
BOTH = ("run", "mem", "cpu", "--size-bytes", str(8 * MIB), "--load-percent", "3")


def here() -> tuple[str, str]:
    return "--target-pid", str(os.getpid())


def test_one_run_carries_memory_and_cpu(agent: Path) -> None:
    with Agent(agent, *BOTH, "--duration-ms", "600000", *LIFE, *here()) as run:
        arrived = [run.until_type("arrived"), run.until_type("arrived")]
        time.sleep(1.5)
        run.send(b"stop\n")
        samples = [line for line in run.rest() if line["type"] == "sample"]

    held = [line for line in samples if line["phase"] == "hold"][-1]
    assert {"held_bytes", "load_percent"} == {
        key for line in arrived for key in line if key in ("held_bytes", "load_percent")
    }
    assert (held["load"]["held_bytes"], held["load"]["workers"]) == (8 * MIB, 1)
    assert (held["cpu_load"]["load_percent"], held["cpu_load"]["workers"]) == (3, 1)
    assert held["cpu_load"]["used_us"] > 10000
    assert held["cpu_load"]["due_us"] > 20000


def test_each_load_of_a_run_is_changed_by_its_own_command(agent: Path) -> None:
    with Agent(agent, *BOTH, "--duration-ms", "600000", *LIFE, *here()) as run:
        run.until_phase("hold")
        run.send(f"size {2 * MIB}\n".encode())
        run.read_until(lambda line: line["type"] == "sample" and _loads(line) == (2 * MIB, 3))
        run.send(b"load 1\n")
        run.read_until(lambda line: line["type"] == "sample" and _loads(line) == (2 * MIB, 1))


def test_commands_that_come_at_once_all_count(agent: Path) -> None:
    with Agent(agent, *BOTH, "--duration-ms", "600000", *LIFE, *here()) as run:
        run.until_phase("hold")
        run.send(f"#1 size {2 * MIB}\n#2 load 1\n#3 size {3 * MIB}\n".encode())
        taken: set[int] = set()
        arrived: set[int] = set()
        while not (arrived == {2, 3} and taken == {1, 2, 3}):
            line = run.next_line()
            if line["type"] == "done":
                assert line["ok"]
                taken.add(line["id"])
            if line["type"] == "arrived":
                arrived.add(line["id"])
        run.read_until(lambda line: line["type"] == "sample" and _loads(line) == (3 * MIB, 1))


def test_a_load_of_the_cpu_leaves_the_steps_of_the_memory_alone(agent: Path) -> None:
    steps = ("--steps-bytes", f"{MIB},{2 * MIB}", "--step-hold-ms", "400")
    with Agent(agent, *BOTH, *steps, "--duration-ms", "100", *LIFE, *here()) as run:
        run.until_phase("hold")
        run.send(b"load 1\n")
        holds = [
            line["held_bytes"]
            for line in run.rest()
            if line["type"] == "phase" and line["phase"] == "hold"
        ]

    assert holds == [2 * MIB, 8 * MIB]


def test_what_has_been_reached_is_told_once(agent: Path) -> None:
    arguments = ("--size-bytes", str(4 * MIB), "--steps-bytes", str(MIB), "--step-hold-ms", "100")
    end = finished(agent, "run", "mem", *arguments, "--duration-ms", "300", *here())

    (arrived,) = end.of_type("arrived")
    assert (arrived["id"], arrived["size_bytes"], arrived["held_bytes"]) == (None, 4 * MIB, 4 * MIB)


def test_a_hold_until_told_has_no_end_by_duration(agent: Path) -> None:
    arguments = ("--size-bytes", str(MIB), "--hold-until-told", "--deadline-ms", "60000")
    with Agent(agent, "run", "mem", *arguments, *LIFE, *here()) as run:
        run.until_phase("hold")
        time.sleep(0.5)
        run.send(b"hold 300\n")
        start = run.until_type("sample")
        bye = run.until_type("bye")

    assert bye["reason"] == "duration"
    assert bye["elapsed_ms"] - start["elapsed_ms"] >= 150


@pytest.mark.parametrize("when", ["before", "within"])
def test_a_hold_can_be_told_to_last(agent: Path, when: str) -> None:
    ramp = ("--ramp-ms", "500") if when == "before" else ()
    arguments = ("--size-bytes", str(MIB), "--duration-ms", "300", *ramp)
    with Agent(agent, "run", "mem", *arguments, *LIFE, *here()) as run:
        run.until_phase("ramp" if when == "before" else "hold")
        run.send(b"hold\n")
        run.until_phase("hold") if when == "before" else None
        time.sleep(1)

        assert run.process.poll() is None


@pytest.mark.parametrize("which", [0, 1])
def test_a_run_of_both_ends_with_the_last_worker_of_either(agent: Path, which: int) -> None:
    with Agent(agent, *BOTH, "--duration-ms", "600000", *LIFE, *here()) as run:
        run.until_phase("hold")
        os.kill(run.workers()[which], signal.SIGKILL)

        assert run.until_type("bye")["reason"] == "workers-killed"


@two_cpus
def test_a_lost_worker_of_the_cpu_leaves_the_memory_alone(agent: Path) -> None:
    arguments = (*BOTH, "--cpu-workers", "2", "--duration-ms", "600000", *LIFE)
    with Agent(agent, *arguments, "--ramp-ms", "1500", *here()) as run:
        run.until_phase("ramp")
        os.kill(run.workers()[-1], signal.SIGKILL)
        run.until_type("worker-killed")

        assert run.until_phase("hold")["held_bytes"] == 8 * MIB


def test_a_load_that_a_run_does_not_have_cannot_be_changed(agent: Path) -> None:
    arguments = ("--size-bytes", str(MIB), "--duration-ms", "600000")
    with Agent(agent, "run", "mem", *arguments, *LIFE, *here()) as run:
        run.until_phase("hold")
        run.send(b"load 3\n")

        assert run.until_type("error")["code"] == "bad-command"


def test_a_file_of_page_cache_is_made_by_a_holder_alone(agent: Path) -> None:
    arguments = ("--size-bytes", str(MIB), "--kind", "file", "--duration-ms", "1000")
    holder = ("--holder-pid", str(os.getpid()))
    end = finished(agent, "run", "mem", *arguments, *holder, *here())

    assert end.of_type("error")[0]["code"] == "no-holder"
    assert (end.bye["reason"], end.exit_code) == ("refused", 14)


def _loads(line: Line) -> tuple[object, object]:
    return line["load"]["held_bytes"], line["cpu_load"]["load_percent"]
