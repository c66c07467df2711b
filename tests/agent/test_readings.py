"""Readings from trees of cgroup files: both generations, gaps, and files that lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.agent.cgroup_files import V1, V2, tree
from tests.agent.host import Line, finished


def probe(agent: Path, root: Path) -> tuple[Line, Line]:
    arguments = ("--target-pid", str(os.getpid()), "--cgroup-root", str(root))
    end = finished(agent, "probe", *arguments)
    assert end.exit_code == 0, end.stderr
    assert [line["type"] for line in end.lines] == ["hello", "sample", "processes", "bye"]
    return end.lines[0], end.lines[1]


def test_version_2_is_read_whole(agent: Path, tmp_path: Path) -> None:
    hello, sample = probe(agent, tree(tmp_path, V2))

    assert (hello["cgroup_version"], hello["oom_group"]) == (2, True)
    assert sample["memory"] == {
        "usage_bytes": 4096,
        "peak_bytes": 8192,
        "limit_bytes": 134217728,
        "high_bytes": None,
        "swap_bytes": 0,
        "swap_limit_bytes": 0,
        "anon_bytes": 100,
        "file_bytes": 200,
        "inactive_file_bytes": 60,
        "shmem_bytes": 50,
        "kernel_bytes": 300,
        "pagetables_bytes": 40,
        "slab_bytes": 70,
        "max_events": 2,
        "high_events": 1,
        "oom": 3,
        "oom_kill": 4,
        "oom_group_kill": 5,
        "pressure_some_avg10_percent": 1.25,
        "pressure_full_avg10_percent": 0.07,
    }
    assert sample["cpu"] == {
        "usage_us": 12,
        "nr_periods": 3,
        "nr_throttled": 2,
        "throttled_us": 1,
        "limit_millicores": 1500,
    }
    assert sample["pids"] == {"current": 4, "limit": None}


def test_the_node_s_own_memory_stands_in_each_sample(agent: Path, tmp_path: Path) -> None:
    hello, sample = probe(agent, tree(tmp_path, V2))

    assert 0 < sample["node_available_bytes"] <= hello["node_total_bytes"]


def test_version_1_becomes_the_same_record(agent: Path, tmp_path: Path) -> None:
    hello, sample = probe(agent, tree(tmp_path, V1))
    memory = sample["memory"]

    assert (hello["cgroup_version"], hello["oom_group"]) == (1, None)
    assert [memory[key] for key in ("usage_bytes", "peak_bytes", "limit_bytes")] == [
        4096,
        8192,
        134217728,
    ]
    assert [memory[key] for key in ("anon_bytes", "file_bytes", "kernel_bytes")] == [100, 200, 300]
    assert (memory["swap_limit_bytes"], memory["oom_kill"], memory["max_events"]) == (0, 4, 2)
    absent = ("high_bytes", "oom", "oom_group_kill", "slab_bytes", "pressure_some_avg10_percent")
    assert [memory[key] for key in absent] == [None] * 5
    assert sample["cpu"]["usage_us"] == 12
    assert sample["cpu"]["throttled_us"] == 1
    assert sample["cpu"]["limit_millicores"] == 1500


def test_no_limit_on_version_1_is_null(agent: Path, tmp_path: Path) -> None:
    unlimited = {"memory/memory.limit_in_bytes": "9223372036854771712\n"}
    _, sample = probe(agent, tree(tmp_path, V1 | unlimited))

    assert sample["memory"]["limit_bytes"] is None


FROM_STAT = ("anon", "file", "inactive_file", "shmem", "kernel", "pagetables", "slab")
FROM_EVENTS = ("max_events", "high_events", "oom", "oom_kill", "oom_group_kill")
ABSENT_WITH = {
    "memory.current": {"usage_bytes"},
    "memory.peak": {"peak_bytes"},
    "memory.max": {"limit_bytes"},
    "memory.high": set(),  # there is none in the tree
    "memory.swap.current": {"swap_bytes"},
    "memory.swap.max": {"swap_limit_bytes"},
    "memory.stat": {f"{name}_bytes" for name in FROM_STAT},
    "memory.events": set(FROM_EVENTS),
    "memory.pressure": {"pressure_some_avg10_percent", "pressure_full_avg10_percent"},
    "cpu.stat": {"usage_us", "nr_periods", "nr_throttled", "throttled_us"},
    "cpu.max": {"limit_millicores"},
    "pids.current": {"current"},
    "pids.max": set(),
}
ALWAYS_NULL = {"high_bytes", "limit"}


def nulls(sample: Line) -> set[str]:
    values = sample["memory"] | sample["cpu"] | sample["pids"]
    return {key for key, value in values.items() if value is None}


@pytest.mark.parametrize("name", ABSENT_WITH)
def test_a_file_that_is_not_there_is_null_and_not_0(agent: Path, tmp_path: Path, name: str) -> None:
    _, sample = probe(agent, tree(tmp_path, {key: V2[key] for key in V2 if key != name}))

    assert nulls(sample) == ALWAYS_NULL | ABSENT_WITH[name]


def test_a_kernel_without_pressure_or_late_counters_gives_null(agent: Path, tmp_path: Path) -> None:
    # Linux 4.18 of RHEL 8: no PSI at boot, no memory.peak, no group kills, few keys in memory.stat.
    old = {key: V2[key] for key in V2 if key not in ("memory.pressure", "memory.peak")}
    few = {
        "memory.events": "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\n",
        "memory.stat": "anon 100\n",
    }
    _, sample = probe(agent, tree(tmp_path, old | few))

    expected = ABSENT_WITH["memory.pressure"] | ABSENT_WITH["memory.stat"]
    expected |= {"peak_bytes", "oom_group_kill"}
    assert nulls(sample) == ALWAYS_NULL | expected - {"anon_bytes"}


def test_a_cgroup_without_the_memory_controller_gives_null(agent: Path, tmp_path: Path) -> None:
    # As crun's sub-cgroup, where the controller is not handed on.
    hello, sample = probe(
        agent, tree(tmp_path, {key: V2[key] for key in V2 if not key.startswith("memory.")})
    )

    assert hello["cgroup_version"] == 2
    assert set(sample["memory"].values()) == {None}
    assert sample["cpu"]["usage_us"] == 12


def test_hybrid_mounts_are_read_as_version_1(agent: Path, tmp_path: Path) -> None:
    # systemd's hybrid layout: version 2 is mounted beside, without a controller.
    hybrid = {"unified/cgroup.controllers": "\n", "unified/cpu.stat": "usage_usec 99\n"}
    hello, sample = probe(agent, tree(tmp_path, V1 | hybrid))

    assert hello["cgroup_version"] == 1
    assert sample["memory"]["usage_bytes"] == 4096
    assert sample["cpu"]["usage_us"] == 12


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "-1\n",
        "99999999999999999999\n",
        "0x10\n",
        "12abc\n",
        " 5\n",
        "\0\xff\xfe",
        "9" * 9999,
    ],
    ids=["empty", "newline", "negative", "huge", "hex", "tail", "blank", "binary", "long"],
)
def test_a_file_that_lies_is_null(agent: Path, tmp_path: Path, text: str) -> None:
    lies = {name: text for name in V2 if name != "cgroup.controllers"}
    _, sample = probe(agent, tree(tmp_path, V2 | lies))

    values = [*sample["memory"].values(), *sample["cpu"].values(), *sample["pids"].values()]
    assert set(values) == {None}


def test_a_tree_without_cgroups_is_all_null(agent: Path, tmp_path: Path) -> None:
    hello, sample = probe(agent, tmp_path)

    assert hello["cgroup_version"] is None
    assert set(sample["memory"].values()) == {None}


def test_the_target_and_we_are_in_the_process_table(agent: Path, tmp_path: Path) -> None:
    arguments = ("--target-pid", str(os.getpid()), "--cgroup-root", str(tree(tmp_path, V2)))
    (processes,) = finished(agent, "probe", *arguments).of_type("processes")
    table = processes["processes"]

    assert [row["role"] for row in table].count("target") <= 1
    assert len(table) <= 50
    badness = [row["badness_bytes"] for row in table if row["badness_bytes"] is not None]
    assert badness == sorted(badness, reverse=True)


def test_a_container_is_found_by_the_id_in_its_cgroup(agent: Path) -> None:
    # ":/" is in every process' cgroup: the oldest process of all is then the first one's.
    everywhere = finished(agent, "probe", "--target-container", ":/")
    nowhere = finished(agent, "probe", "--target-container", "0123456789abcdef")

    assert everywhere.of_type("hello")[0]["target"]["pid"] == 1
    assert everywhere.of_type("hello")[0]["target"]["uid"] == Path("/proc/1").stat().st_uid
    assert nowhere.of_type("hello")[0]["target"]["pid"] is None
    assert nowhere.bye["reason"] == "target-gone"
