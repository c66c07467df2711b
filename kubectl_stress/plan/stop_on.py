"""What releases a load before its time (`--stop-on`). Pure."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubectl_stress.targets.changes import Change


class StopOn(Enum):
    """What releases the load before its time (`--stop-on`)."""

    NOT_READY = "not-ready"
    RESTART = "restart"
    PROBE_FAILURE = "probe-failure"
    MEMORY_PRESSURE = "memory-pressure"


def stop_words(asked: Sequence[StopOn], pressure_percent: float | None) -> tuple[str, ...]:
    """The signs as `--stop-on` takes them."""
    share = "" if pressure_percent is None else f"={pressure_percent:g}%"
    pressure = StopOn.MEMORY_PRESSURE
    return tuple(f"{sign.value}{share if sign is pressure else ''}" for sign in asked)


def stop_sign(asked: Sequence[StopOn], changes: "Iterable[Change]") -> "Change | None":
    """The first change for which `--stop-on` releases the load; None where none was seen."""
    return next((change for change in changes if _sign_of(change) in asked), None)


def _sign_of(change: "Change") -> StopOn | None:
    from kubectl_stress.targets.changes import ChangeKind  # options are read without it

    if change.is_failed_probe:
        return StopOn.PROBE_FAILURE
    signs = {
        ChangeKind.NOT_READY: StopOn.NOT_READY,
        ChangeKind.TERMINATED: StopOn.RESTART,
        ChangeKind.STARTED: StopOn.RESTART,
        ChangeKind.PRESSURE: StopOn.MEMORY_PRESSURE,
    }
    return signs.get(change.kind)
