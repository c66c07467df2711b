"""Watches pods and their events while targets are observed, each kind in a thread of its own.

What is seen is put on the caller's queue under the number of its target; nothing is judged here. A
watch that breaks off is taken up again, so that a restarted API server costs time and not the run.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from kubectl_stress.errors import Forbidden, StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.kube.shapes import POD, refuse_other_shape
from kubectl_stress.kube.watch import Watch
from kubectl_stress.targets.target import Target

_RETRY_S = 1.0
_WATCH_S = 300
_END_S = 2.0


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


@dataclass(frozen=True)
class Failed:
    """A thread died of a defect: going on would miss what happens to the target."""

    error: Exception


Seen = PodSeen | EventSeen | Unobserved | Failed


class PodWatcher:
    """Context manager around one watch of pods and one of events, for targets of one namespace.

    One target is watched by a field selector; several are told apart by the uid of their pods.
    `put` is called from the threads, with the target's place in `targets`.
    """

    def __init__(
        self, cluster: Cluster, targets: Sequence[Target], put: Callable[[int, Seen], None]
    ) -> None:
        self._cluster, self._targets, self._put = cluster, targets, put
        self._namespace = targets[0].namespace
        self._open: dict[str, Watch] = {}
        self._known_events: set[str] | None = None  # until they were listed once
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._threads = [
            threading.Thread(target=self._keep, args=(watch,), daemon=True)
            for watch in (self._watch_pods, self._watch_events)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._lock:
            self._stop.set()
            watches = list(self._open.values())
        for watch in watches:
            watch.close()
        for thread in self._threads:
            thread.join(timeout=_END_S)

    def _keep(self, watch: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                watch()
            except Forbidden as error:
                self._put_to_all(Unobserved(str(error)))
                return
            except StressError:
                pass  # taken up again
            except Exception as error:
                self._put_to_all(Failed(error))
                return
            # After an end without an error too: a proxy may cut every watch off at once.
            self._stop.wait(_RETRY_S)

    def _put_to_all(self, seen: Seen) -> None:
        for number in range(len(self._targets)):
            self._put(number, seen)

    def _changes(
        self, kind: str, field_selector: str, version: str
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        watch = self._cluster.watch(
            kind,
            self._namespace,
            field_selector=field_selector,
            resource_version=version,
            timeout_seconds=_WATCH_S,
        )
        with self._lock:
            self._open[kind] = watch
            is_stopped = self._stop.is_set()
        with watch:
            for change in () if is_stopped else watch:
                if self._stop.is_set():
                    return
                yield change

    @property
    def _only(self) -> Target | None:
        return self._targets[0] if len(self._targets) == 1 else None

    def _watch_pods(self) -> None:
        selector = f"metadata.name={self._only.pod}" if self._only else ""
        pods = self._cluster.list_pods(self._namespace, field_selector=selector)
        for number, target in enumerate(self._targets):
            self._put(number, PodSeen(_pod_of(target, pods["items"])))
        version = pods["metadata"].get("resourceVersion", "")
        for change, pod in self._changes("pods", selector, version):
            if change in ("ADDED", "MODIFIED", "DELETED"):  # a BOOKMARK is no pod
                refuse_other_shape(pod, POD, "a watch on pods")
                self._see_pod(pod, is_there=change != "DELETED")

    def _see_pod(self, pod: dict[str, Any], *, is_there: bool) -> None:
        for number, target in enumerate(self._targets):
            if target.pod == pod["metadata"]["name"]:
                self._put(number, PodSeen(_pod_of(target, [pod] if is_there else [])))

    def _watch_events(self) -> None:
        selector = f"involvedObject.uid={self._only.pod_uid}" if self._only else ""
        events = self._cluster.list_events(self._namespace, field_selector=selector)
        self._see_missed(events["items"])
        version = events["metadata"].get("resourceVersion", "")
        for change, event in self._changes("events", selector, version):
            if change in ("ADDED", "MODIFIED"):
                self._see_event(event)

    def _see_missed(self, events: Sequence[dict[str, Any]]) -> None:
        """Those that came between two watches; what the first list shows is from before the run."""
        known = self._known_events
        self._known_events = set(map(_version, events))
        for event in events:
            if known is not None and _version(event) not in known:
                self._see_event(event)

    def _see_event(self, event: dict[str, Any]) -> None:
        assert self._known_events is not None
        self._known_events.add(_version(event))
        uid = (event.get("involvedObject") or {}).get("uid")
        for number, target in enumerate(self._targets):
            if self._only or target.pod_uid == uid:
                self._put(number, EventSeen(event))


@contextmanager
def watching(
    cluster: Cluster, targets: Sequence[Target], put: Callable[[int, Seen], None]
) -> Iterator[None]:
    """A watcher in each namespace that has a target; `put` gets its place in `targets`."""
    by_namespace: dict[str, list[int]] = {}
    for number, target in enumerate(targets):
        by_namespace.setdefault(target.namespace, []).append(number)
    with ExitStack() as stack:
        for numbers in by_namespace.values():
            watched = [targets[number] for number in numbers]
            stack.enter_context(PodWatcher(cluster, watched, partial(_put, put, numbers)))
        yield


def _put(put: Callable[[int, Seen], None], numbers: Sequence[int], place: int, seen: Seen) -> None:
    put(numbers[place], seen)


def _version(event: dict[str, Any]) -> str:
    """An event that happens again is the same object in another version."""
    metadata = event.get("metadata") or {}
    return f"{metadata.get('uid')} {metadata.get('resourceVersion')}"


def _pod_of(target: Target, pods: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The target's pod among these; one of the same name may be another (StatefulSet)."""
    return next((pod for pod in pods if pod["metadata"]["uid"] == target.pod_uid), None)
