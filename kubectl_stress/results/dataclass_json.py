"""Frozen dataclasses to JSON and back, by their declared types. Pure: no I/O.

Reading is strict: whatever is not of the declared type raises ValueError, so that a value read back
is as sound as one that was built. Keys that are not declared are ignored, and a key with a default
may be absent: a newer version may write more, an older one less.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from kubectl_stress.text import clean

Value = TypeVar("Value")

# The kernel's counters are of 64 bits; beyond that arithmetic on floats would overflow.
_LARGEST = 1 << 63


def to_json(value: Any) -> Any:
    """What `json.dumps` takes for a value of ours."""
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {key: to_json(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(entry) for entry in value]
    return value


def from_json(kind: type[Value], data: Any) -> Value:
    """The value of the dataclass `kind` that `to_json` wrote as `data`; raises ValueError."""
    result: Value = _read(kind, data)
    return result


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, data: Any) -> Any:
    if kind is Any:
        return data
    if is_dataclass(kind):
        return _read_dataclass(kind, data)
    if get_origin(kind) in (UnionType, Union):
        return _read_optional(kind, data)
    if get_origin(kind) is tuple:
        return _read_tuple(get_args(kind), data)
    if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping):
        of_entry = get_args(kind)[1]
        return {_text(key): _read(of_entry, entry) for key, entry in _of(dict, data).items()}
    if issubclass(kind, Enum):
        return kind(data)
    return _SCALARS[kind](data)


def _read_dataclass(kind: Any, data: Any) -> Any:
    given, types = _of(dict, data), _types(kind)
    for field in fields(kind):
        is_needed = field.default is MISSING and field.default_factory is MISSING
        if is_needed and field.name not in given:
            raise ValueError(f"{field.name} is missing")
    present = [field.name for field in fields(kind) if field.name in given]
    return kind(**{name: _read(types[name], given[name]) for name in present})


def _read_optional(kind: Any, data: Any) -> Any:
    kinds = [entry for entry in get_args(kind) if entry is not type(None)]
    if data is None and len(kinds) < len(get_args(kind)):
        return None
    return _read(kinds[0], data)


def _read_tuple(kinds: tuple[Any, ...], data: Any) -> tuple[Any, ...]:
    entries = _of(list, data)
    if kinds[1:] == (...,):
        return tuple(_read(kinds[0], entry) for entry in entries)
    if len(entries) != len(kinds):
        raise ValueError(f"{len(kinds)} entries expected, {len(entries)} found")
    return tuple(_read(kind, entry) for kind, entry in zip(kinds, entries, strict=True))


def _of(kind: type, data: Any) -> Any:
    if type(data) is not kind:  # a bool is no int here
        raise ValueError(f"{kind.__name__} expected, {type(data).__name__} found")
    return data


def _whole(data: Any) -> int:
    number: int = _of(int, data)
    if not -_LARGEST <= number < _LARGEST:
        raise ValueError("more than 64 bits")
    return number


def _real(data: Any) -> float:
    number = float(data if type(data) is int else _of(float, data))
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _decimal(data: Any) -> Decimal:
    text = _text(data)
    _real(float(text))  # ValueError where it is no number
    return Decimal(text)


def _text(data: Any) -> str:
    """Text of a file that anybody may have written."""
    return clean(_of(str, data))


_SCALARS: dict[Any, Any] = {
    int: _whole,
    float: _real,
    str: _text,
    bool: lambda data: _of(bool, data),
    Decimal: _decimal,
}
