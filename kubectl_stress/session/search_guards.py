"""What releases a level before its time, where a search must not bring the app down. No clock."""

from collections.abc import Callable, Sequence

from kubectl_stress.agent.commands import STOP
from kubectl_stress.agent.samples import Sample
from kubectl_stress.search.ballasts import ballast_of
from kubectl_stress.search.health import Checked
from kubectl_stress.search.settings import SearchSettings
from kubectl_stress.search.tries import Mark, Stopped
from kubectl_stress.targets.changes import Change

# The health checks of the time between two moments, where the user has any.
Checking = Callable[[int, int], Checked]


class LevelGuard:
    """One level's; `stopped` says why it released the load.

    The user's health checks have failed; or the resource is used up further than it may be.
    """

    def __init__(self, settings: SearchSettings, checked: Checking | None = None) -> None:
        self._settings, self._checked = settings, checked
        self._ballast = ballast_of(settings.resource)
        self.stopped: Stopped | None = None
        self._began_ms: int | None = None

    def next(self, now_ms: int, sample: Sample | None, _changes: Sequence[Change]) -> bytes | None:
        """The command to stop, once."""
        self._began_ms = now_ms if self._began_ms is None else self._began_ms
        if self.stopped is not None or sample is None:
            return None
        self.stopped = self._too_slow(now_ms)
        if self.stopped is None:
            self.stopped = self._ballast.stopped(self._settings, sample)
        if self.stopped is None:
            return None
        return STOP

    def _too_slow(self, now_ms: int) -> Stopped | None:
        if self._checked is None or self._began_ms is None:
            return None
        text = self._checked(self._began_ms, now_ms).too_slow
        return None if text is None else Stopped(Mark.SLOW, text)
