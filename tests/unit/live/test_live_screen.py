"""The live screen, as a terminal of some width shows it."""

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pyte
import pytest

from kubectl_stress.agent.protocol import Processes
from kubectl_stress.agent.samples import Process
from kubectl_stress.formats.top_text import tables
from kubectl_stress.live.listeners import listening
from kubectl_stress.live.terminal import drawing
from kubectl_stress.session.progress import LogLine, StatusSeen, Task, What
from kubectl_stress.targets.status import ContainerStatus
from tests.builders.pods import MIB, hello, pod, sample
from tests.fakes.time import FakeTime
from tests.unit.live.telling import STARTED, Telling, silent


class Terminal(io.StringIO):
    """A stderr that is a terminal of `columns` by `lines`; `rows` is what it shows."""

    def __init__(self, columns: int, lines: int = 40) -> None:
        super().__init__()
        self.screen = pyte.Screen(columns, lines)
        self.screen.set_mode(pyte.modes.LNM)  # as a tty's driver: a newline returns the carriage
        self._stream = pyte.Stream(self.screen)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._stream.feed(text)
        return super().write(text)

    def resize(self, columns: int) -> None:
        """The window has another width: as terminals do, wrap what is shown anew, and signal it."""
        shown, hidden = self.screen.display[: self.screen.cursor.y + 1], self.screen.cursor.hidden
        self.screen = pyte.Screen(columns, 40)
        self.screen.set_mode(pyte.modes.LNM)
        self.screen.cursor.hidden = hidden
        self._stream = pyte.Stream(self.screen)
        self._stream.feed("\n".join(row.rstrip() for row in shown))
        signal.raise_signal(signal.SIGWINCH)

    @property
    def size(self) -> os.terminal_size:
        return os.terminal_size((self.screen.columns, self.screen.lines))

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display if row.strip()]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)


@contextmanager
def live(
    monkeypatch: pytest.MonkeyPatch,
    *,
    columns: int = 120,
    lines: int = 40,
    output: str = "table",
    term: str = "xterm",
) -> Iterator[tuple[Terminal, Telling, FakeTime]]:
    terminal, time = Terminal(columns, lines), FakeTime()
    monkeypatch.setattr(sys, "stderr", terminal)
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: terminal.size)
    with listening(quiet=False, output=output, color=None, now_ms=time.now_ms) as tell:
        yield terminal, Telling(tell), time


def test_the_live_screen_shows_the_table_under_the_story(monkeypatch: pytest.MonkeyPatch) -> None:
    with live(monkeypatch) as (terminal, tell, _):
        tell(LogLine("reading"))
        tell(STARTED)
        tell(LogLine("joining"))
        tell(sample(96, held_mib=50))
        rows = terminal.rows

    assert [row.split("  ")[-1] for row in rows[:2]] == ["reading", "joining"]
    assert rows[2].startswith("POD  USAGE")
    assert "10.0 MiB" in rows[3]
    assert rows[4].startswith("PID  COMMAND")
    assert "← dies first" in rows[5]


def test_there_is_no_table_while_a_question_may_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with live(monkeypatch) as (terminal, tell, _):
        tell(LogLine("reading"))

        assert terminal.rows == ["    0.0s  reading"]
        assert "\x1b[?25l" not in terminal.getvalue()  # the cursor is not hidden yet


@pytest.mark.parametrize("columns", [40, 80, 120, 250])
def test_the_table_is_drawn_in_place_in_any_width(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    with live(monkeypatch, columns=columns) as (terminal, tell, time):
        tell(STARTED)
        for second in range(1, 20):
            time.ms = second * 1_000
            tell(sample(second, at_ms=time.ms, held_mib=second))
            if second % 5 == 0:
                tell(LogLine(f"step {second} " + "and more words on it " * 5))
        text = terminal.text

    assert text.count("WORKING SET") == 1
    assert text.count("COMMAND") == 1
    assert "19.0 MiB" in text
    assert "step 15" in text


@pytest.mark.parametrize("columns", [45, 60, 100, 200])
def test_a_resized_terminal_is_drawn_anew_at_once(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    with live(monkeypatch, columns=118) as (terminal, tell, time):
        tell(STARTED)
        tell(LogLine("joining"))
        time.ms = 1_000
        tell(sample(96, held_mib=50))
        terminal.resize(columns)
        rows = terminal.rows
        whole = tables([tell.state], wide=False, width=columns)

    assert rows[0] == "    0.0s  joining"
    assert rows[1:-1] == [line for line in whole.splitlines() if line]
    assert terminal.rows == ["    0.0s  joining"]


def test_a_resize_while_it_is_drawn_is_drawn_after_that(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, widths = Terminal(118), iter([60])
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: terminal.size)

    def body(width: int) -> str:
        for columns in widths:
            terminal.resize(columns)
        return f"made for {width}"

    with drawing(None) as shown:
        shown.start()
        shown.draw(body)

        assert terminal.rows == ["made for 60"]


def test_the_live_screen_is_gone_at_the_end_and_the_story_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with live(monkeypatch) as (terminal, tell, _):
        tell(STARTED)
        tell(LogLine("joining"))
        tell(sample(96))

    assert terminal.rows == ["    0.0s  joining"]
    assert not terminal.screen.cursor.hidden


def test_the_terminal_is_restored_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with suppress(KeyboardInterrupt), live(monkeypatch) as (terminal, tell, _):
        tell(STARTED)
        tell(LogLine("joining"))
        assert terminal.screen.cursor.hidden
        raise KeyboardInterrupt

    assert terminal.rows == ["    0.0s  joining"]
    assert not terminal.screen.cursor.hidden


def test_samples_are_drawn_twice_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    with live(monkeypatch) as (terminal, tell, time):
        tell(STARTED)
        time.ms = 1_000
        tell(sample(20))
        drawn = len(terminal.getvalue())
        for _ in range(50):
            time.ms += 1
            tell(sample(30))

        time.ms = 1_499
        tell(sample(30))
        assert len(terminal.getvalue()) == drawn
        time.ms = 1_500
        tell(sample(40))
        assert "40.0 MiB" in terminal.text


def test_the_progress_is_told_in_the_time_that_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with live(monkeypatch) as (terminal, tell, time):
        tell(STARTED)
        time.ms = 90_000  # the holder has been there for long, and somebody was asked
        tell(sample(10, at_ms=90_000, phase="baseline"))
        before = terminal.rows[-1]
        time.ms = 91_000
        tell(sample(60, at_ms=91_000, held_mib=50))
        time.ms = 112_000
        tell(sample(60, at_ms=112_000, held_mib=50))
        row = terminal.rows[-1]

    assert (before, row) == ("starting  0.0s of 1m", "hold  21s of 1m")


def test_what_goes_on_over_several_loads_stands_above_the_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with live(monkeypatch, columns=120) as (terminal, tell, time):
        tell(STARTED)
        tell(Task("try 3 of about 12; about 2m left"))
        for number in (1, 2):  # the second agent's time begins anew
            tell(hello())
            tell(sample(10, at_ms=100, phase="ramp"))
            time.ms = number * 60_000
            tell(sample(20, at_ms=5_100))
        rows = terminal.rows[-2:]

    assert rows == ["try 3 of about 12; about 2m left", "hold  5s of 1m"]


def test_wide_shows_more_live_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with live(monkeypatch, columns=250, output="wide") as (terminal, tell, _):
        tell(STARTED)
        tell(LogLine("joining"))

        assert "PSI SOME/FULL" in terminal.text


def view(*steps: What) -> str:
    tell = Telling(silent)
    for step in (STARTED, *steps):
        tell(step)
    return tables([tell.state], wide=False, width=200)


def test_the_view_shows_the_latest_of_everything() -> None:
    restarted = pod().container("app").with_container_status(restartCount=7, ready=False)
    status = ContainerStatus.from_pod(restarted.dict, "app")
    agent = Process(40, "agent", "load", 50 * MIB, 998, 180 * MIB)

    row, *_, last = view(sample(96), StatusSeen(status), Processes(0, (agent,))).splitlines()[1:]

    assert row.split()[:5] == ["web", "96.0", "MiB", "75.0%", "128.0"]
    assert "7" in row.split()
    assert last.startswith("40   agent")


@pytest.mark.parametrize(("phase", "is_noted"), [("hold", True), ("ramp", False)])
def test_where_the_rest_of_the_usage_is_is_said_while_a_load_is_held(
    phase: str, is_noted: bool
) -> None:
    text = view(sample(96, held_mib=50, phase=phase, file_bytes=80 * MIB))

    assert ("the usage (96.0 MiB) is more than" in text) is is_noted


def test_oom_kills_on_the_live_screen_are_those_of_the_run() -> None:
    text = view(sample(96, oom_kill=4), sample(96, oom_kill=6))

    assert table_cell(text, "OOM KILLS") == "2"


def test_oom_kills_before_a_restart_are_unknown_and_never_negative() -> None:
    """On cgroup v1 the new container's counter begins at 0 again."""
    text = view(sample(96, oom_kill=1), sample(12, oom_kill=0))

    assert table_cell(text, "OOM KILLS") == "unknown"


def test_nobody_is_said_to_die_first_in_a_container_that_has_ended() -> None:
    holder = Process(23, "agent", "holder", MIB, 999, 200 * MIB)
    again = pod().container("app").with_container_status(containerID="containerd://app-2")
    status = ContainerStatus.from_pod(again.dict, "app")

    before = view(sample(96), Processes(0, (holder,)))
    after = view(sample(96), Processes(0, (holder,)), StatusSeen(status))

    assert "COMMAND" in before
    assert "COMMAND" not in after


def test_a_counter_that_cannot_be_read_is_unknown_on_the_live_screen() -> None:
    text = view(sample(96, oom_kill=None), sample(96, oom_kill=None))

    assert table_cell(text, "OOM KILLS") == "unknown"


def test_before_the_first_sample_nobody_was_killed() -> None:
    assert table_cell(view(), "OOM KILLS") == "0"


def table_cell(text: str, heading: str) -> str:
    head, row = text.splitlines()[:2]
    return row[head.index(heading) :].split()[0]
