"""Reads targets without loading them, all at once. Prints nothing.

Whoever shows it is given every step through `tell`, in the thread that called.
"""

import queue
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from kubectl_stress.agent.samples import Sample
from kubectl_stress.clock import Clock
from kubectl_stress.errors import Interrupted
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.results.top_state import TargetState
from kubectl_stress.session.pod_watcher import EventSeen, Observer, PodSeen, Seen, Unobserved
from kubectl_stress.session.probe_stream import Attached, Finished, Progress, Reader, Sampling, Step
from kubectl_stress.session.progress import LogLine
from kubectl_stress.targets.api_events import event_change, is_reported
from kubectl_stress.targets.changes import Change, ChangeKind, changes
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target

Inbox = queue.Queue[tuple[int, Step | Seen]]


class Top:
    """One call of `top`; `tell` hears each step of each target."""

    def __init__(
        self,
        cluster: Cluster,
        holder: HolderSpec,
        *,
        clock: Clock,
        tell: Callable[[TargetState, Progress], None],
    ) -> None:
        self._cluster, self._holder, self._clock, self._tell = cluster, holder, clock, tell
        self._inbox: Inbox = queue.Queue()
        self._started_ms = clock.now_ms()

    def __call__(self, targets: Sequence[Target], sampling: Sampling) -> list[TargetState]:
        """Read them all; a target that cannot be read has its `error` set.

        Raises Interrupted where it was ended by a signal before its time.
        """
        states = [self._state(target) for target in targets]
        readers = [
            Reader(self._cluster, target, self._holder, clock=self._clock, put=self._putting(n))
            for n, target in enumerate(targets)
        ]
        with ExitStack() as stack:
            if not sampling.is_once:
                for number, target in enumerate(targets):
                    stack.enter_context(Observer(self._cluster, target, self._putting(number)))
            for reader in readers:
                stack.enter_context(reader.reading(sampling))
            try:
                while not all(state.is_over for state in states):
                    self._take_next(states)
            except KeyboardInterrupt as error:
                # Ctrl-C ends a reading that has no end; other signals bring their names.
                if sampling.duration_ms is not None or error.args:
                    raise Interrupted("interrupted: nothing was loaded") from None
        return states

    def _state(self, target: Target) -> TargetState:
        pod = self._cluster.get_pod(target.namespace, target.pod)
        return TargetState(target, ContainerStatus.from_pod(pod, target.container))

    def _putting(self, number: int) -> Callable[[Step | Seen], None]:
        return lambda step: self._inbox.put((number, step))

    def _take_next(self, states: Sequence[TargetState]) -> None:
        try:
            number, step = self._inbox.get(timeout=0.2)
        except queue.Empty:
            return
        state = states[number]
        for progress in self._taken(state, step):
            self._tell(state, progress)

    def _taken(self, state: TargetState, step: Step | Seen) -> list[Progress]:
        at_ms = self._clock.now_ms() - self._started_ms
        if isinstance(step, PodSeen | EventSeen | Unobserved):
            return [*_seen(state, step, at_ms)]
        if isinstance(step, Attached):
            state.holder = step.holder
        elif isinstance(step, Finished):
            state.end(step.error)
        elif isinstance(step, Sample):
            step = replace(step, at_ms=at_ms)
            state.hear(step)
        elif not isinstance(step, LogLine):
            state.hear(step)
        return [step]


def _seen(state: TargetState, seen: Seen, at_ms: int) -> Sequence[Change | LogLine]:
    found: list[Change] = []
    if isinstance(seen, Unobserved):
        return [LogLine(f"going on without: {seen.reason}")]
    if isinstance(seen, EventSeen):
        is_ours = is_reported(seen.event, state.target.container)
        found = [event_change(seen.event, at_ms=at_ms)] if is_ours else []
    elif seen.pod is None:
        found = [Change(at_ms, ChangeKind.DELETED, "the pod is gone")]
    else:
        status = ContainerStatus.from_pod(seen.pod, state.target.container)
        found = changes(state.status, status, at_ms=at_ms)
        state.status = status
    return found
