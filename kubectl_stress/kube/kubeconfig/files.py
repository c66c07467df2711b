"""Kubeconfig files: which there are, what stands in them, and several as one.

KUBECONFIG lists files, and of each name the first file's entry wins as a whole; relative paths
belong to the file that they are in (k8s.io/client-go/tools/clientcmd/loader.go).
"""

import base64
import binascii
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kubectl_stress.errors import StressError, UsageError
from kubectl_stress.kube.connection import ConnectionFlags
from kubectl_stress.kube.kubeconfig.documents import parse
from kubectl_stress.text import why_unreadable


@dataclass(frozen=True)
class Entry:
    """One cluster, user or context, and the folder its relative paths start from."""

    name: str
    values: Mapping[str, Any]
    folder: Path

    def text(self, key: str) -> str:
        """The string under a key, "" where there is none; StressError for anything else."""
        value = self.values.get(key)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        raise self._misshapen(key, "a string: put it in quotes")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty where there is none."""
        values = self._list(key)
        if all(isinstance(value, str) for value in values):
            return tuple(values)
        raise self._misshapen(key, "a list of strings")

    def nested(self, key: str) -> "Entry | None":
        """The mapping under a key, as an entry of the same name and folder."""
        value = self.values.get(key)
        if isinstance(value, dict):
            return replace(self, values=value)
        if value is None:
            return None
        raise self._misshapen(key, "a mapping")

    def all_nested(self, key: str) -> "list[Entry]":
        """A list of mappings, as entries of the same name and folder."""
        values = self._list(key)
        if all(isinstance(value, dict) for value in values):
            return [replace(self, values=value) for value in values]
        raise self._misshapen(key, "a list of mappings")

    def flag(self, key: str) -> bool:
        """Whether the value is true; StressError for anything but true and false."""
        value = self.values.get(key)
        if isinstance(value, bool | None):
            return bool(value)
        raise self._misshapen(key, "true or false, without quotes")

    def secret(self, key: str) -> str:
        """A string that is no placeholder of `kubectl config view`; StressError where it is one."""
        text = self.text(key)
        if text in _LEFT_OUT:
            raise StressError(
                f'kubeconfig: {key} of "{self.name}" was left out when the file was printed: use '
                '"kubectl config view --raw"'
            )
        return text

    def path(self, key: str) -> Path | None:
        """A path, relative to the folder of the file that names it."""
        text = self.text(key)
        return self.folder / text if text else None

    def _list(self, key: str) -> list[Any]:
        value = self.values.get(key)
        if value is None or isinstance(value, list):
            return value or []
        raise self._misshapen(key, "a list")

    def _misshapen(self, key: str, wanted: str) -> StressError:
        return StressError(f'kubeconfig: {key} of "{self.name}" is not {wanted}')


@dataclass(frozen=True)
class Kubeconfig:
    """One kubeconfig file, or several merged."""

    current_context: str = ""
    clusters: Mapping[str, Entry] = field(default_factory=dict)
    users: Mapping[str, Entry] = field(default_factory=dict)
    contexts: Mapping[str, Entry] = field(default_factory=dict)


NOTHING = Entry("", {}, Path())
# What `kubectl config view` prints in the place of bytes and of secrets.
_LEFT_OUT = ("DATA+OMITTED", "REDACTED")


def files(flags: ConnectionFlags, environ: Mapping[str, str]) -> list[Path]:
    """Where files may be, first wins; all but the one of --kubeconfig may be missing."""
    if flags.kubeconfig:
        return [Path(flags.kubeconfig)]
    if environ.get("KUBECONFIG"):
        listed = environ["KUBECONFIG"].split(os.pathsep)
        return [Path(name) for name in dict.fromkeys(listed) if name]
    return [home(environ) / ".kube" / "config"]


def home(environ: Mapping[str, str]) -> Path:
    """The home folder, as kubectl finds it."""
    return Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())


def read(path: Path, *, may_be_missing: bool) -> Kubeconfig:
    """One file; UsageError where it is missing, StressError where it is none."""
    try:
        document = parse(path.read_bytes())
    except FileNotFoundError as error:
        if may_be_missing:
            return Kubeconfig()
        raise UsageError(f"--kubeconfig {path}: no such file") from error
    except (OSError, ValueError) as error:
        raise StressError(f"kubeconfig {path} cannot be read: {why_unreadable(error)}") from error
    _check_kind(document, path)
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100 - a symlink keeps its own folder
    current = document.get("current-context")
    return Kubeconfig(
        current_context=current if isinstance(current, str) else "",
        clusters=_entries(document, "clusters", "cluster", folder, path),
        users=_entries(document, "users", "user", folder, path),
        contexts=_entries(document, "contexts", "context", folder, path),
    )


def _check_kind(document: Mapping[str, Any], path: Path) -> None:
    for key, wanted in (("kind", "Config"), ("apiVersion", "v1")):
        found = document.get(key)
        if found not in (None, "", wanted):
            raise StressError(f"kubeconfig {path} is not a kubeconfig file: its {key} is {found}")


def _entries(
    document: Mapping[str, Any], plural: str, singular: str, folder: Path, path: Path
) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    listed = document.get(plural) or []
    for item in listed if isinstance(listed, list) else [None]:
        values = item.get(singular) if isinstance(item, dict) else None
        if not isinstance(values, dict | None) or not isinstance(item, dict):
            raise StressError(f"kubeconfig {path}: an entry of {plural} cannot be understood")
        name = str(item.get("name", ""))
        if name in entries:
            raise StressError(f'kubeconfig {path}: {singular} "{name}" is there twice')
        entries[name] = Entry(name, values or {}, folder)
    return entries


def merged(configs: list[Kubeconfig]) -> Kubeconfig:
    """Several files as one: of each name the first file's entry wins as a whole."""
    return Kubeconfig(
        current_context=next((c.current_context for c in configs if c.current_context), ""),
        clusters=_first_wins(c.clusters for c in configs),
        users=_first_wins(c.users for c in configs),
        contexts=_first_wins(c.contexts for c in configs),
    )


def _first_wins(maps: Iterable[Mapping[str, Entry]]) -> dict[str, Entry]:
    merged: dict[str, Entry] = {}
    for entries in maps:
        merged = {**entries, **merged}
    return merged


def pem(entry: Entry, key: str) -> bytes | None:
    """The bytes of KEY-data, or else of the file that KEY names."""
    data = entry.secret(f"{key}-data")
    if data:
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except binascii.Error as error:
            message = f'kubeconfig: {key}-data of "{entry.name}" is not base64'
            raise StressError(message) from error
    path = entry.path(key)
    return content(path, f'{key} of "{entry.name}"') if path else None


def content(path: Path, what: str) -> bytes:
    """The bytes of a file; StressError that begins with `what` where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise StressError(f"{what}: {path}: {error.strerror}") from error
