"""Watches the pod and its events while a run goes on, each in a thread of its own.

What is seen is put on the caller's queue; nothing is judged here. A watch that breaks off is
taken up again, so that a restarted API server costs a gap and not the run.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from kubectl_stress.errors import Forbidden, StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.targets.target import Target

_RETRY_S = 1.0
_WATCH_S = 300


@dataclass(frozen=True)
class PodSeen:
    """A state of the pod; `pod` is None once it is gone."""

    pod: dict[str, Any] | None


@dataclass(frozen=True)
class EventSeen:
    """An API event about the pod, newer than the run."""

    event: dict[str, Any]


@dataclass(frozen=True)
class Unobserved:
    """Something cannot be watched; the run goes on without it."""

    reason: str


Seen = PodSeen | EventSeen | Unobserved


class Observer:
    """Context manager around the two watches; `put` is called from their threads."""

    def __init__(self, cluster: Cluster, target: Target, put: Callable[[Seen], None]) -> None:
        self._cluster, self._target, self._put = cluster, target, put
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep, args=(self._watch_pod,), daemon=True),
            threading.Thread(target=self._keep, args=(self._watch_events,), daemon=True),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()

    def _keep(self, watch: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                watch()
            except Forbidden as error:
                self._put(Unobserved(str(error)))
                return
            except StressError:
                pass  # taken up again
            # After an end without an error too: a proxy may cut every watch off at once.
            self._stop.wait(_RETRY_S)

    def _changes(self, kind: str, field_selector: str, version: str) -> Iterator[dict[str, Any]]:
        found = self._cluster.watch(
            kind,
            self._target.namespace,
            field_selector=field_selector,
            resource_version=version,
            timeout_seconds=_WATCH_S,
        )
        for change, item in found:
            if self._stop.is_set():
                return
            yield {"change": change, "object": item}

    def _watch_pod(self) -> None:
        selector = f"metadata.name={self._target.pod}"
        pods = self._cluster.list_pods(self._target.namespace, field_selector=selector)
        for pod in pods["items"]:
            self._see_pod(pod)
        if not pods["items"]:
            self._put(PodSeen(None))  # deleted while nobody watched
        version = pods["metadata"]["resourceVersion"]
        for seen in self._changes("pods", selector, version):
            if seen["change"] == "DELETED":
                self._put(PodSeen(None))
            elif seen["change"] in ("ADDED", "MODIFIED"):  # a BOOKMARK is no pod
                self._see_pod(seen["object"])

    def _see_pod(self, pod: dict[str, Any]) -> None:
        # A pod of the same name may be another one (StatefulSet): the target is then gone.
        is_ours = pod["metadata"]["uid"] == self._target.pod_uid
        self._put(PodSeen(pod if is_ours else None))

    def _watch_events(self) -> None:
        selector = f"involvedObject.uid={self._target.pod_uid}"
        events = self._cluster.list_events(self._target.namespace, field_selector=selector)
        version = events["metadata"]["resourceVersion"]
        for seen in self._changes("events", selector, version):
            if seen["change"] in ("ADDED", "MODIFIED"):
                self._put(EventSeen(seen["object"]))
