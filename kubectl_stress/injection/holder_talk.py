"""What a holder is asked by attach: no process is started for it, so that it costs the pod nothing.

Whoever attaches hears the answers to all, each of them whole, and ours ends with our number.
"""

import secrets
from typing import Self

from kubectl_stress.agent.commands import numbered
from kubectl_stress.agent.protocol import Done, Message
from kubectl_stress.clock import Clock
from kubectl_stress.errors import Silent
from kubectl_stress.injection.agent_stream import AgentStream
from kubectl_stress.kube.cluster import Cluster

# An attach takes some milliseconds; a holder that is short of CPU takes seconds.
PATIENCE_MS = 5_000


class HolderTalk:
    """Context manager around an attach to a holder; raises a ClusterError where it is refused.

    An answer is waited for as long as `patience_ms`.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        pod: str,
        holder: str,
        *,
        clock: Clock,
        patience_ms: int = PATIENCE_MS,
    ) -> None:
        self._stream = cluster.attach(namespace, pod, holder)
        self._agent, self._clock = AgentStream(self._stream), clock
        self._patience_ms = patience_ms

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stream.close()

    def ask(self, command: bytes) -> list[Message]:
        """All that was heard until the answer was over, `Done` last; raises Silent without one."""
        number, heard = secrets.randbelow(1 << 31), list[Message]()
        deadline_ms = self._clock.now_ms() + self._patience_ms
        self._stream.send(numbered(number, command))
        for message in self._agent.messages(lambda: self._clock.now_ms() >= deadline_ms):
            heard.append(message)
            if isinstance(message, Done) and message.id == number:
                return heard
        late = None if self._stream.ended else f"no answer within {self._patience_ms // 1000} s"
        raise Silent(late or self._agent.end.lost or "no answer")
