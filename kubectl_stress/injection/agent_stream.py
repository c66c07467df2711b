"""The one loop that hears an agent: from the bytes of an exec to messages, and to its end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_stress.agent.decoder import Decoder
from kubectl_stress.agent.protocol import Message
from kubectl_stress.kube.exec.channels import Channel
from kubectl_stress.text import clean_bytes

if TYPE_CHECKING:
    from kubectl_stress.kube.exec.stream import ExecStream

_RECEIVE_S = 0.5


@dataclass(frozen=True)
class StreamEnded:
    """The exec is over; `lost` is in whose words, where anybody said why."""

    exit_code: int | None
    lost: str | None


class AgentStream:
    """What an exec of the agent says; whoever opened the exec closes it."""

    def __init__(self, stream: "ExecStream") -> None:
        self._stream, self._decoder, self._errors = stream, Decoder(), b""

    def messages(self, is_over: Callable[[], bool] = lambda: False) -> Iterator[Message]:
        """Each message as it comes, until the stream ends or `is_over`; a cut line is garbage."""
        while not (self._stream.ended or is_over()):
            for channel, data in self._stream.receive(_RECEIVE_S):
                if channel is Channel.STDOUT:
                    yield from self._decoder.feed(data)
                elif channel is Channel.STDERR:
                    self._errors += data
        yield from self._decoder.flush()

    @property
    def end(self) -> StreamEnded:
        """How it ended: the connection's words, else the agent's on stderr, else the status."""
        status, words = self._stream.status, clean_bytes(self._errors)
        lost = self._stream.lost or words or (status.message if status else None)
        return StreamEnded(status.exit_code if status else None, lost or None)
