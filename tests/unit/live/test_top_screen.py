"""`top` while it goes on, as a terminal shows it."""

import json

import pytest

from kubectl_stress.agent.protocol import Processes
from kubectl_stress.errors import TargetError
from kubectl_stress.live.listeners import listening
from kubectl_stress.session.progress import Attached, Finished, LogLine
from tests.builders.pods import hello, sample, terminated
from tests.fakes.time import FakeTime
from tests.unit.live.telling import PROCESS, Telling
from tests.unit.live.test_live_screen import Terminal


def terminal_of(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    shown = Terminal(120)
    monkeypatch.setattr("sys.stderr", shown)
    for name, value in {"COLUMNS": "120", "LINES": "40", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    return shown


def test_the_table_is_drawn_in_place_under_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, time = terminal_of(monkeypatch), FakeTime()
    with listening(quiet=False, output="table", color=None, now_ms=time.now_ms) as heard:
        tell = Telling(heard)
        tell(LogLine("added ephemeral container kubectl-stress-abc"))
        tell(Attached("kubectl-stress-abc"))
        tell(hello())
        tell(Processes(0, (PROCESS,)))
        for _ in range(5):
            time.ms += 1_000
            tell(sample(96))
        tell(terminated("OOMKilled", 137))
        rows = terminal.rows

    assert rows[0].endswith("s  added ephemeral container kubectl-stress-abc")
    assert rows[1].endswith("s  container terminated: OOMKilled (137)")
    assert rows[2].startswith("POD  USAGE")
    assert "\n".join(rows).count("WORKING SET") == 1
    assert "host's memory" in rows[-1]
    assert not any("WORKING SET" in row for row in terminal.rows)  # gone at the end


def test_without_a_terminal_it_is_lines(capsys: pytest.CaptureFixture[str]) -> None:
    time = FakeTime()
    with listening(quiet=False, output="table", color=None, now_ms=time.now_ms) as heard:
        tell = Telling(heard)
        for _ in range(25):
            time.ms += 1_000
            tell(sample(96))
        tell(Finished(TargetError("restarted")))

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0] == "   10.0s  usage 96.0 MiB (75.0% of the limit), working set 96.0 MiB"
    assert lines[-1].endswith("s  no more readings: restarted")


def test_of_several_targets_each_line_says_whose_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    now_ms = FakeTime().now_ms
    with listening(quiet=False, output="table", color=None, now_ms=now_ms, target_count=2) as heard:
        for name in ("web", "db"):
            Telling(heard, name)(LogLine("attached"))

    assert capsys.readouterr().err == "    0.0s  web: attached\n    0.0s  db: attached\n"


def test_one_reading_is_shown_by_the_answer_alone(capsys: pytest.CaptureFixture[str]) -> None:
    time = FakeTime()
    with listening(
        quiet=False, output="table", color=None, now_ms=time.now_ms, has_samples=False
    ) as heard:
        time.ms = 30_000
        Telling(heard)(sample(96))

    assert capsys.readouterr() == ("", "")


def test_jsonl_says_of_each_sample_whose_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with listening(quiet=True, output="jsonl", color=None, now_ms=FakeTime().now_ms) as heard:
        Telling(heard, "web")(sample(96))
        Telling(heard, "db")(terminated("OOMKilled", 137))

    progress = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["type"], line["pod"]) for line in progress] == [
        ("sample", "web"),
        ("change", "db"),
    ]


def test_the_rows_stand_in_the_order_of_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, time = terminal_of(monkeypatch), FakeTime()
    with listening(
        quiet=False, output="table", color=None, now_ms=time.now_ms, target_count=3
    ) as heard:
        listeners = [Telling(heard, name, number=number) for number, name in enumerate("cab")]
        for tell in reversed(listeners):
            time.ms += 1_000
            tell(Attached("kubectl-stress-abc"))
            tell(hello())
            tell(sample(96))
        time.ms += 1_000
        listeners[0](sample(97))
        rows = terminal.rows

    head = next(number for number, row in enumerate(rows) if row.startswith("POD"))
    assert [row.split()[0] for row in rows[head + 1 : head + 4]] == ["c", "a", "b"]
