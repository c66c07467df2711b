"""Ends every load of ours in some pods, wherever it was started from. Prints nothing.

Each holder is asked by attach, which starts no process: a container at its limit is not brought
over it. First all are asked, then it is waited until they have released and ended.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from kubectl_stress.agent.commands import LIST, READ, stop_command
from kubectl_stress.agent.protocol import Message, Processes, RunningLoad
from kubectl_stress.agent.samples import Process, Sample
from kubectl_stress.clock import Clock
from kubectl_stress.errors import InjectionError, NotFound, StressError
from kubectl_stress.injection.holder_talk import HolderTalk
from kubectl_stress.injection.probe import processes_by
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder import RunningHolder, running_holders
from kubectl_stress.preflight.at_once import at_once
from kubectl_stress.results.stop_result import StoppedLoad, StopResult, Unanswered
from kubectl_stress.targets.pod import Pod, has_own_pid_namespaces, is_being_deleted

# A load that the kernel reclaims from takes its time to let go, and then settles for 3 s.
_END_MS = 30_000
_POLL_S = 1.0
_AT_ONCE = 16
_SHARED = (
    "the containers of this pod share their processes, so whose a load is cannot be told: leave "
    "-c out"
)
_AGENT = "agent"  # what the kernel calls its processes


@dataclass(frozen=True)
class _Asked:
    """A load that was asked to end, and the holder that sees whether it has."""

    load: StoppedLoad
    holder: RunningHolder


class Stop:
    """One call of `stop`; `by` is who asks, and `tell` hears what is asked to end.

    With `container` only the loads of the containers of that name.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        by: str,
        clock: Clock,
        tell: Callable[[str], None],
        container: str | None = None,
    ) -> None:
        self._cluster, self._by, self._clock, self._tell = cluster, by, clock, tell
        self._container = container

    def __call__(self, pods: Sequence[Pod]) -> StopResult:
        """What was found in these pods, and what became of it."""
        held = [pod for pod in pods if self._holders(pod)]
        answers = at_once([partial(self._ask_pod, pod) for pod in held], most=_AT_ONCE)
        asked = [one for found, _ in answers for one in found]
        unanswered = [one for _, missing in answers for one in missing]
        return StopResult(self._await_end(asked), unanswered)

    def _holders(self, pod: Pod) -> list[RunningHolder]:
        named = self._container
        return [one for one in running_holders(pod) if named is None or one.container == named]

    def _ask_pod(self, pod: Pod) -> tuple[list[_Asked], list[Unanswered]]:
        """One holder after another: several of a pod may see the same load."""
        asked, unanswered = list[_Asked](), list[Unanswered]()
        for holder in self._holders(pod):
            known = {one.load.run for one in asked}
            try:
                loads, unseen = self._ask(pod, holder, known)
            except StressError as error:
                if not self._ends_with_pod(pod, holder):
                    unanswered.append(self._unanswered(pod, holder, error))
            else:
                asked += [_Asked(_stopped(pod, holder, load), holder) for load in loads]
                unanswered += unseen
        return asked, unanswered

    def _ask(
        self, pod: Pod, holder: RunningHolder, known: set[str]
    ) -> tuple[list[RunningLoad], list[Unanswered]]:
        """The loads that it has asked to end, and whether there may be others out of its sight."""
        if self._container is not None and not has_own_pid_namespaces(pod):
            raise InjectionError(_SHARED)
        if not holder.takes_commands:
            raise InjectionError(f"{holder.name} is of an older version, which takes no commands")
        with self._talk(*_place(pod), holder) as talk:
            found = [load for load in _loads(talk.ask(LIST)) if load.run not in known]
            if found:
                talk.ask(stop_command(self._by))
                unseen = []
            else:
                unseen = _out_of_sight(pod, holder, talk)
        for load in found:
            self._tell(f"stopping {_describe(pod, holder, load)}")
        return found, unseen

    def _talk(self, namespace: str, pod: str, holder: RunningHolder) -> HolderTalk:
        return HolderTalk(self._cluster, namespace, pod, holder.name, clock=self._clock)

    def _unanswered(self, pod: Pod, holder: RunningHolder, error: StressError) -> Unanswered:
        """What its process table says instead."""
        try:
            table = processes_by(self._cluster, *_place(pod), holder.name, clock=self._clock)
        except StressError as unread:
            words = f"{error}; its process table cannot be read either ({unread})"
            return Unanswered(*_place(pod), holder.container, holder.name, None, words)
        return _by_table(pod, holder, str(error), table)

    def _await_end(self, asked: Sequence[_Asked]) -> list[StoppedLoad]:
        """The loads, each with whether it has ended."""
        deadline_ms = self._clock.now_ms() + _END_MS
        loads = [one.load for one in asked]
        while not all(load.is_ended for load in loads) and self._clock.now_ms() < deadline_ms:
            self._clock.sleep(_POLL_S)
            calls = [
                partial(self._looked_at, replace(one, load=load))
                for one, load in zip(asked, loads, strict=True)
            ]
            loads = at_once(calls, most=_AT_ONCE)
        return loads

    def _looked_at(self, asked: _Asked) -> StoppedLoad:
        load, holder = asked.load, asked.holder
        if load.is_ended:
            return load
        try:
            with self._talk(load.namespace, load.pod, holder) as talk:
                runs = {found.run for found in _loads(talk.ask(LIST))}
        except StressError:
            return replace(load, is_ended=self._is_gone(load.namespace, load.pod, holder))
        return replace(load, is_ended=load.run not in runs)

    def _ends_with_pod(self, pod: Pod, holder: RunningHolder) -> bool:
        """Whether nobody has to answer any more: a pod that is being deleted takes all along."""
        if not is_being_deleted(pod):
            return False
        deadline_ms = self._clock.now_ms() + _END_MS
        while not self._is_gone(*_place(pod), holder):
            if self._clock.now_ms() >= deadline_ms:
                return False
            self._clock.sleep(_POLL_S)
        return True

    def _is_gone(self, namespace: str, name: str, holder: RunningHolder) -> bool:
        """Whether the holder has ended: it ends with its container, and so does a load."""
        try:
            pod = self._cluster.get_pod(namespace, name)
        except NotFound:
            return True
        except StressError:
            return False
        return holder not in running_holders(pod)


def _loads(messages: Sequence[Message]) -> list[RunningLoad]:
    """Each run once: answers to others are among them."""
    found = {message.run: message for message in messages if isinstance(message, RunningLoad)}
    return list(found.values())


def _place(pod: Pod) -> tuple[str, str]:
    return str(pod["metadata"]["namespace"]), str(pod["metadata"]["name"])


def _stopped(pod: Pod, holder: RunningHolder, load: RunningLoad) -> StoppedLoad:
    return StoppedLoad(*_place(pod), holder.container, load.run, load.started_by)


def _describe(pod: Pod, holder: RunningHolder, load: RunningLoad) -> str:
    who = f", started by {load.started_by}" if load.started_by else ""
    where = f'container "{holder.container}" of pod "{pod["metadata"]["name"]}"'
    return f"load {load.run} in {where}{who}"


def _out_of_sight(pod: Pod, holder: RunningHolder, talk: HolderTalk) -> list[Unanswered]:
    """The holder itself where it may not look into the container: what it lists is not all."""
    if not has_own_pid_namespaces(pod):  # it does not know whose files to try
        return []
    heard = talk.ask(READ)
    samples = [message for message in heard if isinstance(message, Sample)]
    if not samples or samples[-1].memory.usage_bytes is not None:
        return []
    tables = [message.processes for message in heard if isinstance(message, Processes)]
    why = (
        f'{holder.name} cannot look into container "{holder.container}", which runs as another '
        "user or with capabilities"
    )
    return [_by_table(pod, holder, why, tables[-1] if tables else ())]


def _by_table(
    pod: Pod, holder: RunningHolder, why: str, processes: Sequence[Process]
) -> Unanswered:
    """Whether a load is among these processes.

    A holder that may not look into the container knows its processes by their names alone.
    """
    pids = [
        str(process.pid)
        for process in processes
        if process.role == "load" or (process.command == _AGENT and process.role != "holder")
    ]
    seen = (
        f"its process table shows a load (PID {', '.join(pids)}), which only the client that "
        "started it can stop (Ctrl-C)"
        if pids
        else "its process table shows no load"
    )
    return Unanswered(*_place(pod), holder.container, holder.name, bool(pids), f"{why}; {seen}")
