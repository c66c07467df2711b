"""Takes what the threads of a run put into its inbox, and passes on what is new in it."""

import queue
from collections.abc import Callable

from kubectl_stress.injection.probe import refuse_other_protocol
from kubectl_stress.session.collector import Collector, Update
from kubectl_stress.session.pod_watcher import EventSeen, PodSeen, Seen, Unobserved
from kubectl_stress.session.progress import Chunk, Inbox, LogLine, Progress, StatusSeen, StreamEnded
from kubectl_stress.targets.changes import ChangeKind


class Intake:
    """From the inbox to the collector; waiting for the inbox is how time passes in a run."""

    def __init__(
        self,
        collector: Collector,
        inbox: Inbox,
        *,
        now_ms: Callable[[], int],
        tell: Callable[[Progress], None],
    ) -> None:
        self.collector, self._inbox = collector, inbox
        self._now_ms, self._tell = now_ms, tell

    def take_next(self, *, wait_s: float) -> bool:
        """Take one thing from the inbox; True if it came from the agent."""
        try:
            seen = self._inbox.get(timeout=wait_s)
        except queue.Empty:
            return False
        self.take(seen)
        return isinstance(seen, Chunk)

    def take_all(self) -> None:
        """Take whatever is there, and wait for nothing."""
        while not self._inbox.empty():
            self.take_next(wait_s=0)

    def wait_for(self, timeout_ms: int, *kinds: ChangeKind) -> bool:
        """Wait until one of these changes was seen under this load; False if none came."""
        deadline_ms = self._now_ms() + timeout_ms
        while not self.collector.has_changed(*kinds) and self._now_ms() < deadline_ms:
            self.take_next(wait_s=0.2)
        return self.collector.has_changed(*kinds)

    def take(self, seen: Seen | Chunk | StreamEnded) -> None:
        """Take this one thing."""
        collector, now_ms = self.collector, self._now_ms()
        found: list[Update] = []
        if isinstance(seen, Chunk):
            found = collector.feed(seen.data, at_ms=now_ms)
            if collector.hello is not None:
                refuse_other_protocol(collector.hello)
        elif isinstance(seen, StreamEnded):
            self.end_stream(exit_code=seen.exit_code, lost=seen.lost)
        elif isinstance(seen, PodSeen) and seen.pod is not None:
            found = [*collector.see_pod(seen.pod, at_ms=now_ms)]
            self._tell(StatusSeen(collector.status))
        elif isinstance(seen, PodSeen):
            found = [*collector.see_deletion(at_ms=now_ms)]
        elif isinstance(seen, EventSeen):
            found = [*collector.see_event(seen.event, at_ms=now_ms)]
        elif isinstance(seen, Unobserved):
            self._tell(LogLine(f"going on without: {seen.reason}"))
        for update in found:
            self._tell(update)

    def end_stream(self, *, exit_code: int | None, lost: str | None) -> None:
        """The agent's stream is over, or given up."""
        collector = self.collector
        if collector.ending is not None:
            return  # given up before: that its stream was then closed is no news
        for update in collector.end_stream(at_ms=self._now_ms(), exit_code=exit_code, lost=lost):
            self._tell(update)
        if collector.ending is not None:
            self._tell(collector.ending)
