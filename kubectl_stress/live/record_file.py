"""The file of a recording. What it does not take ends the recording, and never what is recorded."""

import os
import sys
from pathlib import Path
from typing import TextIO


def written(file: TextIO, text: str, *, is_synced: bool = False) -> TextIO | None:
    """The file once it has taken the text; None, which is told, where it takes no more.

    A full disk must not end a run whose load already stands: what is written stays. `is_synced`:
    the text is on the disk then.
    """
    try:
        file.write(text)
        file.flush()
        if is_synced:
            os.fsync(file.fileno())
    except OSError as error:
        print(f"warning: {file.name}: recording stopped: {error.strerror}", file=sys.stderr)
        return None
    return file


def has_content(path: Path) -> bool:
    """Whether anything was recorded; a file that somebody has removed meanwhile holds nothing."""
    return path.exists() and path.stat().st_size > 0


def close_record(file: TextIO, path: Path) -> None:
    """Close it; what ended before anything was recorded leaves no empty file behind."""
    try:
        file.close()
    except OSError:
        return  # told when it was written
    if not has_content(path):
        path.unlink(missing_ok=True)
