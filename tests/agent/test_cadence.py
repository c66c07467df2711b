"""How often the agent reads the dearest of the target's files: the kernel adds it up each time."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.cgroup_files import V1, V2, tree
from tests.agent.host import Agent

_IN_ACCESS = 1
_NONBLOCK = 0o4000
_SECONDS = 3
_FILES = pytest.mark.parametrize(
    ("files", "folder", "usage"),
    [(V1, "memory/", "memory.usage_in_bytes"), (V2, "", "memory.current")],
    ids=["v1", "v2"],
)


def reads_of(path: Path, agent: Path, root: Path, each_tick: Callable[[int], None]) -> int:
    """Count the readings of a file, by inotify(7), while a probe goes on for some seconds."""
    libc = ctypes.CDLL(None, use_errno=True)
    notify = libc.inotify_init1(_NONBLOCK)
    assert libc.inotify_add_watch(notify, os.fsencode(path), _IN_ACCESS) > 0
    arguments = ("probe", "--duration-ms", "60000", "--cgroup-root", str(root))
    count = 0
    with Agent(agent, *arguments, target_pid=os.getpid()) as probe:
        probe.until_type("processes")
        _events(notify)
        start = time.monotonic()
        for tick in range(_SECONDS * 50):
            each_tick(tick)
            time.sleep(max(0.0, start + tick / 50 - time.monotonic()))
            count += _events(notify)  # soon enough: equal ones that nobody took become one
    os.close(notify)
    return count


def _events(notify: int) -> int:
    try:
        return len(os.read(notify, 4096)) // 16
    except BlockingIOError:
        return 0


@_FILES
def test_the_statistics_are_read_seldom_while_nothing_moves(
    agent: Path, tmp_path: Path, files: dict[str, str], folder: str, usage: str
) -> None:
    root = tree(tmp_path, files)
    count = reads_of(root / folder / "memory.stat", agent, root, lambda _: None)

    print(f"{count} readings in {_SECONDS} s")
    assert _SECONDS <= count <= 2 * _SECONDS + 2


@_FILES
def test_the_statistics_are_read_in_each_sample_while_usage_moves(
    agent: Path, tmp_path: Path, files: dict[str, str], folder: str, usage: str
) -> None:
    root = tree(tmp_path, files)

    def grow(tick: int) -> None:
        # Written in place: the agent keeps it open.
        with (root / folder / usage).open("r+") as file:
            file.write(f"{(1 + tick) << 20}\n")

    count = reads_of(root / folder / "memory.stat", agent, root, grow)

    print(f"{count} readings in {_SECONDS} s")
    assert count >= 5 * _SECONDS


@_FILES
def test_the_statistics_are_read_in_each_sample_near_the_limit(
    agent: Path, tmp_path: Path, files: dict[str, str], folder: str, usage: str
) -> None:
    root = tree(tmp_path, files | {folder + usage: f"{125 << 20}\n"})
    count = reads_of(root / folder / "memory.stat", agent, root, lambda _: None)

    print(f"{count} readings in {_SECONDS} s")
    assert count >= 5 * _SECONDS
