"""What goes through an exec stream, in whatever portions the network makes of it."""

import selectors
import socket
import threading
from collections.abc import Iterator

import pytest

from kubectl_stress.kube.exec.channels import Channel, encode
from kubectl_stress.kube.exec.stream import ExecStream
from tests.connection.frames import BINARY, CONTINUATION, PING, PONG, TEXT, frame
from tests.connection.peer import EXIT_3, SUCCESS, Peer

OUT, ERR = Channel.STDOUT, Channel.STDERR


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def test_output_comes_with_its_channel_in_order(peer: Peer) -> None:
    peer.send(OUT, b"one")
    peer.send(ERR, b"two")
    peer.send(OUT, b"three")

    assert peer.stream.receive(0) == [(OUT, b"one"), (ERR, b"two"), (OUT, b"three")]


class CountingReads(socket.socket):
    """A socket that counts how often it was read."""

    reads = 0

    def recv(self, *arguments: int) -> bytes:
        self.reads += 1
        return super().recv(*arguments)


def test_a_message_that_is_waited_for_costs_a_read_and_one_that_finds_no_more() -> None:
    server, client = socket.socketpair()
    counting = CountingReads(fileno=client.detach())

    with server, ExecStream(counting) as stream:
        later = threading.Timer(0.05, server.sendall, [frame(encode(OUT, b"sample"))])
        later.start()

        assert stream.receive(60) == [(OUT, b"sample")]
        assert counting.reads == 2
        later.join()


def test_nothing_is_an_empty_list(peer: Peer) -> None:
    assert peer.stream.receive(0) == []
    assert not peer.stream.ended


def test_empty_frames_and_unknown_channels_are_passed_over(peer: Peer) -> None:
    for payload in (b"", b"\x01", b"\x02", b"\x03", b"\x09x", b"\xff\x01"):
        peer.write(frame(payload))
    peer.send(OUT, b"out")

    assert peer.stream.receive(0) == [(OUT, b"out")]
    assert not peer.stream.ended


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_frames_split_and_merged_by_the_network_are_the_same(peer: Peer, size: int) -> None:
    data = b"".join(frame(encode(OUT, text)) for text in (b"one", b"two", b"x" * 300))
    found = []

    for start in range(0, len(data), size):
        peer.write(data[start : start + size])
        found += peer.stream.receive(0)

    assert found == [(OUT, b"one"), (OUT, b"two"), (OUT, b"x" * 300)]


def test_half_a_frame_is_not_waited_for(peer: Peer) -> None:
    peer.write(frame(encode(OUT, b"out"))[:-1])

    assert peer.stream.receive(0) == []
    assert not peer.stream.ended


@pytest.mark.parametrize("size", [0, 1, 124, 125, 126, 65534, 65535, 65536])
def test_frames_of_any_length_are_read(peer: Peer, size: int) -> None:
    peer.send(OUT, b"x" * size + b".")

    assert peer.stream.receive(0) == [(OUT, b"x" * size + b".")]


def test_a_message_in_several_frames_is_one(peer: Peer) -> None:
    peer.write(frame(encode(OUT, b"a"), BINARY, fin=False))
    peer.write(frame(b"b", CONTINUATION, fin=False))
    peer.write(frame(b"", PING))  # may come between
    peer.write(frame(b"c", CONTINUATION))

    assert peer.stream.receive(0) == [(OUT, b"abc")]


def test_characters_split_between_frames_stay_bytes(peer: Peer) -> None:
    for byte in "ł".encode():
        peer.send(OUT, bytes([byte]))

    assert b"".join(data for _, data in peer.stream.receive(0)).decode() == "ł"


def test_text_frames_are_read_too(peer: Peer) -> None:
    peer.write(frame(b"\x01\xff", TEXT))

    assert peer.stream.receive(0) == [(OUT, b"\xff")]


# Input


def test_what_is_sent_goes_to_stdin(peer: Peer) -> None:
    assert peer.stream.send(b"line\n")
    assert peer.reads_binary() == b"\x00line\n"


def test_nothing_sent_is_no_frame(peer: Peer) -> None:
    assert peer.stream.send(b"")
    peer.stream.send(b"x")

    assert peer.reads_binary() == b"\x00x"


def test_sending_never_blocks_and_the_rest_goes_out_while_receiving(peer: Peer) -> None:
    data = b"x" * 4_000_000
    assert peer.stream.send(data)
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.append(peer.reads_binary()))
    thread.start()

    while thread.is_alive():
        peer.stream.receive(0)

    assert read[0][1:] == data


def test_a_flood_does_not_hold_the_receiver(peer: Peer) -> None:
    is_over = threading.Event()
    block = frame(encode(OUT, b"x" * 60_000))

    def flood() -> None:
        while not is_over.is_set():
            peer.write(block)

    thread = threading.Thread(target=flood)
    thread.start()
    found = peer.stream.receive(10)
    is_over.set()
    while thread.is_alive():
        peer.stream.receive(0)

    assert found


# Pings


def test_a_ping_is_answered_with_its_payload(peer: Peer) -> None:
    peer.write(frame(b"are you there", PING))

    peer.stream.receive(0)

    assert peer.read() == (PONG, b"are you there")


def test_the_server_is_pinged_every_five_seconds(peer: Peer) -> None:
    for _ in range(3):
        peer.clock.now += 5
        peer.stream.receive(0)
        assert peer.read() == (PING, b"")
        peer.write(frame(b"", PONG))


def test_a_server_that_answers_is_not_lost(peer: Peer) -> None:
    for _ in range(10):
        peer.clock.now += 5
        peer.stream.receive(0)
        peer.write(frame(b"", PONG))

    assert not peer.stream.ended


def test_output_is_an_answer_too(peer: Peer) -> None:
    for _ in range(10):
        peer.clock.now += 5
        peer.stream.receive(0)
        peer.send(OUT, b"x")

    assert not peer.stream.ended


def test_a_caller_that_paused_does_not_take_the_server_for_lost(peer: Peer) -> None:
    peer.clock.now += 5
    peer.stream.receive(0)
    peer.write(frame(b"", PONG))
    peer.clock.now += 60

    peer.stream.receive(0)

    assert not peer.stream.ended


def test_before_the_first_word_a_silent_server_is_waited_for_as_by_kubectl(peer: Peer) -> None:
    ended = []
    for _ in range(13):
        peer.clock.now += 5
        peer.stream.receive(0)
        ended.append(peer.stream.ended)

    assert ended == [False] * 12 + [True]
    assert peer.stream.lost == "no answer for 60 s"


def test_a_server_silent_for_fifteen_seconds_is_lost(peer: Peer) -> None:
    peer.send(OUT, b"hello")
    peer.stream.receive(0)
    ended = []
    for _ in range(4):
        peer.clock.now += 5
        peer.stream.receive(0)
        ended.append(peer.stream.ended)

    assert ended == [False, False, False, True]
    assert peer.stream.lost == "no answer for 15 s"


# Both directions at once


def test_a_receiver_sees_what_comes_while_it_waits(peer: Peer) -> None:
    threading.Timer(0.05, peer.send, (OUT, b"late")).start()

    assert peer.stream.receive(10) == [(OUT, b"late")]


def test_output_is_ready_when_the_descriptor_is(peer: Peer) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(peer.stream, selectors.EVENT_READ)
        assert selector.select(0) == []
        peer.send(OUT, b"out")
        assert len(selector.select(1)) == 1


def test_a_command_that_has_ended_takes_no_more_input(peer: Peer) -> None:
    peer.send(Channel.ERROR, SUCCESS)
    peer.close_frame()
    peer.stream.receive(0)

    assert not peer.stream.send(b"x")
    assert not peer.stream.send(b"")


def test_output_before_the_end_is_not_lost(peer: Peer) -> None:
    peer.send(OUT, b"last words")
    peer.send(Channel.ERROR, EXIT_3)
    peer.close_frame()

    assert peer.stream.receive(10) == [(OUT, b"last words")]
    assert peer.stream.receive(10) == []
