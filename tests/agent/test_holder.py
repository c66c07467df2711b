"""The holder's stdin: read, list and stop; and loads that it is the log of."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.agent.host import Agent, Finished, Line, finished, is_alive, wait_until
from tests.agent.own_cgroup import own_cgroup
from tests.agent.seccomp import refuse

# Of this test run alone: a holder sees every agent of the machine.
ONE, TWO, COPY = (f"{name}-{os.getpid()}" for name in ("one", "two", "copy"))
LOAD = ("run", "mem", "--size-bytes", "8388608", "--duration-ms", "600000")


def here(agent: Path, *arguments: str) -> Agent:
    return Agent(agent, *arguments, target_pid=os.getpid())


def begun(holder: Agent) -> list[Line]:
    """All lines of its first reading."""
    lines = [holder.next_line()]
    while lines[-1]["type"] != "processes" or not lines[-1]["last"]:
        lines.append(holder.next_line())
    return lines


def answer(holder: Agent, command: bytes) -> list[Line]:
    """All lines up to the answer to `command`, that included."""
    holder.send(command)
    lines = [holder.next_line()]
    while lines[-1]["type"] != "done":
        lines.append(holder.next_line())
    return lines


def test_a_holder_reads_without_a_new_process(agent: Path) -> None:
    with here(agent, "hold", "--protocol", "2") as holder:
        own, *first = begun(holder)
        assert (own["command"], own["pid"]) == ("hold", holder.pid)
        assert "first" in own["features"]
        _assert_reads(first)
        for number in (1, 2):
            *lines, done = answer(holder, f"#{number} read\n".encode())

            _assert_reads(lines)
            assert (done["id"], done["command"], done["ok"]) == (number, "read", True)


def _assert_reads(lines: list[Line]) -> None:
    assert [line["type"] for line in lines][:3] == ["hello", "sample", "processes"]
    assert lines[0]["target"]["pid"] == os.getpid()
    assert lines[1]["memory"]["usage_bytes"] > 0


def test_a_holder_lists_the_loads(agent: Path) -> None:
    words = ("--run-id", ONE, "--started-by", 'ann "x"')
    with (
        here(agent, "hold") as holder,
        here(agent, *LOAD, *words) as one,
        here(agent, *LOAD) as other,
    ):
        begun(holder)
        one.until_phase("hold")
        name = other.until_phase("hold")["run"]
        *lines, done = answer(holder, b"list\n")
        loads = {line["load"]["run"]: line["load"] for line in lines}

        assert done["count"] == len(lines) >= 2  # other agents may run on this machine
        assert loads[ONE]["pid"] == one.pid
        assert loads[ONE]["started_by"] == 'ann "x"'
        assert loads[name] == loads[name] | {
            "pid": other.pid,
            "started_by": None,
            "detached": False,
        }
        one.read_until(lambda line: line["type"] == "processes" and _has_load(line, ONE, 'ann "x"'))


def test_a_holder_stops_the_run_that_is_named(agent: Path) -> None:
    settle = ("--settle-ms", "300")
    with (
        here(agent, "hold") as holder,
        here(agent, *LOAD, *settle, "--run-id", ONE) as one,
        here(agent, *LOAD) as other,
    ):
        begun(holder)
        one.until_phase("hold")
        other.until_phase("hold")
        (nobody,) = answer(holder, b"#1 stop none by ann\n")
        (done,) = answer(holder, f"#2 stop {ONE} by ann@büro\n".encode())
        lines = one.rest()

        assert (nobody["ok"], nobody["count"], done["count"]) == (True, 0, 1)
        assert (lines[-1]["reason"], lines[-1]["by"], one.exit_code()) == ("stopped", "ann@büro", 0)
        assert "settle" in [line.get("phase") for line in lines]
        assert other.process.poll() is None
        other_run = other.until_type("sample")["run"]
        assert answer(holder, f"stop {other_run}\n".encode())[-1]["count"] == 1
        bye = other.until_type("bye")
        assert (bye["reason"], bye["by"]) == ("stopped", None)


def test_a_holder_stops_every_run_in_sight(agent: Path, tmp_path: Path) -> None:
    """In a PID namespace of its own: other agents of this machine are not meant."""
    program = agent.resolve()
    load = f"{program} {' '.join(LOAD)}"
    script = f"""
        cd {tmp_path} && mkfifo in
        {program} hold < in > holder.out &
        exec 3> in
        sleep 1000 | {load} > one.out & sleep 1000 | {load} > two.out &
        until grep -q '"hold","held' one.out && grep -q '"hold","held' two.out; do sleep 0.1; done
        echo 'stop by ann' >&3
        until grep -q '"done"' holder.out && grep -q '"bye"' one.out && grep -q '"bye"' two.out
        do sleep 0.1; done
    """
    subprocess.run(
        [*["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c"], script],
        check=True,
        timeout=30,
    )
    last = [
        json.loads((tmp_path / name).read_text().splitlines()[-1])
        for name in ("holder.out", "one.out", "two.out")
    ]

    assert last[0]["count"] == 2
    assert [(line["reason"], line["by"]) for line in last[1:]] == [("stopped", "ann")] * 2


def test_a_holder_reaches_the_runs_of_its_own_pod_alone(agent: Path) -> None:
    # With the PID namespace of the machine it sees those of other pods as well, and of other tests.
    pod = "kubepods/burstable"
    with own_cgroup() as node:
        for name in ("holder", "app", "pod-of-others"):
            (node.path / pod / name).mkdir(parents=True)
        with (
            node.agent(agent, "hold", below=f"{pod}/holder") as holder,
            node.agent(agent, *LOAD, "--run-id", ONE, below=f"{pod}/app") as own,
            node.agent(agent, *LOAD, "--run-id", TWO, below=f"{pod}/pod-of-others") as other,
            here(agent, *LOAD) as bystander,
        ):
            begun(holder)
            own.until_phase("hold")
            other.until_phase("hold")
            bystander.until_phase("hold")
            listed = {line["load"]["run"] for line in answer(holder, b"list\n")[:-1]}
            (nobody,) = answer(holder, f"stop {TWO}\n".encode())
            (done,) = answer(holder, b"stop by ann\n")

            assert listed == {ONE}
            assert (nobody["count"], done["count"]) == (0, 1)
            assert own.until_type("bye")["by"] == "ann"
            assert is_alive(other.pid)
            assert is_alive(bystander.pid)


@pytest.mark.parametrize("is_reaped", [True, False], ids=["gone", "zombie"])
@pytest.mark.parametrize("has_pidfd", [True, False], ids=["pidfd", "no-pidfd"])
def test_a_holder_that_starts_after_its_targets_end_ends(
    agent: Path, is_reaped: bool, has_pidfd: bool
) -> None:
    before = None if has_pidfd else refuse("pidfd_open", errno.ENOSYS)
    with subprocess.Popen(["true"]) as target:
        os.waitid(os.P_PID, target.pid, os.WEXITED | (0 if is_reaped else os.WNOWAIT))
        with Agent(agent, "hold", target_pid=target.pid, preexec_fn=before) as holder:
            assert holder.exit_code() == 23


def test_another_signal_is_no_stop(agent: Path) -> None:
    with here(agent, *LOAD) as run:
        run.until_phase("hold")
        run.process.terminate()

        assert run.until_type("bye")["reason"] == "signal"
        assert run.exit_code() == 24


def test_another_copy_of_the_program_is_reached_but_nothing_else(
    agent: Path, tmp_path: Path
) -> None:
    if "linux-" not in str(agent):
        pytest.skip("only the release's linker script marks the program file")
    copy = Path(shutil.copy(agent, tmp_path / "copy"))
    argv = ["agent", "run", "-f", "/dev/null"]  # as a well-known monitoring agent is called
    with (
        here(agent, "hold") as holder,
        here(copy, *LOAD, "--run-id", COPY) as run,
        subprocess.Popen(argv, executable="/usr/bin/tail", stderr=subprocess.DEVNULL) as innocent,
    ):
        begun(holder)
        assert run.until_type("hello")["holder_pid"] is not None
        run.until_phase("hold")
        listed = [line["load"]["pid"] for line in answer(holder, b"list\n")[:-1]]
        assert run.pid in listed
        assert innocent.pid not in listed
        assert answer(holder, f"stop {COPY}\n".encode())[-1]["count"] == 1
        assert run.until_type("bye")["reason"] == "stopped"
        assert innocent.poll() is None
        innocent.kill()


def test_a_command_that_a_holder_does_not_know_is_answered(agent: Path) -> None:
    with here(agent, "hold") as holder:
        begun(holder)
        done = answer(holder, b"#5 size 4096\n")[-1]

        assert (done["id"], done["ok"], done["code"]) == (5, False, "bad-command")


def detached(agent: Path, holder: int) -> Finished:
    options = ("--detach", "--target-pid", str(os.getpid()), "--holder-pid", str(holder))
    return finished(agent, *LOAD, *options)


def test_a_detached_run_needs_a_holder(agent: Path) -> None:
    """In a PID namespace of its own: another holder of this machine would do."""
    end = subprocess.run(
        ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", agent, *LOAD, "--detach"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
        timeout=30,
    )
    lines = [json.loads(line) for line in end.stdout.splitlines()]

    assert lines[1]["code"] == "no-holder"
    assert (lines[-1]["reason"], end.returncode) == ("refused", 14)


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("hold", os.O_RDONLY),  # may be read by the holder, and written by root
        ("sleep", os.O_WRONLY),  # another program's file
    ],
)
def test_what_is_no_log_of_a_holder_is_not_written(
    agent: Path, tmp_path: Path, command: str, flags: int
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"not a log\n")
    descriptor = os.open(file, flags)
    argv = [str(agent), "hold"] if command == "hold" else ["sleep", "100"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=descriptor) as holder:
        os.close(descriptor)
        wait_until(lambda: command.encode() in Path(f"/proc/{holder.pid}/cmdline").read_bytes())
        try:
            end = detached(agent, holder.pid)
        finally:
            holder.kill()

    assert end.of_type("error")[0]["code"] == "no-holder"
    assert (end.bye["reason"], end.exit_code) == ("refused", 14)
    assert file.read_bytes() == b"not a log\n"


def test_a_holder_without_stdout_has_no_log(agent: Path) -> None:
    argv = [str(agent), "hold"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, preexec_fn=lambda: os.close(1)) as holder:
        # What it opens first bears the number then.
        wait_until(lambda: Path(f"/proc/{holder.pid}/fd/1").exists())
        try:
            end = detached(agent, holder.pid)
        finally:
            holder.kill()

    assert end.of_type("error")[0]["code"] == "no-holder"
    assert (end.bye["reason"], end.exit_code) == ("refused", 14)


def test_detached_runs_share_a_log_and_say_who_speaks(agent: Path) -> None:
    words = (*LOAD, "--detach", "--sample-interval-ms", "10")
    with (
        here(agent, "hold") as holder,
        _once_it_has_said_hello(holder, agent, *words, "--run-id", ONE) as one,
        _beside(holder, agent, *words, "--wait-for-go", "--run-id", TWO) as two,
    ):
        # What comes before the load begins is said to the caller as well.
        assert one.until_type("hello")["run"] == ONE
        two.until_phase("ready")
        two.send(b"go\n")
        two.stdin.close()
        held: set[str] = set()
        while held != {ONE, TWO}:  # in either order
            line = holder.next_line()
            held |= {line["run"]} if line.get("phase") == "hold" else set()
        runs = {holder.next_line()["run"] for _ in range(200)}
        assert {ONE, TWO} <= runs
        assert two.process.poll() is None
        holder.send(f"stop {ONE} by bob\nstop {TWO} by eve\n".encode())
        ends: dict[str, tuple[str, str | None]] = {}
        while len(ends) < 2:
            line = holder.next_line()
            if line["type"] == "bye":
                ends[line["run"]] = (line["reason"], line["by"])

        assert ends == {ONE: ("stopped", "bob"), TWO: ("stopped", "eve")}
        wait_until(lambda: one.process.poll() == 0 and two.process.poll() == 0)
        said = [json.loads(line) for line in one.stdout.read().splitlines()]
        assert "ramp" not in [line.get("phase") for line in said]


def _once_it_has_said_hello(holder: Agent, agent: Path, *arguments: str) -> Agent:
    holder.until_type("hello")
    return _beside(holder, agent, *arguments)


def _beside(holder: Agent, agent: Path, *arguments: str) -> Agent:
    """By its own choice a run takes any holder of this machine, such as another test's."""
    return here(agent, *arguments, "--holder-pid", str(holder.pid))


def _has_load(part: Line, run: str, started_by: str) -> bool:
    found = [row for row in part["processes"] if row["role"] == "load"]
    return (run, started_by) in {(row["run"], row["started_by"]) for row in found}


def test_a_holder_that_may_not_see_the_targets_cgroup_names_no_process(agent: Path) -> None:
    """What it says stays in its container's log; process 1 of a shared namespace is another's."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        nobody: dict[str, Any] = {"user": 65_534, "group": 65_534, "extra_groups": []}
        program = shutil.copy(agent, folder)
        holder = subprocess.run(
            [program, "hold", "--protocol", "2", "--linger-ms", "300"],
            input=b"#1 read\n",
            stdout=subprocess.PIPE,
            timeout=30,
            check=True,
            **nobody,
        )
    lines = [json.loads(line) for line in holder.stdout.splitlines()]

    assert [line["type"] for line in lines] == ["hello", *["hello", "sample"] * 2, "done"]
    assert lines[2]["memory"]["usage_bytes"] is None
