"""Cgroup layouts that containers make for themselves, and memory.high, in real kernels."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.agent.container import MIB, Container
from tests.agent.guest import Guest

pytestmark = pytest.mark.machine

MakeContainer = Callable[..., Container]
_SOURCE = Path(__file__).parent / "cgroup_namespace.c"
_LIMIT = 64 * MIB
_LOAD = f"run mem --size-bytes {4 * MIB} --duration-ms 300"


@pytest.fixture
def namespaces(guest: Guest, tmp_path: Path) -> str:
    """A command of the machine that makes and enters cgroup namespaces."""
    built = tmp_path / "cgroup_namespace"
    target = ("-target", "x86_64-linux-musl", "-Os", "-static", "-s")
    compiler = (sys.executable, "-m", "ziglang", "cc", *target)
    subprocess.run([*compiler, str(_SOURCE), "-o", str(built)], check=True)
    text = base64.b64encode(built.read_bytes()).decode()
    guest.run(f"echo {text} | base64 -d > /namespaces; chmod +x /namespaces")
    return "/namespaces"


def private(target: Container, command: str, *, child: str) -> str:
    """Give the target a cgroup namespace of its own, whose root is the container's cgroup.

    Its init moves itself into `child`. Returns the command that joins these namespaces, as an
    exec into the container does.
    """
    v1 = target.guest.cgroup_version == 1
    mount = ":" if v1 else "umount /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup"
    move = (
        f"mkdir -p {target.memory}/{child}" if v1 else f"{mount}; mkdir -p /sys/fs/cgroup/{child}"
    )
    root = target.memory if v1 else "/sys/fs/cgroup"
    init = f"{move}; echo 0 > {root}/{child}/cgroup.procs; exec sleep 100000"
    script = (
        f"kill {target.target_pid}\n"
        f"({target.enter()}; exec {command} new unshare -m sh -c '{init}') > /dev/null 2>&1 &\n"
        "echo $!"
    )
    target.target_pid = int(target.guest.run(script))
    target.guest.run(f"while ! grep -q sleep /proc/{target.target_pid}/comm; do usleep 20000; done")
    pid = target.target_pid
    return f"{command} {pid} nsenter -t {pid} -m /agent"


def outcome(target: Container, *, before: str = ":", command: str = "/agent") -> tuple[Any, ...]:
    """Where a load finds itself, why it ended, and the limit that it saw."""
    run = target.run(_LOAD, before=before, command=command)
    bye = run.wait_for_end()
    (hello,) = run.of_type("hello")
    limits = {line["memory"]["limit_bytes"] for line in run.of_type("sample")}
    return hello["membership"]["cgroup"], bye["reason"], *limits


def test_an_init_in_a_child_of_its_container_has_the_load_above(
    guest: Guest, container: MakeContainer, namespaces: str
) -> None:
    # systemd in a container whose cgroups are writable; an exec lands in the container's own.
    target = container(_LIMIT)
    entered = private(target, namespaces, child="init.scope")

    found = outcome(target, command=entered)
    from_the_host = outcome(target)
    guest.run(f"kill -9 {target.target_pid}; sleep 0.2; rmdir {target.memory}/init.scope")

    expected = ("above", "duration", _LIMIT) if guest.cgroup_version == 2 else None
    assert found == (expected or ("different", "not-a-member"))
    # In the machine's own namespace the same path could be a pod's, or the machine itself.
    assert from_the_host == ("different", "not-a-member")


def test_a_root_without_a_limit_is_not_taken_for_a_container_s(
    guest: Guest, container: MakeContainer, namespaces: str
) -> None:
    target = container()
    entered = private(target, namespaces, child="init.scope")

    found = outcome(target, command=entered)
    guest.run(f"kill -9 {target.target_pid}; sleep 0.2; rmdir {target.memory}/init.scope")

    assert found == ("different", "not-a-member")


@pytest.mark.parametrize("sees", ["its own tree", "the machine's tree"])
def test_a_load_in_a_child_of_the_container_s_cgroup_is_inside(
    guest: Guest, container: MakeContainer, namespaces: str, sees: str
) -> None:
    target = container(_LIMIT)
    entered = private(target, namespaces, child=".") if sees == "its own tree" else "/agent"
    below = f"{target.memory}/exec"

    guest.run(f"mkdir {below}")
    found = outcome(target, before=f"echo 0 > {below}/cgroup.procs", command=entered)
    guest.run(f"rmdir {below}")

    if guest.cgroup_version == 1 and sees == "its own tree":
        assert found == ("different", "not-a-member")  # its root could be the machine's
    else:
        assert found == ("inside", "duration", _LIMIT)


@pytest.mark.only_cgroup(2)
def test_memory_high_is_neared_in_small_steps_and_nothing_is_scanned_above_it(
    guest: Guest, container: MakeContainer
) -> None:
    target = container(256 * MIB)
    high = 64 * MIB
    guest.run(f"echo {high} > {target.memory}/memory.high")
    life = "--duration-ms 3000 --sample-interval-ms 5000"
    run = target.run(f"run mem --size-bytes {80 * MIB} --deadline-ms 25000 {life}")
    run.wait_for_end()

    lines = run.lines()
    near = [
        line["load"]["held_bytes"]
        for line in lines
        if line["type"] == "sample" and line["memory"]["usage_bytes"] >= 0.95 * high
    ]
    steps = [after - before for before, after in pairwise(near)]
    over = [line for line in lines if line["type"] == "sample"]
    over_high = [line for line in over if line["memory"]["usage_bytes"] > high]
    print(f"{len(steps)} steps near high, the largest {max(steps, default=0)} bytes")
    assert len(steps) >= 8
    assert max(steps) <= high / 200
    first = lines.index(over_high[0]) if over_high else len(lines)
    last = lines.index(over_high[-1]) if over_high else len(lines)
    assert [line for line in lines[first:last] if line["type"] == "processes"] == []
