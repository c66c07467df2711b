"""A search as JSON lines: what was asked, then each try as it ends, then the result. Pure.

A search that was killed goes on from its record, whose last line may be cut off.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubectl_stress.errors import RecordingError, StressError
from kubectl_stress.plan.limit_patch import LimitPatch
from kubectl_stress.results.dataclass_json import from_json, to_json
from kubectl_stress.results.limit_keys import with_units, without_units
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.answer import Answer
from kubectl_stress.search.levels import ended_early
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Try
from kubectl_stress.search.units import Searched
from kubectl_stress.targets.target import Target

SCHEMA = "kubectl-stress/limit-search/v1"
# Of a value that cannot be: some refuse themselves as they would an option.
_UNREADABLE = (ValueError, StressError)


@dataclass(frozen=True)
class LimitHeader:
    """What was known before the first try."""

    version: str
    target: Target
    settings: SearchSettings
    usage: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _End:
    """What follows the last try."""

    answer: Answer
    patches: tuple[LimitPatch, ...] = ()
    expected: int | None = None


@dataclass
class LimitRecord:
    """What a file holds; `end` is None for a search that did not end."""

    header: LimitHeader
    tries: list[Try] = field(default_factory=list)
    end: _End | None = None

    @property
    def result(self) -> LimitResult:
        """The search, also where it was ended before its answer."""
        header = self.header
        end = self.end or _End(ended_early(header.settings, self.tries))
        return LimitResult(
            target=header.target,
            settings=header.settings,
            tries=tuple(self.tries),
            answer=end.answer,
            usage=header.usage,
            notes=header.notes,
            patches=end.patches,
            expected=end.expected,
        )


def header_line(header: LimitHeader) -> str:
    """The first line."""
    resource, values = header.settings.resource, to_json(header)
    values = {**values, "settings": with_units(values["settings"], resource)}
    return _line({"type": "search", "schema": SCHEMA, **with_units(values, resource)})


def try_line(one: Try, resource: Searched) -> str:
    """A try, as it ends."""
    return _line({"type": "try", **with_units(to_json(one), resource)})


def end_line(result: LimitResult) -> str:
    """The last line."""
    resource = result.settings.resource
    values = to_json(_End(result.answer, result.patches, result.expected))
    values = {**values, "answer": with_units(values["answer"], resource)}
    return _line({"type": "end", **with_units(values, resource)})


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":"), allow_nan=False) + "\n"


def is_limit_record(data: bytes) -> bool:
    """Whether a recording is one of a search."""
    first = _object(data.partition(b"\n")[0])
    return first is not None and first.get("type") == "search"


def read_limit_record(data: bytes) -> LimitRecord:
    """The search in `data`, up to the first line that cannot be read; raises RecordingError."""
    lines = data.splitlines()
    first = _object(lines[0]) if lines else None
    if first is None or first.get("type") != "search":
        raise RecordingError("not the record of a search (kubectl stress find-limit --record)")
    if first.get("schema") != SCHEMA:
        raise RecordingError(
            f"this recording has the schema {str(first.get('schema'))[:60]!r}, and this version "
            f"reads {SCHEMA}: use the version that wrote it"
        )
    try:
        record = LimitRecord(from_json(LimitHeader, _read(first, "settings")))
    except _UNREADABLE as error:
        raise RecordingError(f"line 1: {error}") from error
    _take(record, lines[1:])
    return record


def _take(record: LimitRecord, lines: Iterable[bytes]) -> None:
    for line in lines:
        values = _object(line)
        try:
            if values is not None and values.get("type") == "try":
                record.tries.append(from_json(Try, without_units(values)))
                record.end = None
            elif values is not None and values.get("type") == "end":
                record.end = from_json(_End, _read(values, "answer"))
            elif values is None or values.get("type") != "search":
                return
        except _UNREADABLE:
            return


def _read(values: Mapping[str, Any], inner: str) -> dict[str, Any]:
    """Without the units in the names of its amounts, and of those of the object in it."""
    found = without_units(values)
    if isinstance(found.get(inner), dict):
        found[inner] = without_units(found[inner])
    return found


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def whole_lines(data: bytes) -> bytes:
    """Without a last line that was cut off, so that others may follow."""
    return data[: data.rfind(b"\n") + 1]
