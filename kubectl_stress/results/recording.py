"""A run as JSON lines, and back to the same values. Pure: no I/O.

The lines are described in docs/recording.md. They are facts only: whoever reads them judges anew.
A recording that breaks off, or that somebody damaged, is read up to there.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kubectl_stress.agent.protocol import (
    AgentError,
    Arrived,
    Bye,
    Done,
    Garbage,
    Hello,
    PhaseStart,
    Processes,
    RunningLoad,
    WorkerKilled,
)
from kubectl_stress.agent.samples import Process, Sample, table_at_peak
from kubectl_stress.agent.series import Series
from kubectl_stress.errors import Interrupted, RecordingError, StressError
from kubectl_stress.plan.plan import Plan
from kubectl_stress.results.dataclass_json import from_json, to_json
from kubectl_stress.results.recording_v1 import SCHEMA_V1, upgraded
from kubectl_stress.results.report import Report
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.verdict.findings import Ending, Findings
from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.other_loads import other_loads
from kubectl_stress.verdict.outcome import Expectation

SCHEMA = "kubectl-stress/recording/v2"


@dataclass(frozen=True)
class Header:
    """What was known before the load: the plan with its target, and the state it was made on."""

    version: str
    plan: Plan
    before: ContainerStatus
    holder: str = ""
    processes: tuple[Process, ...] = ()
    reading: Sample | None = None
    expectation: Expectation | None = None


_KINDS: dict[str, type] = {
    "hello": Hello,
    "sample": Sample,
    "processes": Processes,
    "phase": PhaseStart,
    "worker-killed": WorkerKilled,
    "arrived": Arrived,
    "done": Done,
    "load": RunningLoad,
    "error": AgentError,
    "garbage": Garbage,
    "bye": Bye,
    "change": Change,
    "status": ContainerStatus,
    "ending": Ending,
    "afterwards": Sample,
}


@dataclass(frozen=True)
class Problem:
    """Why a target has no report, or only one up to there."""

    text: str
    exit_code: int

    @property
    def is_interruption(self) -> bool:
        """Whether the user ended the run."""
        return self.exit_code == Interrupted.exit_code


@dataclass
class Recording:
    """Everything of a run in order; `damage` says where and why reading ended early."""

    header: Header
    values: list[tuple[str, Any]] = field(default_factory=list)
    outcome: str | None = None
    problem: Problem | None = None
    damage: str | None = None

    def of_type(self, name: str) -> list[Any]:
        """The values on lines of this type."""
        return [value for entry, value in self.values if entry == name]

    def last(self, name: str) -> Any | None:
        """The last value of this type, None where there is none."""
        return next(iter(self.of_type(name)[::-1]), None)


def header_line(header: Header) -> str:
    """The first line."""
    return _line({"type": "header", "schema": SCHEMA, **to_json(header)})


def value_line(name: str, value: Any) -> str:
    """One value that a run told."""
    assert isinstance(value, _KINDS[name])
    return _line({"type": name, **to_json(value)})


def report_line(report: Report) -> str:
    """The last line: the report as `-o json` gives it, for readers other than ours."""
    return _line({"type": "report", **report.to_dict()})


def problem_line(text: str, exit_code: int) -> str:
    """The last line of a run without a report, or that was interrupted."""
    return _line({"type": "problem", "text": text, "exit_code": exit_code})


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":"), allow_nan=False) + "\n"


def read_recording(data: bytes) -> Recording:
    """The run in `data`, up to the first line that cannot be read; RecordingError without a header.

    Never raises anything else, whatever the bytes are.
    """
    lines = iter(_numbered(data))
    recording = Recording(_read_header(lines))
    number = 1
    for number, line in lines:
        try:
            _take(recording, line)
        except _UNREADABLE:
            recording.damage = f"line {number} is damaged; it and everything after it are ignored"
            return recording
    if recording.outcome is None and recording.problem is None:
        recording.damage = f"incomplete: it ends after line {number}, before the end of the run"
    return recording


_UNREADABLE = (ValueError, TypeError, KeyError, ArithmeticError, RecursionError, StressError)


def _numbered(data: bytes) -> Iterable[tuple[int, bytes]]:
    lines = enumerate(data.split(b"\n"), start=1)
    return ((number, line) for number, line in lines if line.strip())


def _object(line: bytes) -> dict[str, Any]:
    values = json.loads(line.decode("utf-8"), parse_constant=_no_number)
    if not isinstance(values, dict) or not isinstance(values.get("type"), str):
        raise ValueError("not an object with a type")
    return values


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _read_header(lines: Iterator[tuple[int, bytes]]) -> Header:
    try:
        values = _object(next(lines, (0, b""))[1])
    except _UNREADABLE:
        values = {}
    if values.get("type") != "header":
        raise RecordingError("not a kubectl stress recording: it has no header line")
    schema = values.get("schema")
    if schema not in (SCHEMA, SCHEMA_V1):
        raise RecordingError(
            f"this recording has the schema {_shown(schema)}, and this version reads {SCHEMA} and "
            f"{SCHEMA_V1}: use the version that wrote it"
        )
    try:
        header = from_json(Header, upgraded(values) if schema == SCHEMA_V1 else values)
        _check_sizes(header.plan)
        return header
    except _UNREADABLE as error:
        raise RecordingError(f"the header of this recording is damaged: {error}") from error


def _check_sizes(plan: Plan) -> None:
    """Raise ValueError where a load has no size, or a size no load; a level has its bytes."""
    spec = plan.spec
    sizes = ((spec.memory, plan.memory), (spec.cpu, plan.cpu))
    if any((load is None) != (size is None) for load, size in sizes):
        raise ValueError("the sizes are not those of the loads")
    has_level = spec.memory is not None and spec.memory.metric is not None
    if has_level and (plan.memory is None or plan.memory.level_bytes is None):
        raise ValueError("a level without its size")


def _shown(schema: Any) -> str:
    return repr(schema)[:60]


def _take(recording: Recording, line: bytes) -> None:
    values = _object(line)
    name = values["type"]
    if name == "report":
        recording.outcome = str(values["verdict"]["outcome"])
    elif name == "problem":
        recording.problem = from_json(Problem, values)
    elif name in _KINDS:
        value: Any = from_json(_KINDS[name], values)
        _CHECKS.get(name, _accept)(value)
        recording.values.append((name, value))


def _accept(_value: Any) -> None:
    """Nothing to check beyond the types."""


def _check_change(change: Change) -> None:
    if change.kind is ChangeKind.TERMINATED and change.termination is None:
        raise ValueError("a termination without its state")


_CHECKS: dict[str, Callable[[Any], None]] = {"change": _check_change}


def to_report(recording: Recording) -> Report:
    """The report of the run, judged anew from its facts."""
    header = recording.header
    findings = _findings(recording)
    tables = [table.processes for table in recording.of_type("processes")]
    return Report(
        plan=header.plan,
        findings=findings,
        verdict=judge(header.plan, findings),
        before=header.before,
        after=recording.last("status") or header.before,
        holder=header.holder,
        processes_before=header.processes,
        processes=table_at_peak([header.processes, *tables]),
        expectation=header.expectation,
    )


def _findings(recording: Recording) -> Findings:
    last_load, problem = _last_load(recording), recording.problem
    return Findings(
        samples=Series(recording.of_type("sample")),
        changes=tuple(recording.of_type("change")),
        ending=last_load.last("ending") or _cut_off(last_load),
        hello=last_load.last("hello"),
        kills=tuple(recording.of_type("worker-killed")),
        errors=tuple(recording.of_type("error")),
        afterwards=last_load.last("afterwards"),
        loads=max(1, len(recording.of_type("hello"))),
        interrupted=problem.text if problem and problem.is_interruption else "",
        other_loads=other_loads(
            (table.processes for table in recording.of_type("processes")),
            {hello.run for hello in recording.of_type("hello")},
        ),
    )


def _last_load(recording: Recording) -> Recording:
    """The values since the load last began."""
    starts = [at for at, (name, _) in enumerate(recording.values) if name == "hello"]
    return Recording(recording.header, recording.values[starts[-1] if starts else 0 :])


def _cut_off(recording: Recording) -> Ending:
    """The end of a run whose recording does not tell it."""
    last = recording.last("sample")
    at_ms = last.at_ms if last else 0
    return Ending(recording.last("bye"), None, "the recording is incomplete", at_ms)
