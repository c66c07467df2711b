"""The record of a search: each try on the disk as it ends, and a way to go on with it."""

from pathlib import Path

import pytest

from kubectl_stress.errors import Interrupted, Refused, UsageError
from kubectl_stress.live.limit_recorder import LimitRecorder, recording_search
from kubectl_stress.results.limit_record import LimitHeader, read_limit_record
from kubectl_stress.search.tries import Mark, Try
from tests.builders.pods import MIB, target
from tests.builders.simulated_app import settings
from tests.fakes.full_disk import FullDisk

HEADER = LimitHeader("0.2.0", target(), settings(), 10 * MIB)
TRY = Try(64 * MIB, Mark.FITS, "survived", took_ms=20_000)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "search.jsonl"

    with recording_search(str(path), is_resumed=False) as recorder:
        recorder.begin(HEADER)
        recorder.keep(TRY)
        record = read_limit_record(path.read_bytes())  # before anything is closed

    assert (record.header, record.tries) == (HEADER, [TRY])


def test_a_search_that_is_refused_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "search.jsonl"

    with pytest.raises(Refused), recording_search(str(path), is_resumed=False):
        raise Refused("not confirmed")

    assert not path.exists()


def test_an_interrupted_search_says_how_it_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "search.jsonl"

    def interrupted() -> None:
        with recording_search(str(path), is_resumed=False) as recorder:
            recorder.begin(HEADER)
            raise Interrupted("interrupted; the load has been released")

    with pytest.raises(Interrupted, match=rf"released; --resume {path} goes on with it"):
        interrupted()


def test_a_line_that_was_cut_off_is_taken_off_before_others_follow(tmp_path: Path) -> None:
    path = tmp_path / "search.jsonl"
    with recording_search(str(path), is_resumed=False) as recorder:
        recorder.begin(HEADER)
        recorder.keep(TRY)
    path.write_bytes(path.read_bytes() + b'{"type":"try","lev')

    with recording_search(str(path), is_resumed=True) as recorder:
        recorder.begin(HEADER)
        recorder.keep(TRY)

    assert read_limit_record(path.read_bytes()).tries == [TRY, TRY]
    assert path.read_bytes().count(b'"search"') == 1


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere" / "search.jsonl")

    with pytest.raises(UsageError, match="No such file"), recording_search(path, is_resumed=False):
        pass


def test_a_full_disk_ends_the_recording_and_not_the_search(
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorder = LimitRecorder(FullDisk(), is_resumed=False)

    recorder.begin(HEADER)
    recorder.keep(TRY)

    told = "warning: /run.jsonl: recording stopped: No space left on device\n"
    assert capsys.readouterr().err == told


def test_a_file_that_is_removed_meanwhile_costs_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "search.jsonl"

    with recording_search(str(path), is_resumed=False) as recorder:
        recorder.begin(HEADER)
        path.unlink()
        recorder.keep(TRY)

    assert not path.exists()
