"""Writes a run to a file line by line while it goes on: a killed client leaves it readable."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from kubectl_stress import __version__
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
from kubectl_stress.agent.samples import Sample
from kubectl_stress.errors import Interrupted, StressError, UsageError
from kubectl_stress.live.record_file import close_record, written
from kubectl_stress.results.fleet_recording import fleet_header_line, joined_line, numbered
from kubectl_stress.results.fleet_report import FleetReport
from kubectl_stress.results.recording import (
    Header,
    header_line,
    problem_line,
    report_line,
    value_line,
)
from kubectl_stress.results.report import Report
from kubectl_stress.session.progress import Afterwards, Progress, Started, StatusSeen, What
from kubectl_stress.targets.changes import Change
from kubectl_stress.targets.place import Place, Replaced
from kubectl_stress.verdict.findings import Ending
from kubectl_stress.verdict.outcome import Expectation

_NAMES: dict[type, str] = {
    Hello: "hello",
    Sample: "sample",
    Processes: "processes",
    PhaseStart: "phase",
    WorkerKilled: "worker-killed",
    Arrived: "arrived",
    Done: "done",
    RunningLoad: "load",
    AgentError: "error",
    Garbage: "garbage",
    Bye: "bye",
    Change: "change",
    Ending: "ending",
}


class Recorder:
    """A listener that writes what it hears; without a file it writes nothing.

    `is_fleet`: of several targets, so that each line bears the number of its own.
    """

    def __init__(self, file: TextIO | None, *, is_fleet: bool = False) -> None:
        self._file, self._is_fleet, self._head = file, is_fleet, ""
        self._joined, self._begun, self._left_out = set[int](), set[int](), set[int]()

    def __call__(self, progress: Progress) -> None:
        """Write the step, if it is a fact of the run."""
        if self._file is None:
            return
        state, line = progress.target, _line(progress.what)
        if state.replaces is not None:
            self._join(state.number, Place.of(state.target), state.replaces)
        if line is not None:
            self._write_of(state.number, line)
        if isinstance(progress.what, Started):
            self._begun.add(state.number)

    def begin_fleet(
        self,
        places: Sequence[Place],
        expectation: Expectation | None,
        left_out: Sequence[StressError] = (),
    ) -> None:
        """Have the first lines of a run over several targets, written once anything is.

        `left_out`: why the last of the places are not loaded.
        """
        self._head = fleet_header_line(__version__, places, expectation)
        for number, error in enumerate(left_out, start=len(places) - len(left_out)):
            self._head += numbered(number, problem_line(str(error), error.exit_code))
            self._left_out.add(number)

    def finish_fleet(self, fleet: FleetReport) -> None:
        """Write the last line of each target."""
        for number, entry in enumerate(fleet.entries):
            if number in self._left_out:
                continue
            if entry.replaces is not None:
                place = Place(entry.namespace, entry.pod, entry.container, entry.node)
                self._join(number, place, entry.replaces)
            if entry.report is not None:
                self._write_of(number, report_line(entry.report))
            if entry.problem:
                self._write_of(number, problem_line(entry.problem, entry.problem_code))
            self._begun.discard(number)

    def _join(self, number: int, place: Place, replaces: Replaced) -> None:
        """Write once that a target has joined the run."""
        if number not in self._joined:
            self._joined.add(number)
            self._write(numbered(number, joined_line(place, replaces)))

    def finish(self, report: Report) -> None:
        """Write the last line."""
        self._write(report_line(report))

    def interrupt(self, text: str) -> None:
        """Write of each load that has begun, and has no last line yet, that it was interrupted."""
        for number in sorted(self._begun):
            self._write_of(number, problem_line(text, Interrupted.exit_code))

    def _write_of(self, number: int, line: str) -> None:
        self._write(numbered(number, line) if self._is_fleet else line)

    def _write(self, line: str) -> None:
        if self._file is not None:
            self._file, self._head = written(self._file, self._head + line), ""


def _line(what: What) -> str | None:
    if isinstance(what, Started):
        return header_line(_header(what))
    if isinstance(what, StatusSeen):
        return value_line("status", what.status)
    if isinstance(what, Afterwards):
        return value_line("afterwards", what.sample)
    name = _NAMES.get(type(what))
    return None if name is None else value_line(name, what)


def _header(started: Started) -> Header:
    return Header(
        version=__version__,
        plan=started.plan,
        before=started.before,
        holder=started.holder,
        processes=started.reading.processes,
        reading=started.reading.sample,
        expectation=started.expectation,
    )


@contextmanager
def recording_to(path: str | None, *, is_fleet: bool = False) -> Iterator[Recorder]:
    """A recorder on a new file; raises UsageError where it exists or cannot be made.

    A run that ends before its load leaves no empty file behind.
    """
    if path is None:
        yield Recorder(None)
        return
    try:
        file = Path(path).open("x", encoding="utf-8")  # noqa: SIM115 (closed below)
    except FileExistsError:
        raise UsageError(f"--record {path}: already exists: choose another name") from None
    except OSError as error:
        raise UsageError(f"--record {path}: {error.strerror}") from error
    recorder = Recorder(file, is_fleet=is_fleet)
    try:
        yield recorder
    except (Interrupted, KeyboardInterrupt) as error:
        recorder.interrupt(str(error) if isinstance(error, Interrupted) else "interrupted")
        raise
    finally:
        close_record(file, Path(path))
