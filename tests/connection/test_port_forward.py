"""A forwarded port: its data and its errors, without the port's own two bytes before them."""

import struct
from collections.abc import Iterator

import pytest

from kubectl_stress.kube.exec.channels import Channel
from kubectl_stress.kube.exec.port_forward import PortForward
from tests.connection.peer import Peer

DATA, ERRORS = Channel.STDIN, Channel.STDOUT
HEAD = struct.pack("<H", 8080)


@pytest.fixture
def node() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def test_data_comes_without_the_port_before_it(node: Peer) -> None:
    port = PortForward(node.stream)
    node.send(DATA, HEAD)
    node.send(ERRORS, HEAD)
    node.send(DATA, b"HTTP/1.1 200 OK\r\n")

    assert port.receive(1) == b"HTTP/1.1 200 OK\r\n"
    assert (port.is_open, port.error) == (True, None)


def test_a_head_that_comes_in_pieces_with_data_is_taken_off(node: Peer) -> None:
    port = PortForward(node.stream)
    node.send(DATA, HEAD[:1])
    node.send(DATA, HEAD[1:] + b"answer")

    assert port.receive(1) == b"answer"


def test_what_the_node_says_of_the_port_is_its_error(node: Peer) -> None:
    port = PortForward(node.stream)
    node.send(DATA, HEAD)
    node.send(ERRORS, HEAD)
    node.send(ERRORS, b"error forwarding port 8080 to pod: connection refused")

    assert port.receive(1) == b""
    assert port.error == "error forwarding port 8080 to pod: connection refused"
