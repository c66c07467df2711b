"""What `stop` ended and what it could not reach, and its JSON form. Pure: no I/O."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

SCHEMA = "kubectl-stress/stop/v1"


@dataclass(frozen=True)
class StoppedLoad:
    """A load that was asked to end; `is_ended` says whether it has, in the time that was waited.

    `started_by` is the user as the load names it, None where it does not say.
    """

    namespace: str
    pod: str
    container: str
    run: str
    started_by: str | None
    is_ended: bool = False


@dataclass(frozen=True)
class Unanswered:
    """A holder that could not be asked; `problem` says why.

    `has_load`: whether a load was seen beside it, None where nobody could look.
    """

    namespace: str
    pod: str
    container: str
    holder: str
    has_load: bool | None
    problem: str


@dataclass(frozen=True)
class StopResult:
    """All loads that were found running, the holders that may hide others, and what is not there.

    `missing` says of each name that could not be read why not.
    """

    loads: Sequence[StoppedLoad] = ()
    unanswered: Sequence[Unanswered] = ()
    missing: Sequence[str] = ()

    @property
    def exit_code(self) -> int:
        """0 where no load of ours is left in what was named, as far as anybody can tell; else 1."""
        hidden = [one for one in self.unanswered if one.has_load is not False]
        is_unsure = bool(hidden) or bool(self.missing)
        return int(is_unsure or not all(load.is_ended for load in self.loads))


def stop_dict(result: StopResult) -> dict[str, Any]:
    """The answer for `-o json` and `-o yaml`."""
    return {
        "schema": SCHEMA,
        "loads": [asdict(load) for load in result.loads],
        "unanswered": [asdict(holder) for holder in result.unanswered],
        "missing": list(result.missing),
        "exit_code": result.exit_code,
    }
