"""What is told during a run where no terminal is: plain lines, and JSON lines on stdout."""

import json

import pytest

from kubectl_stress.agent.protocol import AgentError, Processes
from kubectl_stress.live.json_lines import JsonLines
from kubectl_stress.live.listeners import listening
from kubectl_stress.live.plain import PlainLog
from kubectl_stress.live.sentences import Marks, sentence
from kubectl_stress.session.progress import LogLine, StatusSeen, What
from tests.builders.pods import MIB, bye, hello, sample, terminated, worker_killed
from tests.fakes.time import FakeTime
from tests.unit.live.telling import STARTED, STATUS, Telling, silent

KILLED = terminated("OOMKilled", 137)


def test_a_plain_line_tells_each_step_with_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    time = FakeTime()
    tell = Telling(PlainLog(time.now_ms, Marks(1)))

    tell(LogLine("joining"))
    time.ms = 12_340
    tell(KILLED)

    captured = capsys.readouterr()
    assert captured.err == ("    0.0s  joining\n   12.3s  container terminated: OOMKilled (137)\n")
    assert captured.out == ""


def test_a_quiet_stretch_gets_a_plain_line_each_ten_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    time = FakeTime()
    tell = Telling(PlainLog(time.now_ms, Marks(1)))
    tell(STARTED)

    for at_ms in range(0, 30_001, 100):
        time.ms = at_ms
        tell(sample(96, held_mib=50))

    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["10.0s", "20.0s", "30.0s"]
    assert lines[0].endswith(
        "usage 96.0 MiB (75.0% of the limit), working set 96.0 MiB, load 50.0 MiB"
    )


def test_a_step_puts_the_next_plain_sample_off(capsys: pytest.CaptureFixture[str]) -> None:
    time = FakeTime()
    tell = Telling(PlainLog(time.now_ms, Marks(1)))

    steps: list[tuple[int, What]] = [
        (9_000, LogLine("step")),
        (18_900, sample(96)),
        (19_000, sample(96)),
    ]
    for at_ms, progress in steps:
        time.ms = at_ms
        tell(progress)

    starts = [line.split()[0] for line in capsys.readouterr().err.splitlines()]
    assert starts == ["9.0s", "19.0s"]


def test_plain_lines_carry_no_escape_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with listening(quiet=False, output="table", color=True, now_ms=FakeTime().now_ms) as heard:
        tell = Telling(heard)
        for progress in (STARTED, LogLine("a"), hello(), sample(96), worker_killed(), KILLED):
            tell(progress)

    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\r" not in err


def test_quiet_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with listening(quiet=True, output="table", color=None, now_ms=FakeTime().now_ms) as heard:
        tell = Telling(heard)
        for progress in (STARTED, LogLine("a"), sample(96), KILLED):
            tell(progress)

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("quiet", [True, False])
def test_samples_and_changes_come_as_json_lines_on_stdout(
    capsys: pytest.CaptureFixture[str], quiet: bool
) -> None:
    with listening(quiet=quiet, output="jsonl", color=None, now_ms=FakeTime().now_ms) as heard:
        tell = Telling(heard)
        for progress in (STARTED, LogLine("a"), sample(96), KILLED, bye()):
            tell(progress)

    captured = capsys.readouterr()
    assert [json.loads(line)["type"] for line in captured.out.splitlines()] == ["sample", "change"]
    assert bool(captured.err) is not quiet


def test_other_formats_leave_stdout_to_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    with listening(quiet=False, output="json", color=None, now_ms=FakeTime().now_ms) as heard:
        tell = Telling(heard)
        tell(sample(96))
        tell(KILLED)

    assert capsys.readouterr().out == ""


def test_a_json_line_is_written_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    Telling(JsonLines())(sample(96))

    assert json.loads(capsys.readouterr().out)["usage_bytes"] == 96 * MIB


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (LogLine("joining"), "joining"),
        (KILLED, "OOMKilled (137)"),
        (worker_killed(), "worker 41 killed by signal 9 holding 100.0 MiB (oom_kill 1)"),
        (hello(cgroup_version=1), "agent 0.1.0 verified its cgroup (v1)"),
        (AgentError("x", "no memory"), "agent: no memory"),
        (bye("stopped"), "the agent ended: stopped"),
    ],
)
def test_each_step_has_a_sentence(progress: What, words: str) -> None:
    tell = Telling(silent)
    tell(STARTED)

    assert words in (sentence(tell.state, progress) or "")


@pytest.mark.parametrize("progress", [bye(), sample(), Processes(0, ()), StatusSeen(STATUS)])
def test_what_the_table_shows_has_no_sentence(progress: What) -> None:
    tell = Telling(silent)
    tell(STARTED)

    assert sentence(tell.state, progress) is None
