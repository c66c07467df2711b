"""An exec stream and its server as two ends of one pair of sockets, with a clock to turn."""

import socket
import struct

from kubectl_stress.kube.exec.channels import Channel, encode
from kubectl_stress.kube.exec.stream import ExecStream
from tests.connection.frames import BINARY, CLOSE, close_frame, frame, read_frame

EXIT_3 = (
    b'{"status": "Failure", "reason": "NonZeroExitCode", "message": "exit code 3", '
    b'"details": {"causes": [{"reason": "ExitCode", "message": "3"}]}}'
)
SUCCESS = b'{"status": "Success"}'


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Peer:
    """The server's end; `stream` is the client's, `clock` the one it reads."""

    def __init__(self) -> None:
        self.clock = Clock()
        self._sock, client = socket.socketpair()
        self._file = self._sock.makefile("rb")
        self.stream = ExecStream(client, clock=self.clock)

    def write(self, data: bytes) -> None:
        self._sock.sendall(data)

    def send(self, channel: Channel, data: bytes) -> None:
        self.write(frame(encode(channel, data)))

    def read(self) -> tuple[int, bytes]:
        return read_frame(self._file)

    def reads_binary(self) -> bytes:
        opcode, payload = self.read()
        assert opcode == BINARY
        return payload

    def reads_close(self) -> int:
        opcode, payload = self.read()
        assert opcode == CLOSE
        return int(struct.unpack("!H", payload)[0])

    def close_frame(self, code: int = 1000, reason: str = "") -> None:
        self.write(close_frame(code, reason))

    def hang_up(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Go away with something unread, which the other side sees as a reset."""
        self._file.close()
        self._sock.close()

    def close(self) -> None:
        self.stream.close()
        self._file.close()
        self._sock.close()
