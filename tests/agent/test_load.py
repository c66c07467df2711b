"""The shape of a load over time, and what the kernel's refusals are called."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path

import pytest

from tests.agent.host import Agent, Line, finished, two_cpus, wait_until

MIB = 1 << 20


def here() -> tuple[str, str]:
    return "--target-pid", str(os.getpid())


def mem(*arguments: str) -> tuple[str, ...]:
    return ("run", "mem", *arguments)


def test_a_ramp_is_linear(agent: Path) -> None:
    arguments = ("--size-bytes", str(64 * MIB), "--ramp-ms", "1000", "--duration-ms", "100")
    end = finished(agent, *mem(*arguments, "--sample-interval-ms", "50"), *here())

    ramp = [line for line in end.of_type("sample") if line["phase"] == "ramp"]
    times_ms = [line["elapsed_ms"] for line in ramp]
    passed_ms = [1000 * line["load"]["size_bytes"] / (64 * MIB) for line in ramp]
    # A size was reckoned between the sample before and its own: each tells when the ramp began, and
    # on a straight line all tell the same, however late a busy machine is.
    earliest = max(at - passed for at, passed in zip(times_ms, passed_ms[1:], strict=False))
    latest = min(at - passed for at, passed in zip(times_ms, passed_ms, strict=True))
    assert len(ramp) >= 5
    assert earliest <= latest + 1
    assert all(line["load"]["held_bytes"] <= line["load"]["size_bytes"] + 4096 for line in ramp)


def test_steps_are_held_one_after_another(agent: Path) -> None:
    steps = f"{2 * MIB},{4 * MIB},{8 * MIB}"
    arguments = ("--size-bytes", str(8 * MIB), "--steps-bytes", steps, "--step-hold-ms", "200")
    end = finished(agent, *mem(*arguments, "--duration-ms", "300"), *here())

    holds = [line for line in end.of_type("phase") if line["phase"] == "hold"]
    assert [line["held_bytes"] for line in holds] == [2 * MIB, 4 * MIB, 8 * MIB]
    assert [line["step"] for line in holds] == [1, 2, 3]
    assert holds[1]["elapsed_ms"] - holds[0]["elapsed_ms"] >= 200


def test_a_size_that_ends_the_steps_is_held_for_the_whole_duration(agent: Path) -> None:
    steps = ("--steps-bytes", f"{MIB},{2 * MIB}", "--step-hold-ms", "500")
    arguments = ("--size-bytes", str(8 * MIB), *steps, "--duration-ms", "1000")
    with Agent(agent, *mem(*arguments), *here()) as run:
        run.until_phase("hold")
        run.send(f"size {4 * MIB}\n".encode())
        ramp, hold = run.until_phase("ramp"), run.until_phase("hold")
        bye = run.until_type("bye")

    assert (ramp["step"], hold["step"], hold["held_bytes"]) == (3, 3, 4 * MIB)
    assert bye["elapsed_ms"] - hold["elapsed_ms"] >= 1000


def test_workers_share_the_size_to_the_page(agent: Path) -> None:
    size = 7 * 4096
    arguments = ("--size-bytes", str(size), "--workers", "3", "--duration-ms", "100")
    end = finished(agent, *mem(*arguments), *here())

    assert end.bye["held_max_bytes"] == size


def test_the_size_can_be_changed_both_ways(agent: Path) -> None:
    arguments = ("--size-bytes", str(8 * MIB), "--duration-ms", "600000")
    with Agent(agent, *mem(*arguments, "--workers", "3"), *here()) as run:
        run.until_phase("hold")
        for size in (24 * MIB, 4096, 0, 3 * MIB):
            run.send(f"size {size}\n".encode())
            while _held(run.until_type("sample")) != size:
                pass


def test_dirty_pages_are_rewritten_at_the_rate(agent: Path) -> None:
    size, rate = 16 * MIB, 4 * MIB
    arguments = ("--size-bytes", str(size), "--dirty-bytes-per-s", str(rate))
    with Agent(agent, *mem(*arguments, "--duration-ms", "600000"), *here()) as run:
        run.until_phase("hold")
        (worker,) = run.workers()
        start = time.monotonic()
        before = _pages(worker, size)
        time.sleep(1.5)
        after = _pages(worker, size)
        seconds = time.monotonic() - start

    rewritten = 4096 * _changed(before, after)
    # A worker that was kept waiting catches up with a second's worth at most.
    assert 0.1 * rate <= rewritten <= rate * (seconds + 1)
    assert len(set(after)) == size // 4096


def test_a_rate_of_less_than_a_page_a_second_is_kept(agent: Path) -> None:
    size, rate, workers = 64 * 16 * 4096, 64 * 2048, 64
    arguments = ("--size-bytes", str(size), "--dirty-bytes-per-s", str(rate))
    life = ("--duration-ms", "600000", "--workers", str(workers))
    with Agent(agent, *mem(*arguments, *life), *here()) as run:
        run.until_phase("hold")
        before = [_pages(worker, size // workers) for worker in run.workers()]
        start = time.monotonic()
        time.sleep(6)
        after = [_pages(worker, size // workers) for worker in run.workers()]
        seconds = time.monotonic() - start

    rewritten = [_changed(*both) for both in zip(before, after, strict=True)]
    print(f"{sum(rewritten)} pages in {seconds:.1f} s, at a page in two seconds for each of 64")
    assert min(rewritten) >= 1
    assert 0.5 * rate * 6 <= 4096 * sum(rewritten) <= rate * (seconds + 1) + 4096 * workers


def test_dirty_pages_are_all_reached(agent: Path) -> None:
    arguments = ("--size-bytes", str(MIB), "--dirty-bytes-per-s", str(64 * MIB))
    with Agent(agent, *mem(*arguments, "--duration-ms", "600000"), *here()) as run:
        run.until_phase("hold")
        (worker,) = run.workers()
        before = _pages(worker, MIB)

        wait_until(lambda: not set(before) & set(_pages(worker, MIB)))


def test_every_page_differs_also_between_workers(agent: Path) -> None:
    arguments = ("--size-bytes", str(2 * MIB), "--workers", "2", "--duration-ms", "600000")
    with Agent(agent, *mem(*arguments), *here()) as run:
        run.until_phase("hold")
        pages = [page for worker in run.workers() for page in _pages(worker, MIB)]

    assert len(set(pages)) == 2 * MIB // 4096
    assert bytes(4096) not in pages


@pytest.mark.parametrize(
    ("limit", "code"), [(resource.RLIMIT_AS, "rlimit-as"), (resource.RLIMIT_DATA, "rlimit-data")]
)
def test_a_limit_of_the_process_is_told_as_that(agent: Path, limit: int, code: str) -> None:
    if "sanitized" in str(agent):
        pytest.skip("the sanitizer needs terabytes of address space itself")

    def lower() -> None:
        resource.setrlimit(limit, (32 * MIB, 32 * MIB))

    arguments = ("--size-bytes", str(64 * MIB), "--duration-ms", "1000")
    with Agent(agent, *mem(*arguments), *here(), preexec_fn=lower) as run:
        error = run.until_type("error")

        assert error["code"] == code
        assert run.until_type("bye")["reason"] == "no-memory"
        assert run.exit_code() == 11


def test_a_load_of_the_cpu_keeps_to_its_share(agent: Path) -> None:
    arguments = ("--load-percent", "20", "--cpu-workers", "2", "--duration-ms", "3000")
    end = finished(agent, "run", "cpu", *arguments, *here())

    used_us = end.of_type("sample")[-1]["cpu_load"]["used_us"]
    # Never more than a fifth of two CPUs for three seconds, and the debt that may be made up for; a
    # busy machine gives less. How near it comes is in the benchmark.
    seconds = end.bye["elapsed_ms"] / 1000
    print(f"used {used_us / 1e4 / seconds:.1f} % of a CPU, asked for 40 %")
    assert 0 < used_us <= 1e6 * (0.4 * seconds + 0.3)
    assert end.bye["reason"] == "duration"


def test_a_load_of_the_cpu_can_be_changed_and_rests_at_0(agent: Path) -> None:
    arguments = ("--load-percent", "50", "--duration-ms", "600000")
    with Agent(agent, "run", "cpu", *arguments, *here()) as run:
        run.until_phase("hold")
        run.send(b"load 0\n")
        run.read_until(lambda line: line["type"] == "sample" and _percent(line) == 0)
        (worker,) = run.workers()
        wait_until(lambda: _rests(worker))
        before = _cpu_ns(worker)
        time.sleep(1)

        assert _cpu_ns(worker) == before


@two_cpus
def test_a_killed_worker_leaves_the_others_their_share_of_the_cpu(agent: Path) -> None:
    arguments = ("--load-percent", "5", "--cpu-workers", "2", "--duration-ms", "600000")
    with Agent(agent, "run", "cpu", *arguments, *here()) as run:
        run.until_phase("hold")
        os.kill(run.workers()[0], signal.SIGKILL)
        run.until_type("worker-killed")
        sample = run.read_until(lambda line: line["type"] == "sample" and _workers(line) == 1)

        assert _percent(sample) == 5


def test_the_oom_score_adj_can_be_raised(agent: Path) -> None:
    arguments = ("--size-bytes", "4096", "--duration-ms", "600000", "--oom-score-adj", "700")
    with Agent(agent, *mem(*arguments), *here()) as run:
        run.until_phase("hold")
        found = [Path(f"/proc/{pid}/oom_score_adj").read_text() for pid in run.workers()]

    assert found == ["700\n"]


def _pages(worker: int, size_bytes: int) -> list[bytes]:
    """The content of a load, page by page."""
    maps = map(str.split, Path(f"/proc/{worker}/maps").read_text().splitlines())
    # The program's own text may be as large.
    writable = [place for place, rights, *_ in maps if rights.startswith("rw")]
    ranges = [tuple(int(end, 16) for end in place.split("-")) for place in writable]
    start = next(low for low, high in ranges if high - low == size_bytes)
    with Path(f"/proc/{worker}/mem").open("rb") as memory:
        memory.seek(start)
        return [memory.read(4096) for _ in range(0, size_bytes, 4096)]


def _changed(before: list[bytes], after: list[bytes]) -> int:
    return sum(old != new for old, new in zip(before, after, strict=True))


def _rests(worker: int) -> bool:
    before = _cpu_ns(worker)
    time.sleep(0.1)
    return _cpu_ns(worker) == before


def _held(line: Line) -> object:
    return line["load"]["held_bytes"]


def _workers(line: Line) -> object:
    return line["cpu_load"]["workers"]


def _percent(line: Line) -> object:
    return line["cpu_load"]["load_percent"]


def _cpu_ns(pid: int) -> int:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
