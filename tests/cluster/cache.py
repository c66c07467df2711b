"""Built things, kept under a hash of all they are built from.

Each artefact is a folder, complete or absent: it is built beside its place and renamed into it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.cluster.paths import cache_folder

KEPT_OF_EACH_KIND = 2


def key_of(*parts: str | bytes | Path) -> str:
    """Hash texts and files (a folder: every file in it, with its name) to a short key."""
    whole = hashlib.sha256()
    for part in parts:
        for content in _contents(part):
            whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()[:16]


def artefact(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """Give the folder of this kind and key, having `build` fill it if it is not there yet."""
    home = cache_folder()
    home.mkdir(parents=True, exist_ok=True)
    place = home / f"{kind}-{key}"
    if not place.is_dir():
        with exclusive(home / f"{kind}.lock"):
            if not place.is_dir():
                _build_into(place, build)
                _prune(home, kind)
    with suppress(OSError):  # a cache that may only be read is as good
        os.utime(place)
    return place


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold a lock file; it is free again when the process ends, however it ends."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _still_there(lock, file.fileno()):
                continue  # its last holder removed it while we waited
            yield
            return


def _still_there(lock: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(lock.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _contents(part: str | bytes | Path) -> Iterator[bytes]:
    if isinstance(part, str):
        yield part.encode()
    elif isinstance(part, bytes):
        yield part
    elif part.is_dir():
        for file in sorted(found for found in part.rglob("*") if found.is_file()):
            yield str(file.relative_to(part)).encode()
            yield file.read_bytes()
    else:
        yield part.read_bytes()


def _build_into(place: Path, build: Callable[[Path], None]) -> None:
    kind = place.name.rpartition("-")[0]
    # We hold the lock of this kind, so an unfinished folder is one whose builder was killed.
    for unfinished in place.parent.glob(f".{kind}-unfinished-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    building = Path(tempfile.mkdtemp(prefix=f".{kind}-unfinished-", dir=place.parent))
    try:
        build(building)
        building.rename(place)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _prune(home: Path, kind: str) -> None:
    places = [path for path in home.glob(f"{kind}-*") if path.name.rpartition("-")[0] == kind]
    places.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for old in places[KEPT_OF_EACH_KIND:]:
        shutil.rmtree(old, ignore_errors=True)
