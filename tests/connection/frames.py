"""WebSocket frames as the server's side writes and reads them."""

import struct
from io import BufferedIOBase

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(payload: bytes, opcode: int = BINARY, *, fin: bool = True) -> bytes:
    """A server's frame as it goes over the wire."""
    head = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        head += bytes([len(payload)])
    elif len(payload) < 65536:
        head += b"\x7e" + struct.pack("!H", len(payload))
    else:
        head += b"\x7f" + struct.pack("!Q", len(payload))
    return head + payload


def close_frame(code: int = 1000, reason: str = "") -> bytes:
    return frame(struct.pack("!H", code) + reason.encode(), CLOSE)


def read_frame(file: BufferedIOBase) -> tuple[int, bytes]:
    """Opcode and payload of the client's next frame; ConnectionError at the end."""
    first, second = _exactly(file, 2)
    assert second & 0x80, "a client must mask"
    length = second & 0x7F
    if length == 126:
        length = struct.unpack("!H", _exactly(file, 2))[0]
    elif length == 127:
        length = struct.unpack("!Q", _exactly(file, 8))[0]
    mask = int.from_bytes(_exactly(file, 4) * (length // 4 + 1), "big")
    padded = length // 4 * 4 + 4
    data = int.from_bytes(_exactly(file, length).ljust(padded, b"\0"), "big")
    return first & 0x0F, (data ^ mask).to_bytes(padded, "big")[:length]


def _exactly(file: BufferedIOBase, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise ConnectionError("the client is gone")
    return data
