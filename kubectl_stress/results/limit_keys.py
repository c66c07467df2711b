"""The names of amounts in JSON, which end with their unit: `survived_bytes`. Pure."""

from collections.abc import Mapping
from typing import Any

from kubectl_stress.search.units import Searched, unit_of

_AMOUNTS = {
    "level",
    "limit",
    "resolution",
    "ceiling",
    "survived",
    "failed",
    "flaky",
    "expected",
    "usage",
}
_NAMES = {f"{name}_{unit_of(resource).suffix}": name for resource in Searched for name in _AMOUNTS}


def with_units(values: Mapping[str, Any], resource: Searched) -> dict[str, Any]:
    """The amounts of this object, and of none in it, by the names that they have in JSON."""
    suffix = unit_of(resource).suffix
    return {f"{key}_{suffix}" if key in _AMOUNTS else key: value for key, value in values.items()}


def without_units(values: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse."""
    return {_NAMES.get(key, key): value for key, value in values.items()}
