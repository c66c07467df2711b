"""One exec in a container: stdin in, stdout and stderr out, its status at the end.

An own client on websocket-client, since the kubernetes library's `stream()` loses impersonation
and the HTTP status, has no handshake timeout and does not survive two threads. The handshake
and the frame format are websocket-client's; the socket is ours and never blocks, so that half a
frame costs nothing and a timeout is kept. TLS in OpenSSL is not safe for two threads at once:
each single read and write holds a lock, waiting does not.

The end of a stream is a fact, not an exception: see `ended`, `status` and `lost`.
"""

import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import websocket
from websocket import ABNF, continuous_frame, frame_buffer

from kubectl_stress.kube.api_errors import brief_reason
from kubectl_stress.kube.exec import channels
from kubectl_stress.kube.exec.channels import Channel, ExecStatus
from kubectl_stress.text import clean_bytes

PING_SECONDS = 5.0  # as kubectl
# Three pings unanswered. kubectl waits for 61 s, but a load must not run on unseen for so long.
SILENCE_SECONDS = 15.0
# Before its first word nothing runs unseen: a slow node that starts 40 processes at once answered
# none of their pings for longer than that. As kubectl.
START_SILENCE_SECONDS = 60.0
# The status overtakes stdout (seen: 600 KiB after it, from a 1.37 kubelet), so the end is the close
# frame. A server that forgets that one is not waited for once it has been quiet for so long.
STATUS_GRACE_SECONDS = 3.0
CLOSE_SECONDS = 0.5

_READ_BYTES = 64 * 1024
_READ_LIMIT_BYTES = 4 * 1024 * 1024  # in one `receive`, so that a flood cannot hold it
# Ten times a second epoll() would be set up and closed for one socket, and select() takes no
# descriptor above 1,023: a thousand streams have them. Windows has no poll().
_Selector = getattr(selectors, "PollSelector", selectors.DefaultSelector)
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class _NeedMore(Exception):
    """The frame is not complete yet."""


class ExecStream:
    """A running exec; `send` and `close` may be called while another thread receives."""

    def __init__(
        self,
        sock: socket.socket,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._clock = clock
        self._io = threading.RLock()  # one read or write of the socket, and the output buffer
        self._receiving = threading.RLock()  # a whole `receive`
        self._inbound = bytearray()
        self._outbound = bytearray()
        self._frames = frame_buffer(self._take, skip_utf8_validation=True)
        self._fragments = continuous_frame(fire_cont_frame=False, skip_utf8_validation=True)
        self._messages: list[tuple[Channel, bytes]] = []
        self._error_data = b""
        self._message_at = 0.0
        self._patience_s = START_SILENCE_SECONDS
        self._ping_at = clock() + PING_SECONDS
        self._unanswered_since: float | None = None
        self._closed = False
        self.ended = False
        self.status: ExecStatus | None = None
        self.lost: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def fileno(self) -> int:
        """For selectors; readable means `receive(0)` has something to do. -1 when closed."""
        return self._sock.fileno()

    def send(self, data: bytes) -> bool:
        """Put data on the process's stdin; False when the stream has ended. Never blocks.

        What the network does not take yet goes out during the next `send` or `receive`.
        """
        return self._send_binary(channels.encode(Channel.STDIN, data)) if data else not self.ended

    def receive(self, timeout: float) -> list[tuple[Channel, bytes]]:
        """What came on stdout and stderr, after at most `timeout` seconds; [] for nothing.

        On the channel of stdin nothing comes but from a port that is forwarded.
        Also answers and sends pings: call it at least every few seconds.
        """
        deadline = self._clock() + timeout
        with self._receiving:
            while not self.ended:
                remaining = deadline - self._clock()
                if remaining > 0 and not self._pending():
                    self._wait(min(remaining, self._next_duty()))
                self._step()
                if self._messages or self.ended or remaining <= 0:
                    break
            messages, self._messages = self._messages, []
            return messages

    def close(self) -> None:
        """End the stream, from any thread; the process reads the end of its stdin."""
        with self._io:
            if self._closed:
                return
            self._closed = True
            self._end("closed by this side")
            self._queue(struct.pack("!H", websocket.STATUS_NORMAL), ABNF.OPCODE_CLOSE)
        self._drain_output(CLOSE_SECONDS)
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)  # wakes a receiving thread
        with self._receiving:
            self._sock.close()

    # Output

    def _send_binary(self, payload: bytes) -> bool:
        with self._io:
            if self.ended:
                return False
            self._queue(payload, ABNF.OPCODE_BINARY)
            self._flush()
            return True

    def _queue(self, payload: bytes, opcode: int) -> None:
        with self._io:
            self._outbound += ABNF.create_frame(payload, opcode).format()

    def _flush(self) -> None:
        with self._io:
            while self._outbound:
                try:
                    sent = self._sock.send(self._outbound)
                except _WOULD_BLOCK:
                    return
                except (OSError, ValueError):
                    # The reason is told by the reading side, after what the server still said.
                    self._outbound.clear()
                    return
                del self._outbound[:sent]

    def _drain_output(self, seconds: float) -> None:
        deadline = self._clock() + seconds
        self._flush()
        while self._outbound and self._clock() < deadline:
            self._wait(deadline - self._clock())
            self._flush()

    # Input

    def _step(self) -> None:
        now = self._clock()
        if now >= self._ping_at:
            self._queue(b"", ABNF.OPCODE_PING)
            self._ping_at = now + PING_SECONDS
            self._unanswered_since = self._unanswered_since or now
        self._flush()
        self._read_available()
        self._flush()
        self._judge_silence(self._clock())

    def _judge_silence(self, now: float) -> None:
        if self._error_data and now >= self._message_at + STATUS_GRACE_SECONDS:
            self._end("")
        since = self._unanswered_since
        if since is not None and now >= since + self._patience_s:
            self._end(f"no answer for {self._patience_s:.0f} s")

    def _next_duty(self) -> float:
        """Seconds until something must be done even if nothing comes."""
        due = self._ping_at
        if self._error_data:
            due = min(due, self._message_at + STATUS_GRACE_SECONDS)
        return max(0.0, due - self._clock())

    def _wait(self, seconds: float) -> None:
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outbound else 0)
        with _Selector() as selector, suppress(ValueError, OSError):
            selector.register(self._sock, events)
            selector.select(seconds)

    def _read_available(self) -> None:
        """Read until the socket would block: TLS must keep nothing that select cannot see."""
        total = 0
        while not self.ended and (total < _READ_LIMIT_BYTES or self._pending()):
            try:
                with self._io:
                    data = self._sock.recv(_READ_BYTES)
            except _WOULD_BLOCK:
                return
            except (OSError, ValueError) as error:
                self._end(f"the connection broke: {brief_reason(error)}")
                return
            if not data:
                self._end("the connection was closed without a status")
                return
            total += len(data)
            self._unanswered_since = None
            self._inbound += data
            self._decode()

    def _pending(self) -> int:
        """What TLS has read and nobody has taken, as where a frame came with the handshake."""
        with self._io:
            return self._sock.pending() if isinstance(self._sock, ssl.SSLSocket) else 0

    def _take(self, size: int) -> bytes:
        if not self._inbound:
            raise _NeedMore
        data = bytes(self._inbound[:size])
        del self._inbound[:size]
        return data

    def _decode(self) -> None:
        try:
            while not self.ended:
                self._on_frame(self._frames.recv_frame())
        except _NeedMore:
            return
        except (websocket.WebSocketException, ValueError) as error:
            self._end(f"the server broke the WebSocket protocol: {error}")

    def _on_frame(self, frame: ABNF) -> None:
        if frame.opcode == ABNF.OPCODE_PING:
            self._queue(_bytes(frame.data), ABNF.OPCODE_PONG)
        elif frame.opcode == ABNF.OPCODE_CLOSE:
            self._queue(_bytes(frame.data)[:2], ABNF.OPCODE_CLOSE)
            self._flush()
            self._end(_close_reason(_bytes(frame.data)))
        elif frame.opcode != ABNF.OPCODE_PONG:
            self._fragments.validate(frame)
            self._fragments.add(frame)
            if self._fragments.is_fire(frame):
                self._on_message(_bytes(self._fragments.extract(frame)[1].data))

    def _on_message(self, payload: bytes) -> None:
        decoded = channels.decode(payload)
        if decoded is None or not decoded[1]:  # servers open with an empty frame on each channel
            return
        channel, data = decoded
        self._message_at, self._patience_s = self._clock(), SILENCE_SECONDS
        if channel is Channel.ERROR:
            self._error_data += data
        elif channel in (Channel.STDIN, Channel.STDOUT, Channel.STDERR):
            self._messages.append((channel, data))

    def _end(self, lost: str) -> None:
        with self._io:
            if self.ended:
                return
            if self._error_data:
                self.status = channels.parse_status(self._error_data)
            else:
                self.lost = lost
            self.ended = True


def _bytes(data: str | bytes) -> bytes:
    """Frames read from a socket hold bytes; the library's type says either."""
    return data.encode() if isinstance(data, str) else data


def _close_reason(data: bytes) -> str:
    if len(data) < 2:
        return "the server closed the stream without a status"
    code = int.from_bytes(data[:2], "big")
    reason = clean_bytes(data[2:])
    return (
        f"the server closed the stream without a status (code {code}{': ' * bool(reason)}{reason})"
    )
