"""The file that a recording is written to."""

from pathlib import Path
from typing import get_args

import pytest

from kubectl_stress.agent.protocol import Garbage
from kubectl_stress.errors import UsageError
from kubectl_stress.injection.probe import Reading
from kubectl_stress.live.recorder import _NAMES, Recorder, recording_to
from kubectl_stress.results.recording import read_recording, to_report
from kubectl_stress.session.progress import (
    Afterwards,
    Attached,
    Finished,
    LogLine,
    Started,
    StatusSeen,
    Task,
    What,
)
from tests.builders import runs
from tests.builders.pods import hello, plan, sample
from tests.fakes.full_disk import FullDisk
from tests.unit.live.telling import Telling

STARTED = Started(plan(), Reading(hello(), sample(12), (runs.APP,)), runs.status(), "holder-1")


def test_each_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"

    with recording_to(str(path)) as recorder:
        tell = Telling(recorder)
        tell(STARTED)
        tell(sample(20, at_ms=300))

        recording = read_recording(path.read_bytes())

    assert recording.of_type("sample") == [sample(20, at_ms=300)]
    assert recording.header.holder == "holder-1"


def test_without_a_file_nothing_is_made_of_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> str:
        raise AssertionError("a line was made that nobody writes")

    monkeypatch.setattr("kubectl_stress.live.recorder.value_line", fail)

    with recording_to(None) as recorder:
        Telling(recorder)(sample(20, at_ms=300))


def test_a_run_is_told_the_same_by_its_recording(tmp_path: Path) -> None:
    path, report = tmp_path / "run.jsonl", runs.group_killed()

    with recording_to(str(path)) as recorder:
        tell = Telling(recorder)
        tell(STARTED)
        for seen in report.findings.samples.samples:
            tell(seen)
        for change in report.findings.changes:
            tell(change)
        tell(StatusSeen(report.after))
        tell(report.findings.ending)
        tell(Afterwards(sample(12, oom_kill=1)))
        recorder.finish(report)

    again = to_report(read_recording(path.read_bytes()))
    assert again.after == report.after
    assert again.findings.changes == report.findings.changes
    assert again.findings.afterwards == sample(12, oom_kill=1)


def test_all_that_a_run_tells_is_recorded_but_its_story() -> None:
    by_hand = {Started, StatusSeen, Afterwards}

    assert set(get_args(What)) - by_hand - set(_NAMES) == {LogLine, Task, Attached, Finished}


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("mine")

    with pytest.raises(UsageError, match=r"exists.*choose another name"), recording_to(str(path)):
        pass

    assert path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "run.jsonl"

    with pytest.raises(UsageError, match="No such file"), recording_to(str(path)):
        pass


def test_a_run_without_a_load_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"

    with recording_to(str(path)) as recorder:
        tell = Telling(recorder)
        tell(LogLine("adding the ephemeral container"))

    assert not path.exists()


def test_without_a_file_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    with recording_to(None) as recorder:
        tell = Telling(recorder)
        tell(STARTED)
        tell(Garbage("x"))

    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_full_disk_ends_the_recording_and_not_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell = Telling(Recorder(FullDisk()))

    tell(STARTED)
    tell(sample())

    told = "warning: /run.jsonl: recording stopped: No space left on device\n"
    assert capsys.readouterr().err == told
