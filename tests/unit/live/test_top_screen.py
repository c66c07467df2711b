"""`top` while it goes on, as a terminal shows it."""

import json

import pytest

from kubectl_stress.errors import TargetError
from kubectl_stress.live.top_screen import listening_to_top
from kubectl_stress.session.probe_stream import Attached, Finished
from kubectl_stress.session.progress import LogLine
from tests.builders.pods import sample, terminated
from tests.fakes.time import FakeTime
from tests.unit.formats.test_top_text import state
from tests.unit.live.test_live_screen import Terminal


def terminal_of(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    shown = Terminal(120)
    monkeypatch.setattr("sys.stderr", shown)
    for name, value in {"COLUMNS": "120", "LINES": "40", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    return shown


def test_the_table_is_drawn_in_place_under_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, time, web = terminal_of(monkeypatch), FakeTime(), state()
    with listening_to_top(
        quiet=False, output="table", is_live=True, color=None, now_ms=time.now_ms
    ) as tell:
        tell(web, LogLine("added ephemeral container kubectl-stress-abc"))
        tell(web, Attached("kubectl-stress-abc"))
        for _ in range(5):
            time.ms += 1_000
            tell(web, sample(96))
        tell(web, terminated("OOMKilled", 137))
        rows = terminal.rows

    assert rows[0].endswith("web: added ephemeral container kubectl-stress-abc")
    assert rows[1].endswith("web: container terminated: OOMKilled (137)")
    assert rows[2].startswith("POD  LIMIT")
    assert "\n".join(rows).count("WORKING SET") == 1
    assert "host's memory" in rows[-1]
    assert not any("WORKING SET" in row for row in terminal.rows)  # gone at the end


def test_without_a_terminal_it_is_lines(capsys: pytest.CaptureFixture[str]) -> None:
    time, web = FakeTime(), state()
    with listening_to_top(
        quiet=False, output="table", is_live=True, color=None, now_ms=time.now_ms
    ) as tell:
        for _ in range(25):
            time.ms += 1_000
            tell(web, sample(96))
        tell(web, Finished(TargetError("restarted")))

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0] == ("   11.0s  web: usage 96.0 MiB, working set 96.0 MiB, limit 128.0 MiB")
    assert lines[-1].endswith("web: no more readings: restarted")


def test_quiet_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with listening_to_top(
        quiet=True, output="table", is_live=True, color=None, now_ms=FakeTime().now_ms
    ) as tell:
        tell(state(), LogLine("x"))

    assert capsys.readouterr() == ("", "")


def test_jsonl_says_of_each_sample_whose_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with listening_to_top(
        quiet=True, output="jsonl", is_live=True, color=None, now_ms=FakeTime().now_ms
    ) as tell:
        tell(state("web"), sample(96))
        tell(state("db"), terminated("OOMKilled", 137))

    progress = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["type"], line["pod"]) for line in progress] == [
        ("sample", "web"),
        ("change", "db"),
    ]
