"""A connection to a port of a pod, over a WebSocket (v4.channel.k8s.io).

Each port has two channels, 0 for its data and 1 for errors; the first message on each is the port
as two bytes (k8s.io/cri-streaming, pkg/streaming/portforward/websocket.go).
"""

from typing import Self

from kubectl_stress.kube.exec.channels import Channel
from kubectl_stress.kube.exec.stream import ExecStream
from kubectl_stress.text import clean_bytes

_PORT_BYTES = 2


class PortForward:
    """One forwarded port; `error` is what the node said of it, None while all is well."""

    def __init__(self, stream: ExecStream) -> None:
        self._stream = stream
        self._unread_head = {Channel.STDIN: _PORT_BYTES, Channel.STDOUT: _PORT_BYTES}
        self.error: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stream.close()

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self._stream.ended

    @property
    def is_open(self) -> bool:
        """Whether the node has answered for the port."""
        return not self._unread_head[Channel.STDIN]

    def send(self, data: bytes) -> bool:
        """Send data to the port; False when the connection has ended."""
        return self._stream.send(data)

    def receive(self, timeout: float) -> bytes:
        """What came from the port, after at most `timeout` seconds; empty for nothing."""
        found = b""
        for channel, data in self._stream.receive(timeout):
            skipped = min(self._unread_head.get(channel, 0), len(data))
            if skipped:
                self._unread_head[channel] -= skipped
                data = data[skipped:]
            if channel is Channel.STDIN:
                found += data
            elif data:
                self.error = (self.error or "") + clean_bytes(data)
        return found
