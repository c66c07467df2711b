"""What version 2 says in other lines than version 1: sets of processes, and membership."""

from typing import Any

import pytest

from kubectl_stress.agent.decoder import Decoder
from kubectl_stress.agent.protocol import Processes
from kubectl_stress.agent.samples import Sample
from tests.builders.agent_lines import line, processes_line, sample_line

APP, LOAD = (1, "hello", "target", 130), (44, "agent", "load", 140)


def part(
    number: int, *processes: tuple[int, str, str, int], last: bool = False, of_set: int = 1
) -> bytes:
    return processes_line(*processes, set=of_set, part=number, last=last, seen=212)


def test_a_set_of_processes_in_several_lines_is_one_table() -> None:
    data = part(1, LOAD) + sample_line() + part(2, APP, last=True)

    _, table = Decoder().feed(data)

    assert isinstance(table, Processes)
    assert ([process.pid for process in table.processes], table.seen) == ([44, 1], 212)


def test_a_set_of_which_a_part_is_missing_is_discarded_and_the_next_is_whole() -> None:
    torn = part(1, LOAD) + part(3, APP, last=True) + part(2, APP, last=True, of_set=2)
    whole = part(1, APP, last=True, of_set=3)

    (table,) = Decoder().feed(torn + whole)

    assert isinstance(table, Processes)
    assert [process.pid for process in table.processes] == [1]


@pytest.mark.parametrize(
    ("values", "is_member"),
    [
        ({"cgroup": "same"}, True),
        ({"cgroup": "inside"}, True),
        ({"cgroup": "above"}, True),
        ({"cgroup": "different"}, False),
        ({"cgroup": "unreadable"}, None),
        ({"cgroup_same": False}, False),
        ({}, None),
    ],
    ids=str,
)
def test_membership_is_understood_in_both_versions(
    values: dict[str, Any], is_member: bool | None
) -> None:
    (found,) = Decoder().feed(line("sample", phase="hold", memory={}, **values))

    assert isinstance(found, Sample)
    assert found.cgroup_same is is_member
