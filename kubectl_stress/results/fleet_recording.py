"""A run over several targets as JSON lines: each target's recording, with its number on each line.

Pure: no I/O. The first line names the targets; of each of them the lines that bear its number are a
recording as that of a run over it alone.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from kubectl_stress.errors import RecordingError
from kubectl_stress.results.dataclass_json import from_json
from kubectl_stress.results.fleet_report import Entry, FleetReport
from kubectl_stress.results.recording import Problem, Recording, read_recording, to_report
from kubectl_stress.results.report import INCONCLUSIVE_CODE
from kubectl_stress.targets.place import Place, Replaced
from kubectl_stress.verdict.outcome import Expectation

SCHEMA = "kubectl-stress/fleet-recording/v2"
_SCHEMA_V1 = "kubectl-stress/fleet-recording/v1"  # whose targets are all in its first line
_UNREADABLE = (ValueError, TypeError, KeyError, RecursionError)
# A run that came to its end has a last line of each.
_NOTHING_RECORDED = "nothing is recorded of it: the recording is incomplete"


@dataclass(frozen=True)
class FleetHeader:
    """What the first line tells."""

    version: str
    targets: tuple[Place, ...]
    expectation: Expectation | None = None


@dataclass(frozen=True)
class Joined:
    """A target that joined the run later, in the place of another one."""

    place: Place
    replaces: Replaced


def fleet_header_line(
    version: str, places: Sequence[Place], expectation: Expectation | None
) -> str:
    """The first line."""
    expected = expectation.value if expectation else None
    head = {"type": "fleet", "schema": SCHEMA, "version": version}
    return _line({**head, "targets": [asdict(one) for one in places], "expectation": expected})


def numbered(number: int, line: str) -> str:
    """A line of a recording, with the number of its target."""
    return f'{{"target_number":{number},{line[1:]}'


def joined_line(place: Place, replaces: Replaced) -> str:
    """A target that joined the run, before all other lines of it."""
    return _line({"type": "target", "place": asdict(place), "replaces": asdict(replaces)})


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
    parts = _parted(lines, header.targets)
    damage = list(parts.damage)
    entries = []
    for number, place in sorted(parts.places.items()):
        found, replaces = _found(parts, number), parts.replaced.get(number)
        if isinstance(found, Problem):
            where = (place.namespace, place.pod, place.container, place.node)
            text, code = found.text, found.exit_code
            entries.append(Entry(*where, problem=text, problem_code=code, replaces=replaces))
            continue
        if found.damage is not None:
            damage.append(f"{place.pod}: {found.damage}")
        entries.append(Entry.of(place, to_report(found), replaces))
    return FleetReport(tuple(entries), header.expectation), damage


def _found(parts: "_Parts", number: int) -> Recording | Problem:
    """What a target's lines tell; an interrupted load is told up to there."""
    problem, lines = parts.problems.get(number), parts.lines[number]
    if problem is not None and not (problem.is_interruption and lines):
        return problem
    if not lines:
        return Problem(_NOTHING_RECORDED, INCONCLUSIVE_CODE)
    recording = read_recording(b"\n".join(lines))
    recording.problem = recording.problem or problem
    if problem is not None and not recording.of_type("sample"):
        return problem
    return recording


def _header(line: bytes) -> FleetHeader:
    values = json.loads(line)
    if values.get("schema") not in (SCHEMA, _SCHEMA_V1):
        raise RecordingError(
            f"this recording has the schema {str(values.get('schema'))[:60]!r}, and this version "
            f"reads {SCHEMA} and {_SCHEMA_V1}: use the version that wrote it"
        )
    try:
        return from_json(FleetHeader, values)
    except _UNREADABLE as error:
        raise RecordingError(f"the header of this recording is damaged: {error}") from error


@dataclass
class _Parts:
    """The lines of each target by its number, and up to where they could be read."""

    places: dict[int, Place]
    lines: dict[int, list[bytes]]
    replaced: dict[int, Replaced] = field(default_factory=dict)
    problems: dict[int, Problem] = field(default_factory=dict)
    damage: tuple[str, ...] = ()

    def take(self, line: bytes) -> None:
        values = json.loads(line)
        number = int(values["target_number"])
        if values["type"] == "target":
            joined = from_json(Joined, values)
            self.places[number], self.replaced[number] = joined.place, joined.replaces
            self.lines.setdefault(number, [])
        elif number not in self.lines:
            raise ValueError("a line of no target")
        elif values["type"] == "problem":
            self.problems[number] = from_json(Problem, values)
        else:
            self.lines[number].append(line)


def _parted(lines: Sequence[bytes], places: Sequence[Place]) -> _Parts:
    known = dict(enumerate(places))
    parts = _Parts(known, {number: [] for number in known})
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        try:
            parts.take(line)
        except _UNREADABLE:
            parts.damage = (f"line {number} is damaged; what follows is ignored",)
            return parts
    return parts
