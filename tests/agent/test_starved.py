"""An agent that gets little CPU does less, says so, and still releases and says goodbye."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.agent.host import Agent, Line
from tests.agent.own_cgroup import OwnCgroup, own_cgroup

MIB = 1 << 20
HOLD = ("run", "mem", "--size-bytes", str(64 * MIB), "--duration-ms", "600000")


@contextmanager
def app(cgroup: OwnCgroup, processes: int, millicores: int) -> Iterator[Callable[[], None]]:
    """An app with so many processes inside, which all get busy at the call.

    They start before there is a quota and die after it: in one, both take long.
    """
    waiting, gate = os.pipe()
    script = ("/bin/sh", "-c", "read gate; while :; do :; done")
    started = [cgroup.start(*script, stdin=waiting) for _ in range(processes)]
    os.close(waiting)
    try:
        cgroup.quota(millicores)
        with os.fdopen(gate, "wb") as opening:
            yield opening.close
    finally:
        cgroup.lift_quota()
        for process in started:
            process.kill()
        for process in started:
            process.wait()


@contextmanager
def beating(run: Agent) -> Iterator[None]:
    over = threading.Event()

    def beat() -> None:
        with suppress(BrokenPipeError):  # it ends while we beat
            while not over.wait(1.0):
                run.send(b".")

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def listened(run: Agent, seconds: float) -> list[Line]:
    # Where nobody has read for a while, the pipe is full and lines are dropped: the first that
    # counts was written just now.
    lines = [run.read_until(lambda line: 1000 * time.time() - line["time_ms"] < 300)]
    while lines[-1]["elapsed_ms"] - lines[0]["elapsed_ms"] < 1000 * seconds:
        lines.append(run.next_line())
    return lines


def gaps_ms(lines: list[Line]) -> list[int]:
    times = [line["elapsed_ms"] for line in lines if line["type"] == "sample"]
    return [later - earlier for earlier, later in itertools.pairwise(times)]


@pytest.mark.parametrize(("millicores", "processes"), [(100, 16), (50, 16), (100, 64), (10, 2)])
def test_a_starved_run_goes_on_and_releases(agent: Path, millicores: int, processes: int) -> None:
    with (
        own_cgroup(256 * MIB) as cgroup,
        app(cgroup, processes, millicores) as get_busy,
        cgroup.agent(agent, *HOLD) as run,
        beating(
            run
        ),  # from the start: in 10m, to fill may take longer than the heartbeat's timeout
    ):
        run.until_phase("hold")
        get_busy()
        lines = listened(run, 10)
        sent = time.monotonic()
        run.send(b"stop\n")
        run.until_phase("release")
        released = time.monotonic() - sent
        bye = run.until_type("bye")
        ended = time.monotonic() - sent
        exit_code = run.exit_code(60)  # here: whoever leaves the block kills what still ends

    longest = max(gaps_ms(lines))
    print(
        f"longest gap {longest} ms, missed {bye['missed']}; after stop: release {released:.2f} s,"
    )
    print(f"bye {ended:.2f} s")
    assert (bye["reason"], exit_code) == ("stopped", 0)
    samples = [line for line in lines if line["type"] == "sample"]
    due = (samples[-1]["elapsed_ms"] - samples[0]["elapsed_ms"]) / 100
    missed = samples[-1]["missed"] - samples[0]["missed"]
    # The last one may itself have been written late, and what it missed comes with the next.
    assert abs(len(samples) - 1 + missed - due) <= 2 + longest / 100
    if millicores >= 100 and processes <= 16:
        assert longest < 2000
        assert released < 1


def test_many_workers_in_a_small_quota_starve_nobody(agent: Path) -> None:
    words = ("run", "cpu", "--load-percent", "100", "--cpu-workers", "64")
    with (
        own_cgroup(None, 10) as cgroup,
        cgroup.agent(agent, *words, "--duration-ms", "600000") as run,
        beating(run),
    ):
        run.until_phase("hold")
        listened(run, 20)
        run.send(b"stop\n")

        assert run.until_type("bye")["reason"] == "stopped"
        assert run.exit_code() == 0


def test_memory_is_back_soon_after_the_last_beat(agent: Path) -> None:
    with (
        own_cgroup(256 * MIB) as cgroup,
        app(cgroup, 16, 100) as get_busy,
        cgroup.agent(agent, *HOLD) as run,
    ):
        key = "anon" if cgroup.version == 2 else "total_rss"
        get_busy()
        run.send(b".")
        last = time.monotonic()
        bye = run.until_type("bye")
        took = time.monotonic() - last

        print(f"bye {took:.1f} s after the last beat")
        assert bye["reason"] == "heartbeat-lost"
        assert cgroup.stat(key) < 32 * MIB
        # Ten for the beat, and the rest for the quota: 10.6 to 17.7 s were seen.
        assert took < 40


def test_thousands_of_processes_starve_nobody(agent: Path) -> None:
    with own_cgroup() as cgroup:
        many = cgroup.start("/bin/sh", "-c", "for i in $(seq 1000); do sleep 1000 & done; wait")
        while len(cgroup.pids()) < 1000:
            time.sleep(0.2)
        cgroup.quota(10)
        with cgroup.agent(agent, *HOLD) as run, beating(run):
            run.until_phase("hold")
            listened(run, 15)
            run.send(b"stop\n")

            assert run.until_type("bye")["reason"] == "stopped"
            assert run.exit_code() == 0
        many.kill()
        many.wait()
