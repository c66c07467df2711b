"""The agent never outlives its purpose, and leaves no process and no zombie behind."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.agent.cgroup_files import V1, tree
from tests.agent.host import Agent, bystander, finished, is_alive, wait_until
from tests.agent.own_cgroup import own_cgroup

LOAD = ("run", "mem", "--size-bytes", "8388608", "--workers", "2", "--duration-ms", "600000")


def here() -> tuple[str, str]:
    """Our own process as the target: it is in the same cgroup and namespaces."""
    return "--target-pid", str(os.getpid())


def test_the_phases_come_in_order_and_all_workers_are_reaped(agent: Path) -> None:
    arguments = ("--size-bytes", "4194304", "--ramp-ms", "200", "--duration-ms", "200")
    end = finished(agent, "run", "mem", *arguments, "--settle-ms", "200", *here())

    assert [line["phase"] for line in end.of_type("phase")] == [
        "baseline",
        "ramp",
        "hold",
        "release",
        "settle",
    ]
    assert [line["type"] for line in end.lines][:3] == ["hello", "phase", "sample"]
    assert (end.exit_code, end.bye["reason"], end.bye["exit_code"]) == (0, "duration", 0)
    assert end.bye["held_max_bytes"] == 4194304


def test_stop_releases_and_ends(agent: Path) -> None:
    with Agent(agent, *LOAD, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        workers = run.workers()
        run.send(b"stop\n")

        assert run.until_type("bye")["reason"] == "stopped"
        assert run.exit_code() == 0
        assert len(workers) == 2
        assert not any(is_alive(pid) for pid in workers)


def test_the_end_of_stdin_releases_and_ends(agent: Path) -> None:
    with Agent(agent, *LOAD, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        run.stdin.close()

        assert run.until_type("bye")["reason"] == "stdin-closed"
        assert run.exit_code() == 20


def test_a_silent_client_is_taken_for_lost(agent: Path) -> None:
    end = finished(agent, *LOAD, "--heartbeat-timeout-ms", "300", *here())

    assert (end.exit_code, end.bye["reason"]) == (21, "heartbeat-lost")


def test_heartbeats_keep_a_run_alive(agent: Path) -> None:
    arguments = (*LOAD, "--heartbeat-timeout-ms", "1500")
    with Agent(agent, *arguments, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        for _ in range(8):
            run.send(b".")
            time.sleep(0.3)

        assert run.process.poll() is None


def test_the_deadline_is_absolute(agent: Path) -> None:
    end = finished(agent, *LOAD, "--deadline-ms", "400", *here(), stdin=b"." * 10)

    assert (end.exit_code, end.bye["reason"]) == (22, "deadline")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_releases_and_ends(agent: Path, number: signal.Signals) -> None:
    with Agent(agent, *LOAD, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        run.process.send_signal(number)

        assert run.until_type("bye")["reason"] == "signal"
        assert run.exit_code() == 24


def test_it_ends_with_the_targets_init(agent: Path) -> None:
    with bystander() as target, Agent(agent, *LOAD, target_pid=target.pid) as run:
        run.until_phase("hold")
        target.kill()

        assert run.until_type("bye")["reason"] == "target-gone"
        assert run.exit_code() == 23


def test_a_target_that_is_not_there_is_told(agent: Path) -> None:
    with bystander() as target:
        pid = target.pid
    end = finished(agent, *LOAD, "--target-pid", str(pid))

    assert (end.exit_code, end.bye["reason"]) == (23, "target-gone")


def test_workers_die_with_a_killed_supervisor(agent: Path) -> None:
    with Agent(agent, *LOAD, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        workers = run.workers()
        run.process.kill()

        wait_until(lambda: not any(is_alive(pid) for pid in workers))


def test_workers_end_a_supervisor_that_hangs(agent: Path) -> None:
    with Agent(agent, *LOAD, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        workers = run.workers()
        os.kill(run.pid, signal.SIGSTOP)

        wait_until(lambda: not any(is_alive(pid) for pid in [run.pid, *workers]), 20)


def test_a_stopped_worker_does_not_keep_a_run_from_ending(agent: Path) -> None:
    with Agent(agent, *LOAD, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        os.kill(run.workers()[0], signal.SIGSTOP)
        run.stdin.close()

        assert run.exit_code() == 20


def test_one_killed_worker_is_reported_and_the_other_goes_on(agent: Path) -> None:
    with Agent(agent, *LOAD, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        victim, survivor = run.workers()
        killed = time.time() * 1000
        os.kill(victim, signal.SIGKILL)
        progress = run.until_type("worker-killed")
        run.read_until(lambda line: line["type"] == "sample")
        sample = run.until_type("sample")

        assert (progress["pid"], progress["signal"], progress["held_bytes"]) == (victim, 9, 4194304)
        print(f"told {progress['time_ms'] - killed:.1f} ms after the kill")
        load = sample["load"]
        assert (load["size_bytes"], load["held_bytes"], load["workers"]) == (4194304, 4194304, 1)
        assert run.workers() == [survivor]


def test_counters_that_version_1_lacks_are_null_in_a_kill_too(agent: Path, tmp_path: Path) -> None:
    files = ("--cgroup-root", str(tree(tmp_path, V1)))
    with Agent(agent, *LOAD, *files, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        for worker in run.workers():
            os.kill(worker, signal.SIGKILL)
            progress = run.until_type("worker-killed")

            assert (progress["oom_kill_before"], progress["oom_kill_after"]) == (4, 4)
            assert progress["oom_group_kill_before"] is None
            assert progress["oom_group_kill_after"] is None


@pytest.mark.parametrize("kind", ["anon", "shm"])
def test_a_worker_that_crashes_leaves_no_core_file(agent: Path, tmp_path: Path, kind: str) -> None:
    def allow_cores() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    run_in = {"cwd": tmp_path, "preexec_fn": allow_cores}
    with Agent(agent, *LOAD, "--kind", kind, target_pid=os.getpid(), **run_in) as run:
        run.until_phase("hold")
        victim = run.workers()[0]
        limits = Path(f"/proc/{victim}/limits").read_text().splitlines()
        (size,) = (line.split()[4:6] for line in limits if line.startswith("Max core file size"))
        flags = Path(f"/proc/{victim}/smaps").read_text().split("VmFlags:")
        os.kill(victim, signal.SIGSEGV)
        killed = run.until_type("worker-killed")

    assert killed["signal"] == signal.SIGSEGV
    assert size == ["0", "0"]
    assert any(" dd" in flag for flag in flags)  # a core_pattern that is a pipe knows no limit
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_workers_ends(agent: Path) -> None:
    with Agent(agent, *LOAD, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        for worker in run.workers():
            os.kill(worker, signal.SIGKILL)

        assert run.until_type("bye")["reason"] == "workers-killed"
        assert run.exit_code() == 12


def test_each_kill_is_told_once_and_the_end_waits_until_the_memory_is_back(agent: Path) -> None:
    command = ("run", "mem", "--size-bytes", str(256 << 20), "--workers", "2")
    with Agent(agent, *command, "--duration-ms", "600000", target_pid=os.getpid()) as run:
        run.until_phase("hold")
        victims = run.workers()
        for worker in victims:
            os.kill(worker, signal.SIGKILL)
        lines = run.rest()

        progress = [line for line in lines if line["type"] == "worker-killed"]
        assert sorted(line["pid"] for line in progress) == sorted(victims)
        assert {line["signal"] for line in progress} == {signal.SIGKILL}
        assert lines[-1]["type"] == "bye"
        assert [pid for pid in victims if is_alive(pid)] == []


def test_a_reader_that_sleeps_never_blocks_the_agent(agent: Path) -> None:
    arguments = ("--sample-interval-ms", "10", "--duration-ms", "2500")
    command = ("run", "mem", "--size-bytes", "1048576", *arguments)
    with Agent(agent, *command, target_pid=os.getpid()) as run:
        run.send(b".")

        assert run.exit_code() == 0
        lines = run.rest()
    assert [line["type"] for line in lines][:3] == ["hello", "phase", "sample"]
    assert len(lines) < 250


def test_a_reader_that_wakes_up_learns_what_was_dropped(agent: Path) -> None:
    arguments = ("--sample-interval-ms", "10", "--duration-ms", "600000")
    command = ("run", "mem", "--size-bytes", "1048576", *arguments)
    with Agent(agent, *command, target_pid=os.getpid()) as run:
        time.sleep(2.0)
        sample = run.read_until(lambda line: line.get("dropped", 0) > 0)
        run.send(b"stop\n")
        bye = run.until_type("bye")

        assert sample["type"] == "sample"
        assert bye["dropped"] >= sample["dropped"]


def test_a_reader_that_is_gone_does_not_kill_the_agent_but_its_stdin_does(agent: Path) -> None:
    with Agent(agent, *LOAD, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        run.stdout.close()
        time.sleep(0.5)
        assert run.process.poll() is None
        run.stdin.close()

        assert run.exit_code() == 20


@pytest.mark.parametrize("line", [b"size x\n", b"frob\n", b"s" * 500 + b"\n", b"load 5\n"])
def test_what_is_no_command_is_told_and_ignored(agent: Path, line: bytes) -> None:
    with Agent(agent, *LOAD, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        run.send(line)

        assert run.until_type("error")["code"] == "bad-command"
        assert run.process.poll() is None


def test_a_detached_run_outlives_its_client(agent: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen([str(agent), "hold", *here()], stdout=output) as holder,
        Agent(
            *(agent, *LOAD[:-1], "1500", "--detach", "--holder-pid", str(holder.pid)),
            target_pid=os.getpid(),
        ) as run,
    ):
        run.stdin.close()
        code = run.exit_code()
        holder.terminate()

    assert code == 0
    assert '"reason":"duration"' in log.read_text()


def test_a_holder_ends_after_its_last_use(agent: Path) -> None:
    with Agent(agent, "hold", "--linger-ms", "700", target_pid=os.getpid()) as holder:
        holder.until_type("hello")
        start = time.monotonic()
        time.sleep(0.4)
        holder.process.send_signal(signal.SIGURG)

        assert holder.exit_code() == 0
        assert time.monotonic() - start >= 1.0


def test_a_run_keeps_its_holder_alive(agent: Path) -> None:
    with (
        Agent(agent, "hold", "--linger-ms", "1800", target_pid=os.getpid()) as holder,
        Agent(agent, *LOAD, "--holder-pid", str(holder.pid), target_pid=os.getpid()) as run,
    ):
        hello = run.until_type("hello")
        for _ in range(4):
            run.send(b".")
            time.sleep(0.8)

        assert hello["holder_pid"] == holder.pid
        assert holder.process.poll() is None


def test_a_holder_outlives_an_attach_and_stops_loads_when_told(agent: Path) -> None:
    with (
        Agent(agent, "hold", target_pid=os.getpid()) as holder,
        Agent(agent, *LOAD, target_pid=os.getpid()) as run,
    ):
        name = run.until_phase("hold")["run"]
        holder.send(f"stop {name}\n".encode())
        holder.stdin.close()

        assert run.until_type("bye")["reason"] == "stopped"
        assert run.exit_code() == 0
        assert holder.process.poll() is None


def test_a_holder_ends_with_the_targets_init(agent: Path) -> None:
    with bystander() as target, Agent(agent, "hold", target_pid=target.pid) as holder:
        holder.until_type("hello")
        target.kill()

        assert holder.exit_code() == 23


def test_a_holder_ends_at_the_word_of_its_own_binary(agent: Path) -> None:
    nobody = finished(agent, "end")
    with Agent(agent, "hold") as holder:
        holder.until_type("hello")
        progress = finished(agent, "end")

        assert holder.exit_code() == 0
    assert (nobody.exit_code, progress.exit_code) == (23, 0)


def test_beats_that_lie_in_the_pipe_count_after_a_pause(agent: Path) -> None:
    with Agent(agent, *LOAD, "--heartbeat-timeout-ms", "1000", target_pid=os.getpid()) as run:
        run.until_phase("hold")
        for _ in range(5):
            run.process.send_signal(signal.SIGSTOP)
            for _ in range(8):
                run.send(b".")
                time.sleep(0.2)
            run.process.send_signal(signal.SIGCONT)
            time.sleep(0.3)
            assert run.process.poll() is None
        run.send(b"stop\n")

        assert run.until_type("bye")["reason"] == "stopped"


def test_a_dead_worker_is_told_also_where_its_end_was_ignored(agent: Path) -> None:
    def ignore() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    with Agent(agent, *LOAD, target_pid=os.getpid(), preexec_fn=ignore) as run:
        run.until_phase("hold")
        for worker in run.workers():
            os.kill(worker, signal.SIGTERM)  # blocked
            os.kill(worker, signal.SIGKILL)

        assert run.until_type("worker-killed")["signal"] == signal.SIGKILL
        assert run.until_type("bye")["reason"] == "workers-killed"


@pytest.mark.parametrize(
    ("event", "reason", "code"),
    [("end", "stdin-closed", 20), ("signal", "signal", 24), ("silence", "heartbeat-lost", 21)],
)
def test_what_ends_a_settle_is_told(agent: Path, event: str, reason: str, code: int) -> None:
    words = ("--duration-ms", "0", "--settle-ms", "60000", "--heartbeat-timeout-ms", "1500")
    with Agent(agent, *LOAD[:4], *words, target_pid=os.getpid()) as run:
        run.until_phase("settle")
        if event == "end":
            run.stdin.close()
        elif event == "signal":
            run.process.terminate()
        bye = run.until_type("bye")

        assert (bye["reason"], bye["load_reason"]) == (reason, "duration")
        assert (run.exit_code(), bye["held_max_bytes"]) == (code, 8388608)


def test_the_watchdog_sends_sigalrm_before_sigkill(agent: Path) -> None:
    """An exit code of 137 is what an OOM kill leaves."""
    words = (*LOAD, "--heartbeat-timeout-ms", "600000")
    with Agent(agent, "hold", target_pid=os.getpid()) as holder:
        holder.until_type("hello")
        text = Path(f"/proc/{holder.pid}/timers").read_text()
        assert set(re.findall(r"signal: (\d+)", text)) == {str(int(signal.SIGALRM)), "9"}
    with Agent(agent, *words, target_pid=os.getpid()) as run:
        run.until_phase("hold")
        text = Path(f"/proc/{run.pid}/timers").read_text()
        assert set(re.findall(r"signal: (\d+)", text)) == {str(int(signal.SIGALRM)), "9"}
        status = Path(f"/proc/{run.pid}/status").read_text()
        alarm = 1 << signal.SIGALRM - 1
        for key in ("SigBlk", "SigIgn", "SigCgt"):
            (mask,) = re.findall(rf"{key}:\t(\w+)", status)
            assert not int(mask, 16) & alarm


def test_a_load_that_was_moved_away_is_released_and_told(agent: Path) -> None:
    """Exit code 10 means that nothing was allocated."""
    words = (*LOAD, "--settle-ms", "0")
    with own_cgroup() as cgroup, cgroup.agent(agent, *words) as run:
        run.until_phase("hold")
        (cgroup.path.parent / "cgroup.procs").write_text(str(run.pid))

        assert run.until_type("error")["code"] == "not-a-member"
        assert run.until_type("bye")["reason"] == "parted"
        assert run.exit_code() == 26
