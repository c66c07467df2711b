"""Carries what is done with several targets at once, in the thread that calls.

What each target's threads see is put into one inbox under the target's number; its procedure is a
generator that is resumed with each of its arrivals, and with None at least each 200 ms.
"""

import queue
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kubectl_stress.agent.protocol import Message
from kubectl_stress.clock import Clock
from kubectl_stress.errors import StressError
from kubectl_stress.injection.agent_stream import StreamEnded
from kubectl_stress.session.interrupts import Interrupts
from kubectl_stress.session.pod_watcher import Seen
from kubectl_stress.session.progress import LogLine

Value = TypeVar("Value")
_TICK_MS = 200


class Call(Generic[Value]):
    """Something that blocks, done in a thread; it arrives once it is done."""

    def __init__(self, act: Callable[[], Value]) -> None:
        self._act, self._lock = act, threading.Lock()
        self._value: Value | None = None
        self._error: BaseException | None = None
        self._is_unwanted = False

    def __call__(self) -> None:
        try:
            value = self._act()
        except BaseException as error:  # raised where it is waited for
            self._error = error
            return
        with self._lock:
            self._value = value
            is_unwanted = self._is_unwanted
        if is_unwanted:
            _close(value)

    def result(self) -> Value:
        """The value, or what was raised instead."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # None only where `act` gave it

    def abandon(self) -> None:
        """Nobody waits any more: a stream that it still opens is closed at once."""
        with self._lock:
            value, self._is_unwanted = self._value, True
        _close(value)


def _close(value: Any) -> None:
    if hasattr(value, "close"):
        value.close()


@dataclass(frozen=True)
class Woken:
    """Nothing has happened; a procedure that waits for another one is to look again."""


Arrival = Seen | Message | StreamEnded | LogLine | Call[Any] | Woken
Inbox = queue.Queue[tuple[int, Arrival]]
Procedure = Generator[None, Arrival | None, Value]


def _in_a_thread(act: Callable[[], None]) -> None:
    threading.Thread(target=act, daemon=True).start()


class EventLoop:
    """One inbox for all targets; `start` is how a call that blocks is begun."""

    def __init__(
        self,
        clock: Clock,
        inbox: Inbox | None = None,
        *,
        start: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:
        self.clock = clock
        self._inbox: Inbox = queue.Queue() if inbox is None else inbox
        self._start, self._started_ms = start, clock.now_ms()
        self._running: _Running[Any] | None = None

    def now_ms(self) -> int:
        """Since the loop was made: the time axis of all its targets."""
        return self.clock.now_ms() - self._started_ms

    def put(self, number: int, arrival: Arrival) -> None:
        """Hand in what was seen of this target; from any thread."""
        self._inbox.put((number, arrival))

    def wake(self, number: int) -> None:
        """Resume this target's procedure at once."""
        self.put(number, Woken())

    def call(self, number: int, act: Callable[[], Value]) -> Call[Value]:
        """Begin something that blocks; it arrives in the inbox when it is done."""
        call = Call(act)

        def work() -> None:
            call()
            self.put(number, call)

        self._start(work)
        return call

    def run(self, procedures: Mapping[int, Procedure[Value]]) -> dict[int, Value | StressError]:
        """Carry them to their ends, each under the number that its arrivals have.

        What each returned, or the StressError that ended it. Anything else that one raises ends
        them all. Ctrl-C is thrown into each of them.
        """
        running, interrupts = _Running(procedures), Interrupts()
        self._running = running
        with interrupts.kept():
            try:
                running.resume_all()
                while not running.is_over:
                    try:
                        interrupts.check()
                        self._turn(running)
                    except KeyboardInterrupt as interrupt:
                        running.throw(interrupt)
            finally:
                running.close()
        if not interrupts.is_heard:
            interrupts.check()
        return running.found

    def add(self, number: int, procedure: Procedure[Any]) -> None:
        """Carry this one too, in the `run` that goes on."""
        assert self._running is not None
        self._running.add(number, procedure)

    def _turn(self, running: "_Running[Any]") -> None:
        try:
            number, arrival = self._inbox.get(timeout=_TICK_MS / 1000)
        except queue.Empty:
            running.resume_all()
        else:
            running.resume(number, arrival)
            running.resume_late(self.clock.now_ms())


class _Running(Generic[Value]):
    """The procedures that are not over, and what came of the others."""

    def __init__(self, procedures: Mapping[int, Procedure[Value]]) -> None:
        self._running = dict(procedures)
        self.found: dict[int, Value | StressError] = {}
        self._ticked_ms: int | None = None

    @property
    def is_over(self) -> bool:
        return not self._running

    def add(self, number: int, procedure: Procedure[Value]) -> None:
        self._running[number] = procedure
        self.resume(number, None)

    def resume(self, number: int, arrival: Arrival | None) -> None:
        self._step(number, lambda procedure: procedure.send(arrival))

    def resume_all(self) -> None:
        for number in list(self._running):
            self.resume(number, None)

    def resume_late(self, now_ms: int) -> None:
        """All of them once a tick, however busy the inbox is: silence is noticed by the clock."""
        if self._ticked_ms is None or now_ms - self._ticked_ms >= _TICK_MS:
            self._ticked_ms = now_ms
            self.resume_all()

    def throw(self, error: BaseException) -> None:
        for number in list(self._running):
            self._step(number, lambda procedure: procedure.throw(error))

    def close(self) -> None:
        with ExitStack() as stack:  # one that fails, or another Ctrl-C, leaves no load of others
            for procedure in self._running.values():
                stack.callback(procedure.close)

    def _step(self, number: int, go: Callable[[Procedure[Value]], None]) -> None:
        procedure = self._running.get(number)
        if procedure is None:
            return  # its last arrivals, after its end
        try:
            go(procedure)
        except StopIteration as end:
            self._end(number, end.value)
        except StressError as error:
            self._end(number, error)

    def _end(self, number: int, value: Value | StressError) -> None:
        del self._running[number]
        self.found[number] = value
