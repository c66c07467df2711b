"""Readings from trees of cgroup files: both generations, gaps, and files that lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.agent.cgroup_files import V1, V2, tree
from tests.agent.host import Line, finished


def probe(agent: Path, root: Path, *more: str) -> tuple[Line, Line]:
    arguments = ("--target-pid", str(os.getpid()), "--cgroup-root", str(root), *more)
    end = finished(agent, "probe", *arguments)
    assert end.exit_code == 0, end.stderr
    kinds = dict.fromkeys(line["type"] for line in end.lines)  # processes in several parts
    assert list(kinds) == ["hello", "sample", "processes", "bye"]
    return end.lines[0], end.lines[1]


def test_version_2_is_read_whole(agent: Path, tmp_path: Path) -> None:
    hello, sample = probe(agent, tree(tmp_path, V2))

    assert (hello["cgroup_version"], hello["oom_group"]) == (2, True)
    assert sample["memory"] == {
        "usage_bytes": 4096,
        "peak_bytes": 8192,
        "limit_bytes": 134217728,
        "effective_limit_bytes": 134217728,
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
        "pressure_some_us": 9000,
        "pressure_full_us": 8000,
    }
    assert sample["cpu"] == {
        "usage_us": 12,
        "nr_periods": 3,
        "nr_throttled": 2,
        "throttled_us": 1,
        "limit_millicores": 1500,
        "pressure_some_avg10_percent": 12.5,
        "pressure_full_avg10_percent": 3.04,
        "pressure_some_us": 7000,
        "pressure_full_us": 6000,
    }
    assert sample["io"] == {
        "pressure_some_avg10_percent": 1.0,
        "pressure_full_avg10_percent": 0.99,
        "pressure_some_us": 5000,
        "pressure_full_us": 4000,
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
    unlimited = {
        "memory/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/memory.stat": "hierarchical_memory_limit 9223372036854771712\n",
    }
    _, sample = probe(agent, tree(tmp_path, V1 | unlimited))

    assert sample["memory"]["limit_bytes"] is None


def test_the_smallest_limit_on_the_way_to_the_root_counts_on_version_1(
    agent: Path, tmp_path: Path
) -> None:
    above = {"memory/memory.stat": "rss 1\nhierarchical_memory_limit 67108864\ntotal_rss 100\n"}
    _, sample = probe(agent, tree(tmp_path, V1 | above))

    assert sample["memory"]["limit_bytes"] == 134217728
    assert sample["memory"]["effective_limit_bytes"] == 67108864
    assert sample["memory"]["swap_limit_bytes"] == 0


@pytest.mark.parametrize("above", ["../memory.max", "../../memory.max"])
def test_the_smallest_limit_above_counts_on_version_2(
    agent: Path, tmp_path: Path, above: str
) -> None:
    # As where the machine's whole tree is mounted: the pod is above the container.
    root = tmp_path / "pods" / "pod" / "container"
    tree(root, V2 | {"../memory.max": "max\n", above: "67108864\n"})
    _, sample = probe(agent, root)

    assert sample["memory"]["limit_bytes"] == 134217728
    assert sample["memory"]["effective_limit_bytes"] == 67108864


@pytest.mark.parametrize("given", [67108864, 268435456])
@pytest.mark.parametrize("files", [V1, V2], ids=["v1", "v2"])
def test_the_limit_of_the_pod_counts_where_it_is_smaller(
    agent: Path, tmp_path: Path, files: dict[str, str], given: int
) -> None:
    _, sample = probe(agent, tree(tmp_path, files), "--pod-limit-bytes", str(given))

    assert sample["memory"]["effective_limit_bytes"] == min(given, 134217728)


def test_the_peak_is_never_below_the_usage_beside_it(agent: Path, tmp_path: Path) -> None:
    # Usage may grow between the two readings.
    _, sample = probe(agent, tree(tmp_path, V2 | {"memory.current": "9000\n"}))

    assert sample["memory"]["peak_bytes"] == 9000


FROM_STAT = ("anon", "file", "inactive_file", "shmem", "kernel", "pagetables", "slab")
FROM_EVENTS = ("max_events", "high_events", "oom", "oom_kill", "oom_group_kill")
AVERAGES = ("pressure_some_avg10_percent", "pressure_full_avg10_percent")
PRESSURE = (*AVERAGES, "pressure_some_us", "pressure_full_us")
ABSENT_WITH = {
    "memory.current": {"memory.usage_bytes"},
    "memory.peak": {"memory.peak_bytes"},
    "memory.max": {"memory.limit_bytes", "memory.effective_limit_bytes"},
    "memory.high": set(),  # there is none in the tree
    "memory.swap.current": {"memory.swap_bytes"},
    "memory.swap.max": {"memory.swap_limit_bytes"},
    "memory.stat": {f"memory.{name}_bytes" for name in FROM_STAT},
    "memory.events": {f"memory.{name}" for name in FROM_EVENTS},
    "memory.pressure": {f"memory.{name}" for name in PRESSURE},
    "cpu.stat": {f"cpu.{name}" for name in ("usage_us", "nr_periods", "nr_throttled")}
    | {"cpu.throttled_us"},
    "cpu.max": {"cpu.limit_millicores"},
    "cpu.pressure": {f"cpu.{name}" for name in PRESSURE},
    "io.pressure": {f"io.{name}" for name in PRESSURE},
    "pids.current": {"pids.current"},
    "pids.max": set(),
}
ALWAYS_NULL = {"memory.high_bytes", "pids.limit"}


def nulls(sample: Line) -> set[str]:
    return {
        f"{part}.{key}"
        for part in ("memory", "cpu", "io", "pids")
        for key, value in sample[part].items()
        if value is None
    }


@pytest.mark.parametrize("name", ABSENT_WITH)
def test_a_file_that_is_not_there_is_null_and_not_0(agent: Path, tmp_path: Path, name: str) -> None:
    _, sample = probe(agent, tree(tmp_path, {key: V2[key] for key in V2 if key != name}))

    assert nulls(sample) == ALWAYS_NULL | ABSENT_WITH[name]


def test_a_kernel_without_pressure_or_late_counters_gives_null(agent: Path, tmp_path: Path) -> None:
    # Linux 4.18 of RHEL 8: no PSI at boot, no memory.peak, no group kills, few keys in memory.stat.
    lacking = ("memory.pressure", "cpu.pressure", "io.pressure", "memory.peak")
    old = {key: V2[key] for key in V2 if key not in lacking}
    few = {
        "memory.events": "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\n",
        "memory.stat": "anon 100\n",
    }
    _, sample = probe(agent, tree(tmp_path, old | few))

    expected = ABSENT_WITH["memory.pressure"] | ABSENT_WITH["cpu.pressure"]
    expected |= ABSENT_WITH["io.pressure"]
    expected |= ABSENT_WITH["memory.stat"] | {"memory.peak_bytes", "memory.oom_group_kill"}
    assert nulls(sample) == ALWAYS_NULL | expected - {"memory.anon_bytes"}


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
    parts = finished(agent, "probe", *arguments).of_type("processes")
    table = [row for part in parts for row in part["processes"]]

    assert [part["last"] for part in parts] == [False] * (len(parts) - 1) + [True]
    assert [row["role"] for row in table].count("target") <= 1
    assert [row["role"] for row in table].count("other") <= 50
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
