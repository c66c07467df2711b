"""Whose cgroup is whose: below the target's is inside, a monitor's is not the container's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agent.host import finished, wait_until
from tests.agent.own_cgroup import own_cgroup

MIB = 1 << 20
_CONTAINER = "8f3c" * 16
_LOAD = ("run", "mem", "--size-bytes", str(MIB), "--duration-ms", "100")


def test_a_load_below_the_target_s_cgroup_is_inside(agent: Path) -> None:
    # As CRI-O's exec: a child of the container's own cgroup.
    with own_cgroup() as cgroup:
        (cgroup.path / "exec").mkdir()
        with cgroup.agent(agent, *_LOAD, below="exec") as run:
            lines = run.rest()

    assert lines[0]["membership"]["cgroup"] == "inside"
    assert lines[-1]["reason"] == "duration"
    assert lines[-1]["held_max_bytes"] == MIB


def test_a_load_above_or_beside_the_target_s_cgroup_is_refused(agent: Path) -> None:
    with own_cgroup() as cgroup:
        for name in ("target", "beside"):
            (cgroup.path / name).mkdir()
        with cgroup.start("sleep", "1000", below="target") as target:
            cgroup.target_pid = target.pid
            for below in ("", "beside"):
                with cgroup.agent(agent, *_LOAD, below=below) as run:
                    lines = run.rest()
                assert lines[0]["membership"]["cgroup"] == "different"
                assert lines[-1]["reason"] == "not-a-member"
            target.kill()


@pytest.mark.parametrize("name", ["crio-conmon-{}.scope", "crio-conmon-{}", "libpod-conmon-{}"])
def test_the_monitor_of_a_container_is_not_its_first_process(agent: Path, name: str) -> None:
    with own_cgroup() as cgroup:
        for directory in (name.format(_CONTAINER), f"crio-{_CONTAINER}.scope"):
            (cgroup.path / directory).mkdir()
        monitor = cgroup.start("sleep", "1000", below=name.format(_CONTAINER))
        wait_until(lambda: _is_a_program(monitor.pid))
        first = cgroup.start("sleep", "1000", below=f"crio-{_CONTAINER}.scope")
        wait_until(lambda: _is_a_program(first.pid))
        hello = finished(agent, "probe", "--target-container", _CONTAINER).of_type("hello")[0]
        for process in (monitor, first):
            process.kill()
            process.wait()

    assert hello["target"]["pid"] == first.pid


def _is_a_program(pid: int) -> bool:
    return Path(f"/proc/{pid}/comm").read_text() == "sleep\n"
