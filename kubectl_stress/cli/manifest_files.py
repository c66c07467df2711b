"""The files that `-f` names, read: the only I/O of manifests."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from kubectl_stress.errors import UsageError

_SUFFIXES = (".yaml", ".yml", ".json")


def read_files(names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Each file by its name, those of a folder in the order of theirs; raises UsageError."""
    for name in dict.fromkeys(names):
        if "://" in name:
            raise UsageError(f"{name}: URLs are not read; download the file and name it")
        if name == "-":
            yield "stdin", sys.stdin.buffer.read()
        elif Path(name).is_dir():
            yield from _of_folder(Path(name))
        else:
            yield name, _read(Path(name))


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """As kubectl reads a folder: not those below it."""
    found = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file())
    if not found:
        raise UsageError(f"{folder}: no {', '.join(_SUFFIXES)} file in this folder")
    yield from ((str(path), _read(path)) for path in found)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
