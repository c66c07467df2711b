"""What releases a load before its time (`--stop-on`). Pure."""

from collections.abc import Iterable, Sequence
from enum import Enum

from kubectl_stress.targets.changes import Change, ChangeKind


class StopOn(Enum):
    """What releases the load before its time (`--stop-on`)."""

    NOT_READY = "not-ready"
    RESTART = "restart"
    PROBE_FAILURE = "probe-failure"


_SIGNS = {
    ChangeKind.NOT_READY: StopOn.NOT_READY,
    ChangeKind.TERMINATED: StopOn.RESTART,
    ChangeKind.STARTED: StopOn.RESTART,
}


def stop_sign(asked: Sequence[StopOn], changes: Iterable[Change]) -> Change | None:
    """The first change for which `--stop-on` releases the load; None where none was seen."""
    return next((change for change in changes if _sign_of(change) in asked), None)


def _sign_of(change: Change) -> StopOn | None:
    if change.kind is ChangeKind.EVENT and change.reason == "Unhealthy":
        return StopOn.PROBE_FAILURE
    return _SIGNS.get(change.kind)
