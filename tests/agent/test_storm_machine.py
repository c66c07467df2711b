"""Whatever dies first: the target's cgroup has its memory back, by the kernel's own books."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from tests.agent.container import MIB, Container
from tests.agent.guest import Guest
from tests.agent.kill_orders import Blow, kill_order
from tests.selection.sample import HOW_TO_REPEAT, SEED, size

pytestmark = pytest.mark.machine

WHOLE = 100
ORDERS = size(whole=WHOLE, sample=6)
AT_ONCE = 10
# Both sides are late by many seconds on an emulated machine that gets little CPU itself; a run's
# own watchdog is no shorter than this.
HEARTBEAT_MS = 20000
GRACE_SECONDS = 120.0  # a holder that was stopped is ended by the kernel after 17, a run after 23
# What tells why a process still lives: state and parent, what it waits for, its signals and timers.
_TELL_ALL = """for pid in {}; do
    cd /proc/$pid && tr '\\0' ' ' < cmdline && echo
    cat comm wchan && echo
    grep -E 'State|Pid|Sig|Shd' status
    cat timers syscall
    cat task/$pid/children && echo
done 2>&1; ps; true"""
_LOAD = f"run mem --workers 2 --size-bytes {4 * MIB} --duration-ms 600000"


def test_no_order_of_kills_leaves_memory_behind(
    guest: Guest, container: Callable[..., Container]
) -> None:
    target = container()
    anon_before = target.settled(lambda: target.anon_bytes)

    for first in range(0, ORDERS, AT_ONCE):
        _play(guest, target, range(first, min(first + AT_ONCE, ORDERS)))
        _wait_until_gone(target, "agent")

    print(
        f"kill orders on cgroup v{guest.cgroup_version}: planned {WHOLE}, ran {ORDERS} "
        f"({HOW_TO_REPEAT})"
    )
    assert target.settled(lambda: target.anon_bytes) == anon_before


def _play(guest: Guest, target: Container, numbers: range) -> None:
    """Play some orders at the same time; the targets that live on die at the end."""
    scripts = (_script(target, f"/tmp/{target.name}.{number}", number) for number in numbers)
    together = "\n".join(f"({script}) &" for script in scripts)
    assert guest.run(f"{together}\nwait", timeout_seconds=600) == "", "not set up"
    _wait_until_gone(target, " run ")
    guest.run(f"kill -9 $(cat /tmp/{target.name}.*.outside); rm /tmp/{target.name}.*; true")


def _script(target: Container, path: str, number: int) -> str:
    """Set up a scene like that of the storm on this machine, and strike."""
    choice = random.Random(f"{SEED}.{number}")
    blows = "\n".join(_blow(blow, choice) for blow in kill_order(choice))
    here = "--target-pid $target"
    return f"""
        mkfifo {path}.in
        ({target.enter()}; exec sleep 1000) & target=$!
        until grep -q {target.name} /proc/$target/cgroup; do usleep 10000; done
        ({target.enter()}; exec /agent hold {here} < /dev/null > {path}.hold) & holder=$!
        (while printf .; do usleep 200000; done > {path}.in 2> /dev/null) & client=$!
        echo $target $client > {path}.outside
        ({target.enter()}; exec /agent {_LOAD} --heartbeat-timeout-ms {HEARTBEAT_MS} {here} \
            --holder-pid $holder < {path}.in > {path}.run) & supervisor=$!
        # A worker that is stopped before it has bound itself to its supervisor stays for good.
        for turn in $(seq 1200); do
            set -- $(cat /proc/$supervisor/task/$supervisor/children)
            [ -s {path}.hold ] && grep -q agent-worker /proc/$1/comm \
                && grep -q agent-worker /proc/$2/comm && is_set_up=yes && break
            usleep 50000
        done 2> /dev/null
        [ $is_set_up ] || {{ echo scene {number}; cat {path}.hold; tail -n 2 {path}.run; exit 1; }}
        {blows}
    """


def _blow(blow: Blow, choice: random.Random) -> str:
    pid = f"${choice.randint(1, 2)}" if blow.victim == "worker" else f"${blow.victim}"
    return f"kill -{blow.signal} {pid} 2> /dev/null; usleep {int(blow.pause_seconds * 1e6)}"


def _wait_until_gone(target: Container, word: str) -> None:
    deadline = time.monotonic() + GRACE_SECONDS
    while left := [pid for pid, command in _commands(target).items() if word in command]:
        if time.monotonic() > deadline:
            pytest.fail("left behind:\n" + target.guest.run(_TELL_ALL.format(" ".join(left))))
        time.sleep(0.5)


def _commands(target: Container) -> dict[str, str]:
    """The command lines of all processes in the cgroup, by their pid."""
    show = "echo $pid $(tr '\\0' ' ' < /proc/$pid/cmdline)"
    text = target.guest.run(
        f"for pid in $(cat {target.memory}/cgroup.procs); do {show}; done 2> /dev/null; true"
    )
    return dict(line.partition(" ")[::2] for line in text.splitlines())
