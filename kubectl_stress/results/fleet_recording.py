"""A run over several targets as JSON lines: each target's recording, with its number on each line.

Pure: no I/O. The first line names the targets; of each of them the lines that bear its number are a
recording as that of a run over it alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_stress.errors import RecordingError
from kubectl_stress.results.dataclass_json import from_json
from kubectl_stress.results.fleet_report import Entry, FleetReport
from kubectl_stress.results.recording import read_recording, to_report
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.outcome import Expectation

SCHEMA = "kubectl-stress/fleet-recording/v1"
_UNREADABLE = (ValueError, TypeError, KeyError, RecursionError)
_NEVER_BEGAN = "its load was not begun"


@dataclass(frozen=True)
class Place:
    """Where one target is."""

    namespace: str
    pod: str
    container: str
    node: str


@dataclass(frozen=True)
class FleetHeader:
    """What the first line tells."""

    version: str
    targets: tuple[Place, ...]
    expectation: Expectation | None = None


@dataclass(frozen=True)
class Problem:
    """Why a target has no report."""

    text: str
    exit_code: int


def fleet_header_line(
    version: str, targets: Sequence[Target], expectation: Expectation | None
) -> str:
    """The first line."""
    places = [
        {"namespace": t.namespace, "pod": t.pod, "container": t.container, "node": t.node}
        for t in targets
    ]
    expected = expectation.value if expectation else None
    head = {"type": "fleet", "schema": SCHEMA, "version": version}
    return _line({**head, "targets": places, "expectation": expected})


def numbered(number: int, line: str) -> str:
    """A line of a recording, with the number of its target."""
    return f'{{"target_number":{number},{line[1:]}'


def problem_line(text: str, exit_code: int) -> str:
    """Why a target has no report."""
    return _line({"type": "problem", "text": text, "exit_code": exit_code})


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":"), allow_nan=False) + "\n"


def is_fleet_recording(data: bytes) -> bool:
    """Whether it begins as one."""
    try:
        values = json.loads(data.lstrip().split(b"\n", 1)[0])
    except _UNREADABLE:
        return False
    return isinstance(values, dict) and values.get("type") == "fleet"


def read_fleet_recording(data: bytes) -> tuple[FleetReport, list[str]]:
    """The report of the run, judged anew, and what is damaged; RecordingError without a header."""
    first, *lines = data.lstrip().split(b"\n")
    header = _header(first)
    parts, problems, damage = _parted(lines, len(header.targets))
    entries = []
    for number, place in enumerate(header.targets):
        where = (place.namespace, place.pod, place.container, place.node)
        problem = problems.get(number)
        if problem is None and not parts[number]:
            problem = Problem(_NEVER_BEGAN, 1)
        if problem is not None:
            entries.append(Entry(*where, problem=problem.text, problem_code=problem.exit_code))
            continue
        recording = read_recording(b"\n".join(parts[number]))
        if recording.damage is not None:
            damage.append(f"{place.pod}: {recording.damage}")
        entries.append(Entry(*where, report=to_report(recording)))
    return FleetReport(tuple(entries), header.expectation), damage


def _header(line: bytes) -> FleetHeader:
    values = json.loads(line)
    if values.get("schema") != SCHEMA:
        raise RecordingError(
            f"this recording has the schema {str(values.get('schema'))[:60]!r}, and this version "
            f"reads {SCHEMA}: use the version that wrote it"
        )
    try:
        return from_json(FleetHeader, values)
    except _UNREADABLE as error:
        raise RecordingError(f"the header of this recording is damaged: {error}") from error


def _parted(
    lines: Sequence[bytes], count: int
) -> tuple[list[list[bytes]], dict[int, Problem], list[str]]:
    """The lines of each target, why some have no report, and up to where they could be read."""
    parts: list[list[bytes]] = [[] for _ in range(count)]
    problems: dict[int, Problem] = {}
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            place = range(count)[int(values["target_number"])]
            if values["type"] == "problem":
                problems[place] = from_json(Problem, values)
            else:
                parts[place].append(line)
        except (*_UNREADABLE, IndexError):
            return parts, problems, [f"line {number} is damaged; what follows is ignored"]
    return parts, problems, []
