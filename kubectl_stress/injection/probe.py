"""One reading of the agent: who it is, and what it sees.

What a new holder reads first stands in its log, and one that is there already is asked by attach:
neither starts a process. Else a probe is exec'd in it, which costs the target nothing either. Where
the holder cannot look into the target, it is exec'd in there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_stress.agent.commands import READ, probe_arguments
from kubectl_stress.agent.decoder import Decoder
from kubectl_stress.agent.hold_command import PROTOCOL
from kubectl_stress.agent.protocol import AgentError, Hello, Message, Processes
from kubectl_stress.agent.samples import Process, Sample
from kubectl_stress.clock import Clock
from kubectl_stress.errors import InjectionError, Silent, StressError
from kubectl_stress.injection.agent_stream import AgentStream
from kubectl_stress.injection.holder_talk import PATIENCE_MS, HolderTalk
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder import AGENT_PATH
from kubectl_stress.targets.target import Target

# An exec takes 0.1 to 1 s; on a test node that was starved of CPU it took over 30 s.
_TIMEOUT_MS = 60_000
# While a node starts many containers a holder took over 5 s to answer, and the exec instead of it
# kept the node busier still.
_ATTACH_PATIENCE_MS = 30_000

# A first reading of 50 processes takes some 12 KiB.
_LOG_BYTES = 64 * 1024


@dataclass(frozen=True)
class Reading:
    """One reading of the agent: who it is, the target's memory and its processes."""

    hello: Hello
    sample: Sample
    processes: tuple[Process, ...]

    @property
    def cannot_read_target(self) -> bool:
        """Whether the target's files are hidden from whoever took it, and so all of its memory."""
        return self.sample.memory.usage_bytes is None


def shared_id(target: Target) -> str | None:
    """The ID that names the container where process 1 is not its own; else None."""
    return None if target.has_own_pid_namespace else target.container_id.partition("://")[2]


def read_first(cluster: Cluster, target: Target, holder: str) -> Reading | None:
    """What a new holder read as it began; None where that is not told, or the log may not be read.

    The API server keeps its connection to a kubelet for logs; for each attach it makes a new one.
    """
    if not target.has_own_pid_namespace:
        return None
    where = target.namespace, target.pod, holder
    try:
        printed = Decoder().feed(cluster.get_log(*where, most_bytes=_LOG_BYTES))
        ends = (n for n, message in enumerate(printed) if isinstance(message, Processes))
        end = next(ends, None)
        return None if end is None else _as_reading(printed[end::-1], "", is_answered=True)
    except StressError:
        return None


def take_reading(
    cluster: Cluster, target: Target, holder: str, *, clock: Clock, agent_path: str = AGENT_PATH
) -> Reading:
    """One reading of the target in its holder; raises InjectionError where none comes."""
    if target.has_own_pid_namespace:  # else a holder does not know which process is the target's
        reading = read_by_attach(
            cluster, target, holder, clock=clock, patience_ms=_ATTACH_PATIENCE_MS
        )
        if reading is not None:
            return reading
    command = [agent_path, *probe_arguments(container_id=shared_id(target))]
    return reading_by(cluster, target, holder, command, clock=clock)


def read_by_attach(
    cluster: Cluster, target: Target, holder: str, *, clock: Clock, patience_ms: int = PATIENCE_MS
) -> Reading | None:
    """What the holder itself reads; None where it may not be attached to, or does not answer."""
    where = target.namespace, target.pod, holder
    try:
        with HolderTalk(cluster, *where, clock=clock, patience_ms=patience_ms) as talk:
            return _as_reading(talk.ask(READ)[::-1], "", is_answered=True)
    except StressError:
        return None


def reading_by(
    cluster: Cluster, target: Target, container: str, command: Sequence[str], *, clock: Clock
) -> Reading:
    """One reading by this command in a container of the target's pod."""
    said = hear_exec(cluster, (target.namespace, target.pod, container), command, clock=clock)
    problem = said.problem or "no reading came"
    return _as_reading(said.messages, problem, is_answered=said.is_answered)


def processes_by(
    cluster: Cluster, namespace: str, pod: str, holder: str, *, clock: Clock
) -> tuple[Process, ...]:
    """The processes that a probe sees from a holder, of whatever version of the protocol.

    Raises InjectionError where none are told.
    """
    command = [AGENT_PATH, *probe_arguments()]
    said = hear_exec(cluster, (namespace, pod, holder), command, clock=clock)
    tables = [message for message in said.messages if isinstance(message, Processes)]
    if not tables:
        raise InjectionError(said.problem or "no processes were told")
    return tables[-1].processes


@dataclass(frozen=True)
class Said:
    """What a short command of the agent said; `problem` is why it said no more, where it is known.

    `is_answered`: the exec has a status, so that somebody ran the command or refused to.
    """

    messages: list[Message]
    problem: str
    is_answered: bool


def hear_exec(
    cluster: Cluster, where: tuple[str, str, str], command: Sequence[str], *, clock: Clock
) -> Said:
    """All that a command of the agent says, for a minute at the most.

    `where` is the namespace, the pod and the container.
    """
    deadline_ms = clock.now_ms() + _TIMEOUT_MS
    with cluster.exec(*where, command, stdin=True) as stream:
        agent = AgentStream(stream)
        messages = list(agent.messages(lambda: clock.now_ms() >= deadline_ms))
        late = "" if stream.ended else f"no reading within {_TIMEOUT_MS // 1000} s"
        return Said(messages, agent.end.lost or late, stream.status is not None)


def _as_reading(messages: list[Message], errors: str, *, is_answered: bool) -> Reading:
    hello = next((message for message in messages if isinstance(message, Hello)), None)
    sample = next((message for message in messages if isinstance(message, Sample)), None)
    found = next((message for message in messages if isinstance(message, Processes)), None)
    if hello is not None:
        refuse_other_protocol(hello)
    if hello is None or sample is None:
        complaints = [message.message for message in messages if isinstance(message, AgentError)]
        words = f"the agent could not read the target: {'; '.join(complaints) or errors}"
        raise InjectionError(words) if is_answered else Silent(words)
    return Reading(hello, sample, found.beside(hello) if found else ())


def refuse_other_protocol(hello: Hello) -> None:
    """Raise InjectionError where the image is of another generation than the plugin."""
    if hello.protocol != PROTOCOL:
        raise InjectionError(
            f"the image's agent {hello.version} speaks protocol {hello.protocol}, this plugin "
            f"{PROTOCOL}: use the image of the plugin's version"
        )
