"""Writes the Events of a run on its pods, at no cost of time or verdict to the run.

Nothing waits for them but the end of the command, for a moment.
"""

import queue
import threading
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Self

from kubectl_stress.agent.identity import RunIdentity
from kubectl_stress.clock import Clock
from kubectl_stress.errors import StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.plan import Plan
from kubectl_stress.results.report import Report
from kubectl_stress.results.run_event import ended_event, started_event
from kubectl_stress.session.event_loop import Procedure

_END_S, _EACH_S = 2.0, 0.05


class Announcer:
    """Context manager; it writes only in `namespaces`, those in which the user may create Events.

    `today` is the wall clock, in UTC. `tell` hears once, at the end, why an Event was not written.
    """

    def __init__(
        self,
        cluster: Cluster,
        identity: RunIdentity,
        namespaces: Collection[str],
        *,
        clock: Clock,
        today: Callable[[], datetime],
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._cluster, self.identity, self._namespaces = cluster, identity, namespaces
        self._clock, self._today, self._tell = clock, today, tell
        self._failures: list[str] = []
        # One after another: a hundred at once would cost as many connections while loads begin.
        self._events = queue.Queue[dict[str, Any] | None]()
        self._thread = threading.Thread(target=self._write_all, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        waiting = self._events.qsize()
        self._events.put(None)
        self._thread.join(timeout=_END_S + waiting * _EACH_S)
        if self._thread.is_alive():
            self._failures.append("the API server did not answer in time")
        if self._failures:
            self._tell(f"not every Event of this run could be written: {self._failures[0]}")

    def announced(self, plan: Plan, load: Procedure[Report]) -> Procedure[Report]:
        """The same, with an Event before it and one when it is over, however it ends."""
        started_ms, what = self._clock.now_ms(), "it was given up"
        self._write(plan, started_event(plan, self.identity, self._today()))
        try:
            report = yield from load
            what = f"{report.verdict.outcome.value}: {report.verdict.sentence}"
            what = report.findings.interrupted or what
            return report
        except StressError as error:
            what = str(error)
            raise
        finally:
            lasted_ms = self._clock.now_ms() - started_ms
            at = self._today()
            event = ended_event(plan, self.identity, at, what=what, lasted_ms=lasted_ms)
            self._write(plan, event)

    def _write(self, plan: Plan, event: dict[str, Any]) -> None:
        if plan.target.namespace in self._namespaces:
            self._events.put(event)

    def _write_all(self) -> None:
        while (event := self._events.get()) is not None:
            try:
                self._cluster.create_event(event)
            except StressError as error:  # whatever the reason, the run is none the worse for it
                self._failures.append(str(error))
