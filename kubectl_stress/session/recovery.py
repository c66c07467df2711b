"""Waits until a container is as it was before a load, by readings that cost it nothing."""

from kubectl_stress.errors import InjectionError
from kubectl_stress.injection.join import JoinedHolder, Joiner
from kubectl_stress.injection.probe import Reading
from kubectl_stress.quantity import format_bytes
from kubectl_stress.session.event_loop import Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.next_load import Recovery
from kubectl_stress.session.progress import Milestone, Task

_PATIENCE_MS = 180_000
_BETWEEN_S = 1.0
# A log that shows no tasks tells of a longer wait.
_LONG_MS = 15_000
# A container that started again has settled once two readings so far apart differ by less than
# half of the tolerance.
_SETTLED_S = 3.0


class RecoveryWait:
    """One target's; what a freshly started container holds is measured once, and then expected."""

    def __init__(self, intake: Intake, joiner: Joiner) -> None:
        self._intake, self._joiner = intake, joiner
        self._fresh_bytes: int | None = None

    def until(
        self, wanted: Recovery, joined: JoinedHolder, *, is_fresh: bool
    ) -> Procedure[Reading]:
        """The reading of the container once it has recovered; InjectionError where it does not."""
        task, deadline_ms = self._intake.state.task, self._intake.now_ms() + _PATIENCE_MS
        yield from self._until_forgotten(wanted)
        yield from self._until_ready(wanted, deadline_ms)
        if wanted.held_bytes is None:
            reading = yield from self._read(joined)
        else:
            if is_fresh and self._fresh_bytes is None:
                self._fresh_bytes = yield from self._settled(wanted, joined, deadline_ms)
            most = max(self._fresh_bytes or 0, wanted.held_bytes) + wanted.tolerance_bytes
            reading = yield from self._until_below(most, joined, deadline_ms)
        self._show(task)
        return reading

    def _show(self, text: str) -> None:
        if self._intake.state.task != text:
            self._intake.tell(Task(text))

    def _until_forgotten(self, wanted: Recovery) -> Procedure[None]:
        """A probe that failed counts on until it has passed again."""
        changes = self._intake.collector.changes_of_this_load
        if wanted.pause_ms and any(change.is_failed_probe for change in changes):
            self._show("waiting for the next probe")
            yield from self._intake.sleep(wanted.pause_ms / 1000)

    def _until_ready(self, wanted: Recovery, deadline_ms: int) -> Procedure[None]:
        while not (self._intake.collector.status.ready and wanted.is_well()):
            self._show("waiting until the container is ready")
            if self._intake.now_ms() >= deadline_ms:
                raise InjectionError(
                    f"the container is not ready and healthy after {_PATIENCE_MS // 1000} s"
                )
            yield from self._intake.take_next()

    def _settled(
        self, wanted: Recovery, joined: JoinedHolder, deadline_ms: int
    ) -> Procedure[int | None]:
        before = _held(joined.reading)
        while self._intake.now_ms() < deadline_ms:
            self._show("waiting until the container's memory has settled")
            yield from self._intake.sleep(_SETTLED_S)
            now = _held((yield from self._read(joined)))
            if now is None or before is None:
                return now
            if abs(now - before) * 2 < wanted.tolerance_bytes:
                return now
            before = now
        return before

    def _until_below(
        self, most_bytes: int, joined: JoinedHolder, deadline_ms: int
    ) -> Procedure[Reading]:
        said_at_ms: int | None = self._intake.now_ms() + _LONG_MS
        while True:
            reading = yield from self._read(joined)
            held, now_ms = _held(reading), self._intake.now_ms()
            if held is None or held <= most_bytes:
                return reading
            more = f"{format_bytes(held)}, more than the {format_bytes(most_bytes)} expected"
            if now_ms >= deadline_ms:
                raise InjectionError(
                    f"the container still holds {more}, after {_PATIENCE_MS // 1000} s"
                )
            if said_at_ms is not None and now_ms >= said_at_ms:
                said_at_ms = None
                self._intake.tell(Milestone(f"waiting: the container still holds {more}"))
            self._show("waiting until the container's memory is as before")
            yield from self._intake.sleep(_BETWEEN_S)

    def _read(self, joined: JoinedHolder) -> Procedure[Reading]:
        reading = yield from self._intake.call(lambda: self._joiner.read_again(joined))
        if reading is None:
            raise InjectionError("the container can no longer be read")
        return reading


def _held(reading: Reading) -> int | None:
    memory = reading.sample.memory
    return memory.usage_bytes if memory.anon_bytes is None else memory.anon_bytes
