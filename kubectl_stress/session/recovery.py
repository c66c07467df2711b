"""Waits until a container is as it was before a load, by readings that cost it nothing."""

from kubectl_stress.errors import InjectionError
from kubectl_stress.injection.join import JoinedHolder, Joiner
from kubectl_stress.injection.probe import Reading
from kubectl_stress.quantity import format_bytes
from kubectl_stress.session.event_loop import Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.next_load import Recovery
from kubectl_stress.session.progress import Task

_PATIENCE_MS = 180_000
_BETWEEN_S = 1.0
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
        deadline_ms = self._intake.now_ms() + _PATIENCE_MS
        if wanted.pause_ms and not is_fresh:
            yield from self._intake.sleep(wanted.pause_ms / 1000)
        yield from self._until_ready(deadline_ms)
        if is_fresh and self._fresh_bytes is None:
            self._fresh_bytes = yield from self._settled(wanted, joined, deadline_ms)
        most = max(self._fresh_bytes or 0, wanted.held_bytes) + wanted.tolerance_bytes
        return (yield from self._until_below(most, joined, deadline_ms))

    def _until_ready(self, deadline_ms: int) -> Procedure[None]:
        if not self._intake.collector.status.ready:
            self._intake.tell(Task("waiting until the container is ready"))
        while not self._intake.collector.status.ready:
            if self._intake.now_ms() >= deadline_ms:
                raise InjectionError(f"the container is not ready after {_PATIENCE_MS // 1000} s")
            yield from self._intake.take_next()

    def _settled(
        self, wanted: Recovery, joined: JoinedHolder, deadline_ms: int
    ) -> Procedure[int | None]:
        before = _held(joined.reading)
        while self._intake.now_ms() < deadline_ms:
            self._intake.tell(Task("waiting until the container's memory has settled"))
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
        while True:
            reading = yield from self._read(joined)
            held = _held(reading)
            if held is None or held <= most_bytes:
                return reading
            if self._intake.now_ms() >= deadline_ms:
                raise InjectionError(
                    f"the container still holds {format_bytes(held)}, more than the "
                    f"{format_bytes(most_bytes)} expected, after {_PATIENCE_MS // 1000} s"
                )
            self._intake.tell(Task("waiting until the container's memory is as before"))
            yield from self._intake.sleep(_BETWEEN_S)

    def _read(self, joined: JoinedHolder) -> Procedure[Reading]:
        reading = yield from self._intake.call(lambda: self._joiner.read_again(joined))
        if reading is None:
            raise InjectionError("the container can no longer be read")
        return reading


def _held(reading: Reading) -> int | None:
    memory = reading.sample.memory
    return memory.usage_bytes if memory.anon_bytes is None else memory.anon_bytes
