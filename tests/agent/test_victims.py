"""The process table: whom it holds, whom it leaves out, and how little is read for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.agent.cgroup_files import V1, V2, tree
from tests.agent.host import Agent, Line, bystander, finished, wait_until
from tests.agent.own_cgroup import OwnCgroup, own_cgroup

MIB = 1 << 20
_LIFE = ("--duration-ms", "60000", "--heartbeat-timeout-ms", "60000")
_LARGER = "exec 3< <(exec sleep 1000); for i in $(seq {count}); do (read -u 3 nothing) & done; wait"


@pytest.mark.parametrize(("files", "folder"), [(V1, "memory/"), (V2, "")], ids=["v1", "v2"])
def test_the_target_s_cgroup_names_the_processes(
    agent: Path, tmp_path: Path, files: dict[str, str], folder: str
) -> None:
    with bystander() as target, bystander() as inside, bystander() as below, bystander() as outside:
        # A process of another PID namespace stands there as 0.
        lists = {
            f"{folder}cgroup.procs": f"0\n{target.pid}\n0\n{inside.pid}\n",
            f"{folder}app.slice/cgroup.procs": "",
            f"{folder}app.slice/web.service/cgroup.procs": f"{below.pid}\n",
        }
        root = tree(tmp_path, files | lists)
        end = finished(agent, "probe", "--target-pid", str(target.pid), "--cgroup-root", str(root))

    pids = {row["pid"]: row["role"] for row in rows(end.of_type("processes"))}
    own = end.of_type("hello")[0]["pid"]
    assert pids == {target.pid: "target", inside.pid: "other", below.pid: "other", own: "holder"}
    assert outside.pid not in pids


def test_a_list_of_processes_may_be_longer_than_one_reading(agent: Path, tmp_path: Path) -> None:
    with bystander() as target, bystander() as last:
        listed = "0\n" * 2047 + f"{target.pid}\n" + "0\n" * 5000 + f"{last.pid}\n"
        root = tree(tmp_path, V2 | {"cgroup.procs": listed})
        end = finished(agent, "probe", "--target-pid", str(target.pid), "--cgroup-root", str(root))

    assert {target.pid, last.pid} <= {row["pid"] for row in rows(end.of_type("processes"))}


def test_the_target_and_the_load_are_in_whatever_is_larger(agent: Path) -> None:
    arguments = ("run", "mem", "--size-bytes", str(MIB), "--workers", "4")
    with own_cgroup() as cgroup, crowd(cgroup, 70):
        with cgroup.agent(agent, *arguments, *_LIFE) as run:
            run.until_phase("hold")
            table = a_set(run)

    roles = [row["role"] for row in table]
    assert (roles.count("target"), roles.count("load"), roles.count("other")) == (1, 5, 50)


@pytest.mark.parametrize("where", ["inside", "beside"])
def test_of_many_processes_few_are_read_each_second(agent: Path, where: str) -> None:
    with own_cgroup() as cgroup, own_cgroup() as beside:
        with crowd(cgroup if where == "inside" else beside, 400):
            with cgroup.agent(agent, "probe", *_LIFE) as probe:
                a_set(probe)
                before, started = reads(probe.pid), time.monotonic()
                time.sleep(4)
                a_second = (reads(probe.pid) - before) / (time.monotonic() - started)

    print(f"400 processes {where}: {a_second:.0f} reads a second")
    assert a_second < 200


def test_of_many_processes_each_has_its_turn(agent: Path) -> None:
    with own_cgroup() as cgroup, crowd(cgroup, 100), cgroup.agent(agent, "probe", *_LIFE) as probe:
        a_set(probe)
        grown = cgroup.start("python3", "-c", "import time; x = b'1' * (64 << 20); time.sleep(999)")
        # A newcomer is found within three turns, and then seen to be what it is.
        tables = [a_set(probe) for _ in range(5)]
        grown.kill()
        grown.wait()

    assert [row["role"] for row in tables[-1] if row["pid"] == grown.pid] == ["other"]
    assert tables[-1][0]["pid"] == grown.pid


@contextmanager
def crowd(cgroup: OwnCgroup, count: int) -> Iterator[None]:
    """Have so many processes inside that are larger than the agent and the target."""
    with cgroup.start("bash", "-c", _LARGER.format(count=count)):
        try:
            wait_until(lambda: len(cgroup.pids()) >= count + 2, 60)
            yield
        finally:
            cgroup.end_all()


def rows(lines: list[Line]) -> list[Line]:
    return [row for line in lines for row in line["processes"]]


def a_set(agent: Agent) -> list[Line]:
    """The rows of all parts of the next set."""
    parts = [agent.until_type("processes")]
    while not parts[-1]["last"]:
        parts.append(agent.until_type("processes"))
    assert [line["part"] for line in parts] == list(range(1, len(parts) + 1))
    assert len({line["set"] for line in parts}) == 1
    return rows(parts)


def reads(pid: int) -> int:
    """How often a process has called read() or its kin."""
    text = Path(f"/proc/{pid}/io").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("syscr:")))
