"""A header of `kubectl-stress/recording/v1` as this version has it. Pure: no I/O.

Version 1 knew memory loads alone, and had their fields beside those of every load.
"""

from typing import Any

SCHEMA_V1 = "kubectl-stress/recording/v1"
_OF_SCHEDULE = ("duration_ms", "ramp_ms", "step_hold_ms")
_OF_EVERY_LOAD = (*_OF_SCHEDULE, "stop_on", "pressure_percent")


def upgraded(header: dict[str, Any]) -> dict[str, Any]:
    """The header with its load by the name of the resource; raises where it has none."""
    plan = dict(header["plan"])
    size = {
        "size_bytes": plan.pop("size_bytes", None),
        "note": plan.pop("size_note"),
        "step_bytes": plan.pop("step_bytes", []),
    }
    return {**header, "plan": {**plan, "spec": _spec(dict(plan["spec"])), "memory": size}}


def _spec(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "memory": {key: value for key, value in spec.items() if key not in _OF_EVERY_LOAD},
        "schedule": {key: spec[key] for key in _OF_SCHEDULE if key in spec},
        "stop_on": spec.get("stop_on", []),
        "pressure_percent": spec.get("pressure_percent"),
    }
