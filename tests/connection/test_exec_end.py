"""Each way in which an exec ends is a fact: a status, or the reason why there is none."""

import threading
from collections.abc import Callable, Iterator

import pytest

from kubectl_stress.kube.exec.channels import Channel, ExecStatus
from tests.connection.frames import CLOSE, CONTINUATION, TEXT, frame
from tests.connection.peer import EXIT_3, SUCCESS, Peer

OUT = Channel.STDOUT
OOM = b'{"status": "Failure", "reason": "InternalError", "message": "task killed"}'


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def received(peer: Peer) -> bytes:
    return b"".join(data for _, data in peer.stream.receive(0))


# With a status


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (SUCCESS, ExecStatus(0)),
        (EXIT_3, ExecStatus(3, "NonZeroExitCode", "exit code 3")),
        (OOM, ExecStatus(None, "InternalError", "task killed")),
        (b"runtime says no", ExecStatus(None, "Unreadable", "runtime says no")),
    ],
    ids=["success", "exit-code", "no-causes", "no-status"],
)
def test_the_status_is_told_once_the_stream_has_ended(
    peer: Peer, data: bytes, status: ExecStatus
) -> None:
    peer.send(Channel.ERROR, data)
    peer.close_frame()
    peer.stream.receive(0)

    assert (peer.stream.ended, peer.stream.status, peer.stream.lost) == (True, status, None)


def test_a_status_in_several_frames_is_one(peer: Peer) -> None:
    peer.send(Channel.ERROR, EXIT_3[:20])
    peer.send(Channel.ERROR, EXIT_3[20:])
    peer.close_frame()
    peer.stream.receive(0)

    assert peer.stream.status == ExecStatus(3, "NonZeroExitCode", "exit code 3")


def test_output_that_the_status_overtook_still_comes(peer: Peer) -> None:
    peer.send(Channel.ERROR, SUCCESS)
    first = received(peer)
    peer.send(OUT, b"late")
    peer.close_frame()

    assert (first, received(peer)) == (b"", b"late")
    assert peer.stream.status == ExecStatus(0)


@pytest.mark.parametrize("cut", [Peer.hang_up, Peer.reset], ids=["hang-up", "reset"])
def test_a_status_counts_though_the_connection_is_cut(
    peer: Peer, cut: Callable[[Peer], None]
) -> None:
    peer.send(Channel.ERROR, EXIT_3)
    cut(peer)
    peer.stream.receive(0)

    assert peer.stream.status == ExecStatus(3, "NonZeroExitCode", "exit code 3")
    assert peer.stream.lost is None


def test_a_server_that_forgets_the_close_frame_is_waited_for_while_it_talks(peer: Peer) -> None:
    peer.send(Channel.ERROR, SUCCESS)
    ended = []
    for wait, data in ((0, b""), (2, b"late"), (2, b"later"), (2, b""), (1, b"")):
        peer.clock.now += wait
        peer.send(OUT, data)
        peer.stream.receive(0)
        ended.append(peer.stream.ended)

    assert ended == [False, False, False, False, True]
    assert (peer.stream.status, peer.stream.lost) == (ExecStatus(0), None)


def test_a_close_frame_is_answered(peer: Peer) -> None:
    peer.send(Channel.ERROR, SUCCESS)
    peer.close_frame(1000)
    peer.stream.receive(0)

    assert peer.reads_close() == 1000


# Lost


def close_without_words(peer: Peer) -> None:
    peer.write(frame(b"", CLOSE))


def close_with_words(peer: Peer) -> None:
    peer.close_frame(1011, "the kubelet\nis gone")


def reserved_bits(peer: Peer) -> None:
    peer.write(b"\xf2\x01x")


def unknown_opcode(peer: Peer) -> None:
    peer.write(frame(b"x", 0x3))


def stray_continuation(peer: Peer) -> None:
    peer.write(frame(b"x", CONTINUATION))


def interrupted_message(peer: Peer) -> None:
    peer.write(frame(b"\x01x", TEXT, fin=False) + frame(b"\x01x", TEXT))


@pytest.mark.parametrize(
    ("cut", "reason"),
    [
        (Peer.hang_up, "the connection was closed without a status"),
        (close_without_words, "the server closed the stream without a status"),
        (Peer.close_frame, "the server closed the stream without a status (code 1000)"),
        (
            close_with_words,
            "the server closed the stream without a status (code 1011: the kubelet is gone)",
        ),
        (reserved_bits, "the server broke the WebSocket protocol: "),
        (unknown_opcode, "the server broke the WebSocket protocol: "),
        (stray_continuation, "the server broke the WebSocket protocol: "),
        (interrupted_message, "the server broke the WebSocket protocol: "),
    ],
)
def test_an_end_without_a_status_is_lost_and_says_why(
    peer: Peer, cut: Callable[[Peer], None], reason: str
) -> None:
    peer.send(OUT, b"last words")
    cut(peer)

    assert received(peer) == b"last words"
    assert (peer.stream.ended, peer.stream.status) == (True, None)
    assert (peer.stream.lost or "").startswith(reason)
    assert "\n" not in (peer.stream.lost or "")


def test_a_connection_that_is_reset_is_lost_with_its_reason(peer: Peer) -> None:
    peer.stream.send(b"never read")
    peer.reset()
    peer.stream.receive(0)

    assert peer.stream.lost == "the connection broke: Connection reset by peer"


def test_a_connection_cut_in_a_frame_is_lost(peer: Peer) -> None:
    peer.send(OUT, b"whole")
    peer.write(frame(b"\x01half")[:-2])
    peer.hang_up()

    assert received(peer) == b"whole"
    assert peer.stream.lost == "the connection was closed without a status"


def test_sending_on_a_cut_connection_is_no_crash(peer: Peer) -> None:
    peer.send(OUT, b"last words")
    peer.hang_up()

    for _ in range(3):
        peer.stream.send(b"x")

    assert received(peer) == b"last words"
    assert peer.stream.lost is not None
    assert not peer.stream.send(b"x")


# Closed by us


def test_closing_ends_stdin_and_says_so(peer: Peer) -> None:
    peer.stream.close()

    assert peer.reads_close() == 1000
    assert (peer.stream.ended, peer.stream.lost) == (True, "closed by this side")
    assert peer.stream.fileno() == -1


def test_closing_twice_is_once(peer: Peer) -> None:
    peer.stream.close()
    peer.stream.close()

    assert peer.stream.receive(0) == []
    assert not peer.stream.send(b"x")


def test_closing_keeps_a_status_that_came(peer: Peer) -> None:
    peer.send(Channel.ERROR, EXIT_3)
    peer.stream.receive(0)
    peer.stream.close()

    assert peer.stream.status == ExecStatus(3, "NonZeroExitCode", "exit code 3")
    assert peer.stream.lost is None


def test_the_end_of_a_with_block_closes(peer: Peer) -> None:
    with peer.stream as stream:
        pass

    assert stream.ended


def test_closing_wakes_the_thread_that_waits(peer: Peer) -> None:
    found: list[object] = []
    is_waiting = threading.Event()

    def receive() -> None:
        is_waiting.set()
        found.append(peer.stream.receive(60))

    thread = threading.Thread(target=receive)
    thread.start()
    is_waiting.wait()
    peer.stream.close()
    thread.join()

    assert found == [[]]


def test_closing_after_the_server_is_gone_is_no_crash(peer: Peer) -> None:
    peer.hang_up()

    peer.stream.close()

    assert peer.stream.ended
