"""An agent that is heard in a thread of its own while it is steered from another."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from kubectl_stress.agent.protocol import Message
from kubectl_stress.injection.agent_stream import AgentStream, StreamEnded
from kubectl_stress.session.pod_watcher import Failed

if TYPE_CHECKING:
    from kubectl_stress.kube.exec.stream import ExecStream

_END_S = 2.0


class SteeredAgent:
    """Context manager around an exec of the agent: what it says is put, in order, and its end."""

    def __init__(
        self, stream: "ExecStream", put: Callable[[Message | StreamEnded | Failed], None]
    ) -> None:
        self._stream, self._put = stream, put
        self._thread = threading.Thread(target=self._hear, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stream.close()  # the agent reads the end of its stdin, and releases
        self._thread.join(timeout=_END_S)

    def send(self, command: bytes) -> None:
        """Say this on the agent's stdin, whether it still listens or not."""
        self._stream.send(command)

    def _hear(self) -> None:
        agent = AgentStream(self._stream)
        try:
            for message in agent.messages():
                self._put(message)
        except Exception as error:
            self._put(Failed(error))
        else:
            self._put(agent.end)
