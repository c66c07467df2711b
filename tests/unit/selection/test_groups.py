"""Tests that share a machine are of one group, and those of no machine of none."""

import pytest

from tests.selection.groups import group, rank


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        ("tests/e2e/test_sizes.py::test_e04_limit_and_usage[v1]", "node"),
        ("tests/e2e/long_matrix.py::test_each_cell[distroless-exec-old]", "node"),
        ("tests/cluster/test_cluster_e2e.py::test_going_down_twice_is_fine", "node"),
        ("tests/agent/test_oom_machine.py::test_a_kill[v1]", "machine"),
        ("tests/agent/test_load.py::test_cpu", "agent"),
        ("tests/package/test_program.py::test_it_reads_a_recorded_run", "package"),
        ("tests/unit/formats/test_tables.py::test_v1", ""),
    ],
)
def test_the_group_of_a_test(nodeid: str, expected: str) -> None:
    assert group(nodeid) == expected


def test_groups_begin_before_all_that_runs_beside_them() -> None:
    alone, shared = (
        "tests/unit/formats/test_tables.py::test_a",
        "tests/e2e/test_top.py::test_e01[v2]",
    )

    assert rank(shared) < rank(alone)
