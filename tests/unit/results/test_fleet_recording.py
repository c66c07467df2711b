"""A recording of several targets is read back, whatever has happened to the file."""

import pytest

from kubectl_stress.errors import RecordingError
from kubectl_stress.results.fleet_recording import (
    fleet_header_line,
    is_fleet_recording,
    joined_line,
    numbered,
    read_fleet_recording,
)
from kubectl_stress.results.recording import problem_line
from kubectl_stress.targets.place import Place, Replaced
from kubectl_stress.verdict.outcome import Expectation
from tests.builders.runs import recorded as recording_of
from tests.builders.runs import survived

NAMES = ("web-0", "web-1", "web-2")


def recorded() -> list[str]:
    """Two that survived, their lines in turn, and one that was not loaded."""
    places = [Place("default", name, "app", "node-1") for name in NAMES]
    lines = recording_of(survived()).decode().splitlines(keepends=True)
    runs = [numbered(n, line) for line in lines for n in (0, 1)]
    head = fleet_header_line("1.0", places, Expectation.SURVIVE)
    return [head, *runs, numbered(2, problem_line("no image", 1))]


def test_it_is_read_back_with_reports_and_problems() -> None:
    fleet, damage = read_fleet_recording("".join(recorded()).encode())

    assert [entry.outcome for entry in fleet.entries] == ["survived", "survived", "not-loaded"]
    assert fleet.entries[2].problem == "no image"
    assert fleet.expectation is Expectation.SURVIVE
    assert damage == []


def test_one_that_is_cut_off_is_read_up_to_there() -> None:
    text = "".join(recorded()[:20])[:-10]

    fleet, damage = read_fleet_recording(text.encode())

    assert len(fleet.entries) == 3
    assert fleet.entries[2].problem == "nothing is recorded of it: the recording is incomplete"
    assert damage


def test_a_line_of_another_target_than_there_are_is_damage() -> None:
    lines = [recorded()[0], numbered(7, problem_line("x", 1))]

    _, damage = read_fleet_recording("".join(lines).encode())

    assert damage == ["line 2 is damaged; what follows is ignored"]


def test_targets_that_joined_the_run_are_read_back_with_what_they_replace() -> None:
    lines = recorded()
    own = recording_of(survived()).decode().splitlines(keepends=True)
    lines += [
        numbered(4, joined_line(Place("default", "web-9", "app", "node-2"), Replaced(0, "web-0"))),
        numbered(3, joined_line(Place("default", "sts/x", "app", ""), Replaced(1, "web-1"))),
        numbered(3, problem_line("no new pod", 1)),
        *(numbered(4, line) for line in own),
    ]

    fleet, damage = read_fleet_recording("".join(lines).encode())

    assert damage == []
    assert [(e.pod, e.outcome, e.replaces) for e in fleet.entries[3:]] == [
        ("sts/x", "not-loaded", Replaced(1, "web-1")),
        ("web-9", "survived", Replaced(0, "web-0")),
    ]


def test_the_first_version_is_read_too() -> None:
    text = "".join(recorded()).replace("fleet-recording/v2", "fleet-recording/v1")

    fleet, damage = read_fleet_recording(text.encode())

    assert len(fleet.entries) == 3
    assert damage == []


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"type":"header"}\n'])
def test_anything_else_is_no_fleet_recording(data: bytes) -> None:
    assert not is_fleet_recording(data)


def test_another_version_is_refused_by_name() -> None:
    with pytest.raises(RecordingError, match="fleet-recording/v9"):
        read_fleet_recording(b'{"type":"fleet","schema":"kubectl-stress/fleet-recording/v9"}\n')
