"""A run that waits for `go`, and the answers to commands."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.agent.host import Agent, Line

MIB = 1 << 20
WAIT = ("--wait-for-go", "--sample-interval-ms", "50", "--duration-ms", "600000")
MEM = ("run", "mem", "--size-bytes", str(4 * MIB), *WAIT)


def waiting(agent: Path, *arguments: str) -> Agent:
    return Agent(agent, *arguments, target_pid=os.getpid())


def done(run: Agent, number: int) -> Line:
    return run.read_until(lambda line: line["type"] == "done" and line["id"] == number)


def test_nothing_is_allocated_before_go(agent: Path) -> None:
    with waiting(
        agent, *MEM, "--deadline-ms", "2000", "--run-id", "a.b", "--started-by", "ann"
    ) as run:
        hello = run.until_type("hello")
        run.until_phase("ready")
        run.until_type("processes")
        assert run.workers() == []
        time.sleep(1.5)
        run.send(b"#7 go\n")

        assert done(run, 7)["ok"] is True
        assert run.until_phase("baseline")["run"] == "a.b"
        assert run.until_phase("hold")["held_bytes"] == 4 * MIB
        # The deadline counts from `go`.
        bye = run.until_type("bye")
        assert bye["reason"] == "deadline"
        assert bye["elapsed_ms"] >= 1500 + 2000
        assert (hello["run"], hello["started_by"], hello["command"]) == ("a.b", "ann", "run")
        assert "go" in hello["features"]


def test_an_agent_that_waits_only_answers(agent: Path) -> None:
    with waiting(agent, *MEM, "--sample-interval-ms", "100", "--duration-ms", "1500") as run:
        run.until_phase("ready")
        run.until_type("sample")
        time.sleep(1.5)
        run.send(b"#1 hold 1200\n")
        told: list[str] = []
        while "done" not in told:
            told.append(run.read_until(lambda _line: True)["type"])
        assert set(told) <= {"processes", "done"}  # and no sample any more
        run.send(b"go\n")
        lines = run.rest()

    assert lines[0]["phase"] == "baseline"
    holding = [one for one in lines if one["type"] == "sample" and one["phase"] == "hold"]
    assert len(holding) >= 8
    assert holding[-1]["missed"] == 0


def test_no_heartbeat_is_needed_while_nothing_is_held(agent: Path) -> None:
    with waiting(agent, *MEM, "--heartbeat-timeout-ms", "500") as run:
        run.until_phase("ready")
        time.sleep(1.5)
        run.send(b"go\n")
        run.until_phase("hold")
        bye = run.until_type("bye")

        assert bye["reason"] == "heartbeat-lost"
        assert bye["elapsed_ms"] >= 1_500 + 500


def test_go_names_the_moment(agent: Path) -> None:
    with waiting(agent, *MEM) as run:
        run.until_phase("ready")
        run.send(b"go 900\n")
        begun = run.until_phase("baseline")["elapsed_ms"]

        assert 900 <= begun <= 1100


def test_the_wait_has_a_bound_of_its_own(agent: Path) -> None:
    with waiting(agent, *MEM, "--go-timeout-ms", "400") as run:
        run.until_phase("ready")
        bye = run.until_type("bye")

        assert (bye["reason"], bye["load_reason"], run.exit_code()) == ("no-go", None, 25)


def test_steps_do_not_lead_to_a_level(agent: Path) -> None:
    with waiting(agent, *MEM) as run:
        run.until_phase("ready")
        run.send(f"#1 level {1 << 40}\n#2 steps {MIB}\n#3 size {MIB}\n#4 steps {MIB}\n".encode())

        assert [done(run, number)["ok"] for number in (1, 2, 3, 4)] == [True, False, True, True]


def test_what_is_to_be_loaded_may_change_before_go(agent: Path) -> None:
    with waiting(agent, *MEM, "--step-hold-ms", "100") as run:
        run.until_phase("ready")
        run.send(f"#1 size {2 * MIB}\n#2 steps {MIB}\n#3 hold 300\n#4 load 5\n#5 go\n".encode())
        answers = [done(run, number)["ok"] for number in (1, 2, 3, 4, 5)]
        lines = run.rest()
        held = [
            line["held_bytes"] for line in lines if line.get("phase") == "hold" and "step" in line
        ]

        assert answers == [True, True, True, False, True]
        assert held == [MIB, 2 * MIB]
        assert lines[-1]["reason"] == "duration"


@pytest.mark.parametrize(
    ("command", "reason"), [(b"stop by bob\n", "stopped"), (None, "stdin-closed")]
)
def test_a_wait_ends_without_a_load(agent: Path, command: bytes | None, reason: str) -> None:
    with waiting(agent, *MEM) as run:
        run.until_phase("ready")
        if command is None:
            run.stdin.close()
        else:
            run.send(command)
        lines = run.rest()

        assert (lines[-1]["reason"], lines[-1]["load_reason"]) == (reason, None)
        assert lines[-1]["by"] == ("bob" if command else None)
        assert "ramp" not in [line.get("phase") for line in lines]


def test_a_command_with_an_id_is_answered_and_arrives(agent: Path) -> None:
    with waiting(agent, *MEM) as run:
        run.until_phase("ready")
        run.send(b"go\n")
        run.until_phase("hold")
        run.send(f"#1 size {8 * MIB}\n".encode())
        taken = done(run, 1)
        arrived = run.until_type("arrived")
        run.send(b"#2 frob\n#3 size x\n#x size 5\nsize -1\n#9007199254740992 stop\n")
        bad = [run.read_until(lambda line: line["type"] in ("done", "error")) for _ in range(5)]

        assert (taken["command"], taken["ok"], taken["code"]) == ("size", True, None)
        assert (arrived["id"], arrived["held_bytes"]) == (1, 8 * MIB)
        assert [line.get("id", "none") for line in bad] == [2, 3, "none", "none", "none"]
        assert [line.get("command", "none") for line in bad] == [None, "size", *["none"] * 3]
        assert {line["code"] for line in bad} == {"bad-command"}


def test_every_command_of_a_burst_counts(agent: Path) -> None:
    words = ("run", "mem", "cpu", "--size-bytes", "4096", "--load-percent", "1", *WAIT[1:])
    with waiting(agent, *words) as run:
        run.until_phase("hold")
        run.send(f"#1 size {4 * MIB}\n#2 load 2\n".encode())
        sample = run.read_until(
            lambda line: (
                line["type"] == "sample"
                and line["load"]["held_bytes"] == 4 * MIB
                and line["cpu_load"]["load_percent"] == 2
            )
        )

        assert sample["phase"] == "hold"


def test_a_probe_refuses_what_it_cannot_do(agent: Path) -> None:
    with waiting(agent, "probe", "--duration-ms", "600000") as probe:
        probe.until_type("sample")
        probe.send(b"size 4096\n#3 go\n")

        assert probe.until_type("error")["code"] == "bad-command"
        assert done(probe, 3)["ok"] is False
        probe.send(b"#4 stop\n")
        assert done(probe, 4)["ok"] is True
        assert probe.until_type("bye")["reason"] == "stopped"
