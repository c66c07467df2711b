"""`kubectl stress report` and `help`, as they are typed."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from kubectl_stress.cli.main import run_command_line
from kubectl_stress.formats.report_text import render
from kubectl_stress.results.report import Report
from kubectl_stress.verdict.outcome import INTERRUPTED, NOT_LOADED, Expectation, Outcome
from tests.builders import runs

Output = pytest.CaptureFixture[str]


def stress(*words: str) -> int:
    try:
        return run_command_line(words)
    except SystemExit as stopped:
        return stopped.code if isinstance(stopped.code, int) else 1


def file_of(folder: Path, report: Report) -> str:
    path = folder / "run.jsonl"
    path.write_bytes(runs.recorded(report))
    return str(path)


@pytest.mark.parametrize("output", ["table", "wide", "json", "yaml", "csv", "name"])
def test_a_recording_is_shown_as_the_run_was(tmp_path: Path, capsys: Output, output: str) -> None:
    report = runs.group_killed()

    assert stress("report", file_of(tmp_path, report), "-o", output) == 0

    out, err = capsys.readouterr()
    assert out == render(report, output) + "\n"
    assert err == ""


@pytest.mark.parametrize(
    ("output", "start"),
    [
        ("markdown", "### kubectl stress: group-oom-killed"),
        ("junit", "<?xml version="),
        ("html", "<!doctype html>"),
    ],
)
def test_the_formats_for_other_places(
    tmp_path: Path, capsys: Output, output: str, start: str
) -> None:
    assert stress("report", file_of(tmp_path, runs.group_killed()), "-o", output) == 0

    assert capsys.readouterr().out.startswith(start)


@pytest.mark.parametrize(
    ("report", "words", "code"),
    [
        (runs.survived(), [], 0),
        (runs.group_killed(), [], 0),
        (runs.group_killed(expectation=Expectation.OOM), [], 0),
        (runs.group_killed(expectation=Expectation.READY), [], 3),
        (runs.group_killed(expectation=Expectation.READY), ["--expect", "oom"], 0),
        (runs.group_killed(), ["--expect", "survive"], 3),
        (runs.cut_off(), [], 4),
        (runs.cut_off(expectation=Expectation.OOM), [], 4),
    ],
    ids=["survived", "kill", "met", "not-met", "other", "given", "inconclusive", "expected"],
)
def test_the_exit_code_is_that_of_the_run(
    tmp_path: Path, report: Report, words: list[str], code: int
) -> None:
    assert stress("report", file_of(tmp_path, report), *words) == code


def test_a_cut_recording_is_read_and_said_to_be_cut(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(runs.recorded(runs.survived())[:20_000])

    assert stress("report", str(path), "-o", "json") == 4

    out, err = capsys.readouterr()
    assert json.loads(out)["verdict"]["outcome"] == "inconclusive"
    assert err.startswith(f"warning: {path}: line ")
    assert err.count("\n") == 1


def test_quiet_leaves_the_damage_unsaid(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(runs.recorded(runs.survived(), is_finished=False))

    assert stress("report", str(path), "-q") == 0

    assert capsys.readouterr().err == ""


def test_a_verdict_that_changed_with_the_rules_is_told(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "run.jsonl"
    data = runs.recorded(runs.survived())
    path.write_bytes(data.replace(b'"outcome":"survived"', b'"outcome":"lived-on"'))

    assert stress("report", str(path)) == 0

    assert capsys.readouterr().err == "note: now judged survived, recorded as lived-on\n"


def test_what_is_no_recording_is_refused_in_one_line(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")

    assert stress("report", str(path)) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: not a kubectl stress recording: it has no header line\n"


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path, capsys: Output) -> None:
    assert stress("report", str(tmp_path / "none")) == 2

    assert "No such file" in capsys.readouterr().err


def test_the_plot_goes_with_the_table(tmp_path: Path, capsys: Output) -> None:
    stress("report", file_of(tmp_path, runs.group_killed()), "--plot")

    out, err = capsys.readouterr()
    assert "usage, limit 128.0 MiB" in out
    assert out.index("usage, limit") < out.index("VERDICT")
    assert err == ""


def test_the_plot_leaves_other_formats_whole(tmp_path: Path, capsys: Output) -> None:
    stress("report", file_of(tmp_path, runs.group_killed()), "--plot", "-o", "junit")

    out, err = capsys.readouterr()
    assert ET.fromstring(out).tag == "testsuites"
    assert "usage, limit 128.0 MiB" in err


def test_an_existing_file_is_refused_before_any_cluster_is_asked(
    tmp_path: Path, capsys: Output
) -> None:
    path = file_of(tmp_path, runs.survived())

    code = stress("mem", "web", "--size", "10Mi", "--record", path, "--server", "http://[::1]:1")

    assert code == 2
    assert f"{path} already exists: choose another name" in capsys.readouterr().err


@pytest.mark.parametrize("word", [*(one.value for one in Outcome), NOT_LOADED, INTERRUPTED])
def test_help_explains_every_outcome(word: str, capsys: Output) -> None:
    assert stress("help", word) == 0

    assert max(len(line) for line in capsys.readouterr().out.splitlines()) <= 80


def test_help_alone_lists_the_outcomes(capsys: Output) -> None:
    assert stress("help") == 0

    assert len(capsys.readouterr().out.splitlines()) == len(Outcome) + 2


def test_help_with_a_command_is_that_commands_help(capsys: Output) -> None:
    assert stress("help", "report") == 0

    assert capsys.readouterr().out.startswith("Usage: kubectl stress report [OPTIONS] FILE")


def test_help_for_an_unknown_word_names_the_outcomes(capsys: Output) -> None:
    assert stress("help", "exploded") == 2

    assert "(valid: survived, load-oom-killed" in capsys.readouterr().err
