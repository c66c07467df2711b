"""Shows a run while it goes on, on stderr: a live table on a terminal, plain lines elsewhere.

stdout is for the answer; only `-o jsonl` writes there during the run.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from kubectl_stress.agent.protocol import (
    AgentError,
    Bye,
    Hello,
    PhaseStart,
    Processes,
    WorkerKilled,
)
from kubectl_stress.agent.samples import Process, Sample
from kubectl_stress.agent.series import Series
from kubectl_stress.formats.serialize import json_line
from kubectl_stress.formats.tables import Row, process_table, target_table
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.plan.prediction import victim_now
from kubectl_stress.quantity import format_bytes, format_duration
from kubectl_stress.results.report import change_dict, sample_dict
from kubectl_stress.session.progress import LogLine, Progress, Started, StatusSeen
from kubectl_stress.targets.changes import Change
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.text import log_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

_PLAIN_EVERY_MS = 10_000


class Listener(Protocol):
    """Whoever hears what a run tells."""

    def __call__(self, progress: Progress) -> None:
        """Hear one step."""


class View:
    """The latest of everything, as the live table shows it."""

    def __init__(self) -> None:
        self.started: Started | None = None
        self.status: ContainerStatus | None = None
        self.series = Series()
        self.processes: tuple[Process, ...] = ()

    def hear(self, progress: Progress) -> None:
        """Keep what the table shows."""
        if isinstance(progress, Started):
            self.started, self.status = progress, progress.before
            self.processes = progress.reading.processes
        elif isinstance(progress, StatusSeen):
            self.status = progress.status
        elif isinstance(progress, Sample):
            self.series.add(progress)
        elif isinstance(progress, Processes):
            self.processes = progress.processes

    def text(self, *, width: int, wide: bool) -> str:
        """The tables, or nothing before there is a first sample."""
        if self.started is None or self.status is None:
            return ""
        sample = self.series.last or self.started.reading.sample
        row = Row(
            target=self.started.plan.target,
            status=self.status,
            sample=sample,
            peak_usage_bytes=self.series.peak_usage_bytes,
            node_available_bytes=sample.node_available_bytes,
            oom_kills=self.series.delta("oom_kill") if self.series.last else 0,
        )
        target, hello = self.started.plan.target, self.started.reading.hello
        victim = victim_now(target, hello, sample.memory, self.processes)
        processes = process_table(self.processes, victim_pid=victim.pid if victim else None)
        return f"{target_table([row], wide=wide, width=width)}\n\n{processes}"


def sentence(progress: Progress) -> str | None:
    """What a person is told of one step; None where the table says it."""
    if isinstance(progress, LogLine):
        return progress.text
    if isinstance(progress, Change):
        return progress.text
    if isinstance(progress, PhaseStart):
        return _phase_sentence(progress)
    if isinstance(progress, WorkerKilled):
        return (
            f"worker {progress.pid} killed by signal {progress.signal} holding "
            f"{format_bytes(progress.held_bytes)} (oom_kill {progress.oom_kill_after})"
        )
    if isinstance(progress, Hello):
        return f"agent {progress.version} has verified its cgroup (v{progress.cgroup_version})"
    if isinstance(progress, AgentError):
        return f"agent: {progress.message}"
    if isinstance(progress, Bye) and progress.reason != "duration":
        return f"the agent ended: {progress.reason}"
    return None


def _phase_sentence(phase: PhaseStart) -> str | None:
    if phase.phase == "hold":
        return f"holding {format_bytes(phase.held_bytes)}"
    if phase.phase == "settle":
        return "load released, waiting for the kernel's counters to settle"
    return None


def _sample_sentence(sample: Sample, target_limit: int | None) -> str:
    memory = sample.memory
    share = ""
    if memory.usage_bytes is not None and target_limit:
        share = f" ({100 * memory.usage_bytes / target_limit:.1f}% of the limit)"
    return (
        f"usage {format_bytes(memory.usage_bytes)}{share}, working set "
        f"{format_bytes(memory.working_set_bytes)}, stress {format_bytes(sample.held_bytes)}"
    )


def mark_of(started: Started) -> str:
    """What stands before every line of a load that does not meet the target's own limit."""
    return "[pod level only] " if started.plan.join is Join.POD else ""


class PlainLog:
    """One line a step and one each ten seconds, with the time since the start; no cursor codes."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms, self._started_ms = now_ms, now_ms()
        self._printed_ms = 0
        self._mark = ""

    def __call__(self, progress: Progress) -> None:
        """Print the step, if it is one to be told."""
        text = sentence(progress)
        if isinstance(progress, Started):
            self._mark = mark_of(progress)
        if (
            isinstance(progress, Sample)
            and self._elapsed_ms() - self._printed_ms >= _PLAIN_EVERY_MS
        ):
            text = _sample_sentence(progress, progress.memory.limit_bytes)
        if text is not None:
            self._printed_ms = self._elapsed_ms()
            line = log_line(self._printed_ms, f"{self._mark}{text}")
            print(line, file=sys.stderr, flush=True)

    def _elapsed_ms(self) -> int:
        return self._now_ms() - self._started_ms


class Drawing:
    """A terminal on which rich draws: lines that stay, and a body in place under them."""

    def __init__(self, live: "Live", console: "Console") -> None:
        self._live, self._console = live, console

    @property
    def width(self) -> int:
        """Columns of the terminal as it is now."""
        return self._console.width

    def start(self) -> None:
        """Have a body from now on; before, the terminal is anybody's."""
        self._live.start()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(text, markup=False, highlight=False)

    def draw(self, body: str) -> None:
        """Put this body in the place of the last one."""
        from rich.text import Text

        text = Text(body, no_wrap=True, overflow="crop")
        text.highlight_regex("← dies first", "bold red")
        self._live.update(text, refresh=True)


@contextmanager
def drawing(color: bool | None) -> Iterator[Drawing]:
    """A drawing on stderr that leaves its lines and no body; `color` None: as the terminal is."""
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, no_color=color is False, soft_wrap=True)
    live = Live(console=console, auto_refresh=False, transient=True)
    try:
        yield Drawing(live, console)
    finally:
        live.stop()


class LiveScreen:
    """The table in place under the story."""

    def __init__(self, drawing: Drawing, *, now_ms: Callable[[], int], wide: bool) -> None:
        self._drawing, self._wide = drawing, wide
        self._now_ms, self._started_ms, self._drawn_ms = now_ms, now_ms(), 0
        self._view = View()

    def __call__(self, progress: Progress) -> None:
        """Show the step: its sentence above, the tables below."""
        self._view.hear(progress)
        if isinstance(progress, Started):
            # Not before: until then the user may be asked something on the same terminal.
            self._drawing.start()
        elapsed_ms = self._now_ms() - self._started_ms
        text = sentence(progress)
        if text is not None:
            self._drawing.say(log_line(elapsed_ms, f"{self._mark()}{text}"))
        if text is not None or elapsed_ms - self._drawn_ms >= 200:
            self._drawn_ms = elapsed_ms
            self._drawing.draw(self._picture())

    def _mark(self) -> str:
        return mark_of(self._view.started) if self._view.started else ""

    def _picture(self) -> str:
        body = self._view.text(width=self._drawing.width, wide=self._wide)
        return f"\n{body}\n{self._progress()}" if body else ""

    def _progress(self) -> str:
        last, started = self._view.series.last, self._view.started
        if last is None or started is None:
            return ""
        total_ms = started.plan.spec.ramp_ms + started.plan.spec.duration_ms
        elapsed = format_duration(min(last.elapsed_ms, total_ms))
        return (
            f"\n{self._mark()}{last.phase or 'starting'}  {elapsed} of {format_duration(total_ms)}"
        )


class JsonLines:
    """Samples and changes on stdout as they come, for `-o jsonl`."""

    def __call__(self, progress: Progress) -> None:
        """Write the step if it is data."""
        if isinstance(progress, Sample):
            print(json_line(sample_dict(progress)), flush=True)
        elif isinstance(progress, Change):
            print(json_line(change_dict(progress)), flush=True)


@contextmanager
def listening(
    *, quiet: bool, output: str, color: bool | None, now_ms: Callable[[], int]
) -> Iterator[Listener]:
    """Everybody who hears this run; the live screen is restored at the end, whatever happens."""
    listeners: list[Listener] = []
    if output == "jsonl":
        listeners.append(JsonLines())
    if quiet or not sys.stderr.isatty():
        if not quiet:
            listeners.append(PlainLog(now_ms))
        yield to_all(listeners)
        return
    with drawing(color) as terminal:
        yield to_all([*listeners, LiveScreen(terminal, now_ms=now_ms, wide=output == "wide")])


def to_all(listeners: Sequence[Listener]) -> Listener:
    """One listener that passes everything on."""

    def hear(progress: Progress) -> None:
        for listener in listeners:
            listener(progress)

    return hear
