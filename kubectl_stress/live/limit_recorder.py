"""Writes a search to a file, each try as it ends: a killed client can go on from there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from kubectl_stress.errors import Interrupted, UsageError
from kubectl_stress.live.record_file import close_record, has_content, written
from kubectl_stress.results.limit_record import (
    LimitHeader,
    end_line,
    header_line,
    try_line,
    whole_lines,
)
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.tries import Try
from kubectl_stress.search.units import Searched


class LimitRecorder:
    """One file; without one it writes nothing. `is_resumed`: it has its first line already."""

    def __init__(self, file: TextIO | None, *, is_resumed: bool) -> None:
        self._file, self._has_header = file, is_resumed
        self._resource = Searched.MEMORY

    def begin(self, header: LimitHeader) -> None:
        """Write what was asked for."""
        self._resource = header.settings.resource
        if not self._has_header:
            self._write(header_line(header))

    def keep(self, one: Try) -> None:
        """Write a try, so that it stands on the disk before the next one begins."""
        self._write(try_line(one, self._resource))

    def finish(self, result: LimitResult) -> None:
        """Write the last line."""
        self._write(end_line(result))

    def _write(self, line: str) -> None:
        if self._file is not None:
            self._file = written(self._file, line, is_synced=True)


@contextmanager
def recording_search(path: str | None, *, is_resumed: bool) -> Iterator[LimitRecorder]:
    """A recorder on a new file, or on one that is gone on with; raises UsageError.

    A search that ends before its first try leaves no empty file behind.
    """
    if path is None:
        yield LimitRecorder(None, is_resumed=False)
        return
    try:
        file = _opened(Path(path), is_resumed=is_resumed)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    try:
        yield LimitRecorder(file, is_resumed=is_resumed)
    except Interrupted as error:
        if has_content(Path(path)):
            raise Interrupted(f"{error}; --resume {path} goes on with it") from None
        raise
    finally:
        close_record(file, Path(path))


def _opened(path: Path, *, is_resumed: bool) -> TextIO:
    if not is_resumed:
        return path.open("x", encoding="utf-8")
    os.truncate(path, len(whole_lines(path.read_bytes())))
    return path.open("a", encoding="utf-8")
