"""Frozen dataclasses to JSON and back, by their declared types. Pure: no I/O.

Reading is strict: whatever is not of the declared type raises ValueError, so that a value read back
is as sound as one that was built. Keys that are not declared are ignored, and a key with a default
may be absent: a newer version may write more, an older one less.
"""

import math
from typing import Any, TypeVar

import msgspec

from kubectl_stress.text import clean

Value = TypeVar("Value")

# The kernel's counters are of 64 bits; beyond that arithmetic on floats would overflow.
_LARGEST = 1 << 63


def to_json(value: Any) -> Any:
    """What `json.dumps` takes for a value of ours."""
    return msgspec.to_builtins(value)


def from_json(kind: type[Value], data: Any) -> Value:
    """The value of the dataclass `kind` that `to_json` wrote as `data`; raises ValueError."""
    return msgspec.convert(_sound(data), kind)


def _sound(data: Any) -> Any:
    """Numbers as small as the kernel's, and texts that a terminal can show."""
    if isinstance(data, dict):
        return {clean(key): _sound(entry) for key, entry in data.items()}
    if isinstance(data, list):
        return [_sound(entry) for entry in data]
    if isinstance(data, str):
        return clean(data)
    if isinstance(data, float) and not math.isfinite(data):
        raise ValueError("not a finite number")
    if isinstance(data, int) and not -_LARGEST <= data < _LARGEST:
        raise ValueError("more than 64 bits")
    return data
