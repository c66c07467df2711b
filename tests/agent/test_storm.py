"""Whatever dies first: no agent stays behind. The orders are random; the seed is printed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.agent.conftest import IMAGE
from tests.agent.host import description, is_alive
from tests.agent.kill_orders import kill_order
from tests.selection.sample import HOW_TO_REPEAT, SEED, size

ORDERS = size(whole=1000, sample=100)
FAULTY = Path("build", "faulty", "agent")
AT_ONCE = 34  # most of the time they wait for the kernel's timers
GRACE_SECONDS = 60.0  # the kernel ends a stopped holder after 16
HEARTBEAT_MS = 5000  # clients on a machine without a free CPU are seconds late
SET_UP_SECONDS = 60.0


@dataclass
class Scene:
    """All that stands around one load."""

    client: subprocess.Popen[bytes]
    supervisor: subprocess.Popen[bytes]
    workers: list[int]
    holder: subprocess.Popen[bytes]
    target: subprocess.Popen[bytes]

    def pids_of(self, victim: str, choice: random.Random) -> int:
        if victim == "worker":
            return choice.choice(self.workers)
        process = getattr(self, victim)
        assert isinstance(process, subprocess.Popen)
        return process.pid

    def left(self) -> list[int]:
        """Agents that should be gone: the holder only where its target is."""
        pids = [self.supervisor.pid, *self.workers]
        if not is_alive(self.target.pid):
            pids.append(self.holder.pid)
        for process in (self.supervisor, self.holder, self.target, self.client):
            process.poll()
        return [pid for pid in pids if is_alive(pid)]


def test_no_order_of_kills_leaves_an_agent_behind(agent: Path) -> None:
    failures = storm(agent, ORDERS, SEED)

    print(f"kill orders: planned 1000, ran {ORDERS}, failed {len(failures)} ({HOW_TO_REPEAT})")
    assert failures == []


def test_the_storm_finds_a_build_without_the_heartbeat() -> None:
    subprocess.run(["make", "--quiet", "-C", str(IMAGE), str(FAULTY)], check=True)

    assert storm(IMAGE / FAULTY, 200, SEED, grace_seconds=20, stop_at_once=True)


def storm(
    agent: Path,
    count: int,
    seed: int,
    *,
    grace_seconds: float = GRACE_SECONDS,
    stop_at_once: bool = False,
) -> list[str]:
    """Play `count` orders, and tell of each that left something behind."""
    failures = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        orders = (f"{seed}.{number}" for number in range(count))
        for failure in pool.map(lambda order: _play(agent, order, grace_seconds), orders):
            failures += [failure] if failure else []
            if failures and stop_at_once:
                pool.shutdown(cancel_futures=True)
                break
    return failures


def _play(agent: Path, seed: str, grace_seconds: float) -> str:
    choice = random.Random(seed)
    order = kill_order(choice)
    with ExitStack() as stack:
        scene = _set_up(agent, stack)
        for blow in order:
            with suppress(ProcessLookupError):
                number = signal.Signals[f"SIG{blow.signal}"]
                os.kill(scene.pids_of(blow.victim, choice), number)
            time.sleep(blow.pause_seconds)
        deadline = time.monotonic() + grace_seconds
        while (left := scene.left()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return "\n".join([f"{seed} {order}", *map(description, left)]) if left else ""


def _set_up(agent: Path, stack: ExitStack) -> Scene:
    def start(*argv: str, **streams: int) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(argv, **streams)  # type: ignore[call-overload]
        stack.callback(process.wait)
        stack.callback(process.kill)
        assert isinstance(process, subprocess.Popen)
        return process

    target = start("sleep", "1000")
    here = ("--target-pid", str(target.pid))
    holder = start(str(agent), "hold", *here, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    stack.callback(holder.stdout.close)
    assert holder.stdout.readline()  # its hello: a stop within its first millisecond is too early
    reading, writing = os.pipe()
    never = _pipe_without_writes(stack)
    beat = "while printf .; do read -r -t 0.2 nothing; done"  # in one process
    client = start("bash", "-c", beat, stdin=never, stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    size = ("--size-bytes", str(4 << 20), "--workers", "2", "--duration-ms", "600000")
    life = ("--heartbeat-timeout-ms", str(HEARTBEAT_MS), "--holder-pid", str(holder.pid))
    supervisor = start(
        str(agent), "run", "mem", *size, *life, *here, stdin=reading, stdout=subprocess.DEVNULL
    )
    os.close(reading)
    workers = _workers_of(supervisor)
    stack.callback(_kill_all, workers)
    return Scene(client, supervisor, workers, holder, target)


def _pipe_without_writes(stack: ExitStack) -> int:
    reading, writing = os.pipe()
    stack.callback(os.close, reading)
    stack.callback(os.close, writing)
    return reading


def _workers_of(supervisor: subprocess.Popen[bytes]) -> list[int]:
    """Wait for both workers."""
    children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children")
    found: list[int] = []
    deadline = time.monotonic() + SET_UP_SECONDS
    while len(found) < 2 and time.monotonic() < deadline and supervisor.poll() is None:
        time.sleep(0.01)
        with suppress(OSError):
            found = [int(child) for child in children.read_text().split() if _is_set_up(child)]
    assert len(found) == 2, f"the load did not start: exit code {supervisor.poll()}"
    return found


def _is_set_up(worker: str) -> bool:
    """True once it is bound to its supervisor: a stop within its first millisecond is too early."""
    return Path(f"/proc/{worker}/comm").read_text() == "agent-worker\n"


def _kill_all(pids: list[int]) -> None:
    for pid in pids:
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)
