"""What releases a level before its time, where a search must not bring the app down. No clock."""

from collections.abc import Callable, Sequence

from kubectl_stress.agent.commands import STOP
from kubectl_stress.agent.samples import Sample
from kubectl_stress.quantity import format_bytes
from kubectl_stress.search.health import Checked
from kubectl_stress.search.judge_try import Stopped
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark
from kubectl_stress.targets.changes import Change

# An exec costs the target about 1.75 MiB: below this a search never goes on purpose.
LEAST_FLOOR_BYTES = 8 << 20
_FLOOR_PERCENT = 2
# Of 10 s, for which all processes of the container waited for memory at once (PSI, full).
_MOST_PRESSURE_PERCENT = 10.0


def floor_bytes(limit_bytes: int) -> int:
    """How much headroom `--stop-before oom` leaves."""
    return max(LEAST_FLOOR_BYTES, limit_bytes * _FLOOR_PERCENT // 100)


# The health checks of the time between two moments, where the user has any.
Checking = Callable[[int, int], Checked]


class LevelGuard:
    """One level's; `stopped` says why it released the load.

    The user's health checks have failed; or with `avoids_oom`, somebody would be killed next.
    """

    def __init__(self, settings: SearchSettings, checked: Checking | None = None) -> None:
        self._settings, self._checked = settings, checked
        self.stopped: Stopped | None = None
        self._began_ms: int | None = None

    def next(self, now_ms: int, sample: Sample | None, _changes: Sequence[Change]) -> bytes | None:
        """The command to stop, once."""
        self._began_ms = now_ms if self._began_ms is None else self._began_ms
        if self.stopped is not None or sample is None:
            return None
        self.stopped = self._too_slow(now_ms)
        if self.stopped is None and self._settings.avoids_oom:
            self.stopped = self._why(sample)
        if self.stopped is None:
            return None
        return STOP

    def _too_slow(self, now_ms: int) -> Stopped | None:
        if self._checked is None or self._began_ms is None:
            return None
        text = self._checked(self._began_ms, now_ms).too_slow
        return None if text is None else Stopped(Mark.SLOW, text)

    def _why(self, sample: Sample) -> Stopped | None:
        headroom, pressure = sample.memory.headroom_bytes, sample.memory.pressure_full_avg10_percent
        floor = floor_bytes(self._settings.limit_bytes) // 2
        if headroom is not None and sample.held_bytes and headroom < floor:
            text = f"only {format_bytes(headroom)} of headroom, and --stop-before oom was given"
            return Stopped(Mark.NO_HEADROOM, text)
        if pressure is not None and pressure > _MOST_PRESSURE_PERCENT:
            text = f"memory pressure of {pressure:.0f}% (PSI full, 10 s), the app stalls"
            return Stopped(Mark.THROTTLED, text)
        return None
