"""Time that passes only when somebody waits for it."""

import queue
import time
from collections.abc import Callable

from kubectl_stress.clock import Clock
from kubectl_stress.injection.agent_stream import StreamEnded
from kubectl_stress.session.event_loop import Arrival, EventLoop
from tests.fakes.cluster import FakeCluster


class FakeTime:
    """A clock that stands still until `sleep`."""

    def __init__(self) -> None:
        self.ms = 0

    def now_ms(self) -> int:
        return self.ms

    def sleep(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)

    @property
    def clock(self) -> Clock:
        return Clock(self.now_ms, self.sleep)


class PassingTime(FakeTime):
    """A clock that goes on as the real one does, for what waits a fraction of a second."""

    def now_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000


class ScriptedInbox(queue.Queue[tuple[int, Arrival]]):
    """The inbox of a run: waiting for it lets the next thing happen, and the time until then pass.

    Times are milliseconds since the load began. Whatever happens goes the real way, through the
    threads of the run, and is in the inbox before the clock moves on.
    """

    def __init__(self, time: FakeTime, cluster: FakeCluster) -> None:
        super().__init__()
        self._time, self._cluster = time, cluster
        self._steps: list[tuple[int, Callable[[], None]]] = []
        self._base_ms: int | None = None
        self._ended = queue.Queue[None]()

    @property
    def loop(self) -> EventLoop:
        """A loop that goes by this inbox, and does at once what would block."""
        return EventLoop(self._time.clock, self, start=lambda act: act())

    def put(
        self, item: tuple[int, Arrival], block: bool = True, timeout: float | None = None
    ) -> None:
        super().put(item, block, timeout)
        if isinstance(item[1], StreamEnded):
            self._ended.put(None)

    def get(
        self,
        block: bool = True,  # noqa: ARG002 - as in the real class
        timeout: float | None = None,
    ) -> tuple[int, Arrival]:
        if self.empty() and self._base_ms is None:
            self._cluster.wait_until_watched()
            self._base_ms = self._time.ms
        if self.empty():
            self._wait(round((timeout or 0) * 1000))
        return super().get(block=False)

    def _wait(self, wait_ms: int) -> None:
        assert self._base_ms is not None
        due_ms = self._base_ms + self._steps[0][0] if self._steps else None
        if due_ms is None or due_ms > self._time.ms + wait_ms:
            self._time.ms += wait_ms
            return
        self._time.ms = max(self._time.ms, due_ms)
        self._steps.pop(0)[1]()

    def at(self, at_ms: int, act: Callable[[], None]) -> "ScriptedInbox":
        self._steps.append((at_ms, act))
        return self

    def agent_says(self, at_ms: int, data: bytes) -> "ScriptedInbox":
        def say() -> None:
            self._cluster.load.says(data).wait_until_heard()

        return self.at(at_ms, say)

    def stream_ends(
        self,
        at_ms: int,
        exit_code: int | None = None,
        *,
        lost: str | None = None,
        message: str = "",
    ) -> "ScriptedInbox":
        def end() -> None:
            self._cluster.load.ends(exit_code, lost=lost, message=message)
            self._ended.get(timeout=10)

        return self.at(at_ms, end)
