"""A load that is held for long and changed all the while takes no more at its end than at first."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.agent.container import KIB, MIB, Container, Run
from tests.agent.guest import Guest
from tests.selection.sample import HOW_TO_REPEAT, SEED, sampled, size

pytestmark = pytest.mark.machine

SECONDS = size(whole=int(os.environ.get("KUBECTL_STRESS_SOAK_SECONDS", "900")), sample=6)
LIMIT = 512 * MIB
START = 64 * MIB
LARGEST = 256 * MIB
_LIFE = f"--duration-ms {(SECONDS + 600) * 1000} --heartbeat-timeout-ms 600000"


@dataclass(frozen=True)
class Books:
    """What the kernel has written down about the load."""

    held_bytes: int
    processes: tuple[int, ...]
    open_files: tuple[int, ...]


@pytest.mark.parametrize("kind", sampled(["anon", "shm"], 1))
def test_a_long_hold_with_changes_ends_where_it_began(
    guest: Guest, container: Callable[..., Container], kind: str
) -> None:
    target = container(LIMIT)
    empty = target.settled(lambda: target.load_bytes)
    arguments = f"--workers 2 --kind {kind} --dirty-bytes-per-s {4 * MIB}"
    run = target.run(f"run mem --size-bytes {START} {arguments} {_LIFE}")
    run.wait_for_phase("hold")
    first = _books(target, run)

    changes = _change_for(run, SECONDS, random.Random(SEED))
    _resize(run, START)
    last = _books(target, run)
    run.send("stop\\n")
    bye = run.wait_for_end()
    left = target.settled(lambda: target.load_bytes)

    print(
        f"soak of {kind} on cgroup v{guest.cgroup_version}: {SECONDS} s, {changes} changes of "
        f"size, memory {first.held_bytes} → {last.held_bytes} bytes, left {left - empty} "
        f"({HOW_TO_REPEAT})"
    )
    assert changes > 0
    assert (last.processes, last.open_files) == (first.processes, first.open_files)
    # A page or two of the supervisor's own were touched for the first time on the way.
    assert abs(last.held_bytes - first.held_bytes) <= 16 * KIB
    assert (bye["reason"], left) == ("stopped", empty)


def _change_for(run: Run, seconds: float, choice: random.Random) -> int:
    """Change the size up and down until the time is over; return how often."""
    changes = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        _resize(run, choice.randrange(0, LARGEST // 4096) * 4096)
        time.sleep(choice.random())
        changes += 1
    return changes


def _resize(run: Run, size_bytes: int) -> None:
    run.send(f"size {size_bytes}\\n")
    deadline = time.monotonic() + 60
    while (held := run.held_bytes()) != size_bytes:
        assert time.monotonic() < deadline, f"held {held} of {size_bytes}"
        time.sleep(0.1)


def _books(target: Container, run: Run) -> Books:
    return Books(
        held_bytes=target.settled(lambda: target.load_bytes),
        processes=tuple(sorted(target.pids())),
        open_files=tuple(min(counts) for counts in zip(*_open_files(run), strict=True)),
    )


def _open_files(run: Run) -> Iterator[list[int]]:
    """Counts of each process, ten times: the supervisor opens more for moments, to read them."""
    pids = " ".join(map(str, run.tree()))
    # One that is closed between the listing and the look at it is a complaint of ls, not a count.
    count_all = f"for pid in {pids}; do ls /proc/$pid/fd 2> /dev/null | wc -l; done"
    for _ in range(10):
        counts = run.container.guest.run(count_all)
        yield [int(count) for count in counts.split()]
