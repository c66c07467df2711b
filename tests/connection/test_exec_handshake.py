"""An exec from its handshake to its status, over TLS and beside other requests."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from kubectl_stress.errors import (
    ClusterError,
    Forbidden,
    KubeletFailed,
    NotFound,
    Rejected,
    Unauthorized,
    Unreachable,
)
from kubectl_stress.kube.exec.channels import V4, V5, Channel, ExecStatus, encode
from kubectl_stress.kube.exec.stream import ExecStream
from tests.connection.conftest import Connect
from tests.connection.fake_api_server import (
    Answer,
    FakeApiServer,
    Handler,
    Script,
    exec_script,
    status,
)
from tests.connection.peer import EXIT_3, SUCCESS

EXEC = "/api/v1/namespaces/n/pods/p/exec"


def read_all(stream: ExecStream) -> bytes:
    data = b""
    while not stream.ended:
        data += b"".join(part for _, part in stream.receive(5))
    return data


def raw(text: str) -> Script:
    def run(connection: Handler) -> None:
        connection.wfile.write(text.encode())

    return run


def test_the_command_is_in_the_query(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", EXEC, exec_script(V5))

    connect().exec("n", "p", "app", ["/agent", "run", "a b&c"]).close()

    assert api.requests[0].query == (
        ("container", "app"),
        ("stdin", "true"),
        ("stdout", "true"),
        ("stderr", "true"),
        ("command", "/agent"),
        ("command", "run"),
        ("command", "a b&c"),
    )


def test_without_stdin_none_is_asked_for(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", EXEC, exec_script(V5))

    connect().exec("n", "p", "app", ["true"], stdin=False).close()

    assert "stdin" not in dict(api.requests[0].query)


def test_the_newest_protocol_is_offered_first_and_no_origin(
    api: FakeApiServer, connect: Connect
) -> None:
    api.reply("GET", EXEC, exec_script(V5))

    connect().exec("n", "p", "c", ["true"]).close()

    assert api.requests[0].header("sec-websocket-protocol") == f"{V5},{V4}"
    assert api.requests[0].header("origin") == ""
    assert api.requests[0].header("authorization") == "Bearer secret"


@pytest.mark.parametrize("protocol", [V5, V4])
def test_the_servers_protocol_is_spoken(
    api: FakeApiServer, connect: Connect, protocol: str
) -> None:
    api.reply("GET", EXEC, exec_script(protocol, encode(Channel.STDOUT, b"words")))

    with connect().exec("n", "p", "c", ["true"]) as stream:
        assert read_all(stream) == b"words"


def test_output_and_status_come_over_tls(api: FakeApiServer, connect: Connect) -> None:
    data = os.urandom(300_000)
    payloads = [encode(Channel.STDOUT, data[at : at + 7000]) for at in range(0, len(data), 7000)]
    api.reply("GET", EXEC, exec_script(V5, *payloads, encode(Channel.ERROR, EXIT_3)))

    with connect().exec("n", "p", "c", ["cat"]) as stream:
        assert read_all(stream) == data

    assert stream.status == ExecStatus(3, "NonZeroExitCode", "exit code 3")


def test_input_goes_to_the_command(api: FakeApiServer, connect: Connect) -> None:
    def echo(connection: Handler) -> None:
        while (payload := connection.read_frame()[1]) != encode(Channel.STDIN, b"end"):
            connection.frame(b"\x01" + payload[1:])
        connection.frame(encode(Channel.ERROR, SUCCESS))

    api.reply("GET", EXEC, exec_script(V5, then=echo))

    with connect().exec("n", "p", "c", ["cat"]) as stream:
        stream.send(b"x" * 200_000)
        stream.send(b"end")
        assert read_all(stream) == b"x" * 200_000

    assert stream.status == ExecStatus(0)


def test_a_frame_that_came_with_the_handshake_is_not_lost(
    api: FakeApiServer, connect: Connect
) -> None:
    def at_once(connection: Handler) -> None:
        written: list[bytes] = []
        wfile, connection.wfile = connection.wfile, _Gathering(written)  # type: ignore[assignment]
        connection.upgrade(V5)
        connection.frame(encode(Channel.STDOUT, b"early"))
        wfile.write(b"".join(written))
        with suppress(ConnectionError):
            connection.read_frame()

    api.reply("GET", EXEC, at_once)

    with connect().exec("n", "p", "c", ["true"]) as stream:
        assert stream.receive(5) == [(Channel.STDOUT, b"early")]


class _Gathering:
    """Keeps what is written, to be sent as one TLS record."""

    def __init__(self, written: list[bytes]) -> None:
        self.write = written.append

    def flush(self) -> None:
        """Nothing waits."""


def test_a_connection_that_is_cut_is_lost(api: FakeApiServer, connect: Connect) -> None:
    api.reply(
        "GET", EXEC, exec_script(V5, encode(Channel.STDOUT, b"last words"), then=Handler.drop)
    )

    with connect().exec("n", "p", "c", ["true"]) as stream:
        assert read_all(stream) == b"last words"

    assert stream.status is None
    assert stream.lost is not None


# Refused


def test_an_expired_token_is_renewed_once(
    api: FakeApiServer, connect: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text("old")

    def expired(connection: Handler) -> None:
        path.write_text("new")
        raw("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")(connection)

    api.reply("GET", EXEC, expired, exec_script(V5))

    connect(token_file=path).exec("n", "p", "c", ["true"]).close()

    shown = [seen.header("authorization") for seen in api.requests]
    assert shown == ["Bearer old", "Bearer new"]


def test_a_token_refused_twice_is_told(
    api: FakeApiServer, connect: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text("old")

    def expired(connection: Handler) -> None:
        path.write_text(path.read_text() + "er")
        raw("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")(connection)

    api.reply("GET", EXEC, expired)

    with pytest.raises(Unauthorized, match="does not accept the credentials"):
        connect(token_file=path).exec("n", "p", "c", ["true"])

    assert len(api.requests) == 2


def test_what_rbac_forbids_is_named_as_rbac_knows_it(api: FakeApiServer, connect: Connect) -> None:
    message = (
        'pods "p" is forbidden: User "alice" cannot create resource "pods/exec" in API group "" '
        'in the namespace "n"'
    )
    api.reply("GET", EXEC, status(403, reason="Forbidden", message=message))

    with pytest.raises(Forbidden) as progress:
        connect().exec("n", "p", "c", ["true"])

    assert (progress.value.verb, progress.value.resource) == ("create", "pods/exec")


def never_answers(connection: Handler) -> None:
    connection.server.fake.over.wait()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (never_answers, "no answer within 0.2 s"),
        (
            status(500, message="error dialing backend: dial tcp 10.0.0.7:10250: no route to host"),
            "error dialing backend: dial tcp 10.0.0.7:10250: no route to host",
        ),
        (raw("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), "HTTP status 502"),
    ],
    ids=["silent", "500", "502"],
)
@pytest.mark.parametrize("call", ["exec", "attach"])
def test_a_kubelet_that_does_not_answer_is_told_from_an_api_server_that_does(
    api: FakeApiServer, connect: Connect, call: str, answer: Script | Answer, why: str
) -> None:
    pod = {
        "metadata": {"name": "p", "namespace": "n", "uid": "1"},
        "spec": {"nodeName": "node-7", "containers": [{"name": "c"}]},
    }
    api.reply("GET", f"/api/v1/namespaces/n/pods/p/{call}", answer)
    api.reply("GET", "/api/v1/namespaces/n/pods/p", Answer(200, json.dumps(pod).encode()))
    cluster = connect(request_timeout_seconds=0.2)

    with pytest.raises(KubeletFailed) as failed:
        cluster.exec("n", "p", "c", ["true"]) if call == "exec" else cluster.attach("n", "p", "c")

    assert str(failed.value) == (
        f'the API server answers, but {call} in pod "p" failed on node "node-7" (kubelet): {why}'
    )


@pytest.mark.parametrize("code", [403, 500])
def test_a_refusal_in_chunks_keeps_its_words(
    api: FakeApiServer, connect: Connect, code: int
) -> None:
    body = status(code, message="denied: no exec").body.decode()
    chunks = "".join(f"{len(part):x}\r\n{part}\r\n" for part in (body[:50], body[50:], ""))
    head = f"HTTP/1.1 {code} No\r\nTransfer-Encoding: chunked\r\n\r\n"
    api.reply("GET", EXEC, raw(head + chunks))

    with pytest.raises(ClusterError, match="denied: no exec"):
        connect().exec("n", "p", "c", ["true"])


def test_a_refusal_until_the_end_of_the_connection_keeps_its_words(
    api: FakeApiServer, connect: Connect
) -> None:
    body = status(403, message="denied: no exec").body.decode()
    api.reply("GET", EXEC, raw(f"HTTP/1.1 403 No\r\n\r\n{body}"))

    with pytest.raises(Rejected, match="denied: no exec"):
        connect().exec("n", "p", "c", ["true"])


@pytest.mark.parametrize("chunks", ["", "5\r\nab", "x\r\nab\r\n", "-5\r\nab"])
def test_a_refusal_in_broken_chunks_is_still_one(
    api: FakeApiServer, connect: Connect, chunks: str
) -> None:
    api.reply("GET", EXEC, raw(f"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"))

    with pytest.raises(NotFound):
        connect().exec("n", "p", "c", ["true"])


def test_a_command_longer_than_a_tls_record_is_sent(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", EXEC, exec_script(V5))

    connect(request_timeout_seconds=5).exec("n", "p", "c", ["x" * 40_000]).close()

    assert dict(api.requests[0].query)["command"] == "x" * 40_000


def test_a_long_refusal_is_read_whole(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", EXEC, status(500, message="x" * 100_000 + " the end"))

    with pytest.raises(ClusterError, match="the end"):
        connect().exec("n", "p", "c", ["true"])


@pytest.mark.parametrize(
    "answer",
    [
        raw("HTTP/1.1 101 Switching\r\n\r\n"),
        raw("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
        raw("SSH-2.0-OpenSSH\r\n"),
        raw("HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\n{"),
        raw("HTTP/1.1 403 No\r\nContent-Length: x\r\n\r\n"),
        raw(""),
        exec_script("channel.k8s.io"),
        exec_script("v6.channel.k8s.io"),
        Answer(200, b"{}"),
    ],
    ids=["no-headers", "no-accept", "ssh", "cut", "length", "nothing", "v1", "v6", "200"],
)
def test_what_is_no_handshake_is_told_on_one_line(
    api: FakeApiServer, connect: Connect, answer: Script | Answer
) -> None:
    api.reply("GET", EXEC, answer)

    with pytest.raises(ClusterError) as progress:
        connect().exec("n", "p", "c", ["true"])

    assert "\n" not in str(progress.value)
    assert api.url in str(progress.value)


@pytest.mark.usefixtures("heeds_interrupts")
def test_an_interrupt_in_the_handshake_stays_one(api: FakeApiServer, connect: Connect) -> None:
    def interrupt(connection: Handler) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        connection.server.fake.over.wait()

    api.reply("GET", EXEC, interrupt)

    with pytest.raises(KeyboardInterrupt):
        connect().exec("n", "p", "c", ["true"])


# Many at once


def test_execs_and_requests_of_many_threads_do_not_meet(
    api: FakeApiServer, connect: Connect
) -> None:
    def name_back(connection: Handler) -> None:
        connection.frame(encode(Channel.STDOUT, dict(connection.seen.query)["command"].encode()))

    api.reply("GET", EXEC, exec_script(V5, then=name_back))
    cluster = connect()

    def ask(number: int) -> tuple[bytes, object]:
        with cluster.exec("n", "p", "c", [str(number)]) as stream:
            return read_all(stream), cluster.server_version()

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(24)))

    assert found == [(str(number).encode(), {"major": "1"}) for number in range(24)]


def test_a_stream_that_was_never_read_is_closed_with_the_cluster_still_usable(
    api: FakeApiServer, connect: Connect
) -> None:
    api.reply("GET", EXEC, exec_script(V5, *[encode(Channel.STDOUT, b"x" * 60_000)] * 20))
    cluster = connect()

    cluster.exec("n", "p", "c", ["yes"]).close()

    assert cluster.server_version() == {"major": "1"}


def test_without_an_answer_the_server_is_unreachable(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", EXEC, Handler.drop)

    with pytest.raises(Unreachable, match="cannot reach the API server at"):
        connect().exec("n", "p", "c", ["true"])


# On a connection that requests have used


def test_an_exec_takes_over_an_idle_connection(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", EXEC, exec_script(V5, encode(Channel.ERROR, SUCCESS)))
    cluster = connect()

    cluster.server_version()
    with cluster.exec("n", "p", "c", ["true"]) as stream:
        assert cluster.server_version() == {"major": "1"}
        assert read_all(stream) == b""

    assert stream.status == ExecStatus(0)
    assert len(api.sni) == 2  # TLS handshakes: the second one for the request beside the stream


def test_an_idle_connection_that_is_closed_in_this_moment_costs_no_exec(
    api: FakeApiServer, connect: Connect
) -> None:
    api.reply("GET", EXEC, Handler.drop, exec_script(V5))
    cluster = connect()

    cluster.server_version()
    cluster.exec("n", "p", "c", ["true"]).close()

    assert [seen.path for seen in api.requests] == ["/version", EXEC, EXEC]


def test_a_kubelet_that_is_silent_on_an_idle_connection_is_not_asked_twice(
    api: FakeApiServer, connect: Connect
) -> None:
    api.reply("GET", EXEC, never_answers)
    cluster = connect(request_timeout_seconds=0.2)

    cluster.server_version()
    with pytest.raises(KubeletFailed):
        cluster.exec("n", "p", "c", ["true"])

    assert [seen.path for seen in api.requests].count(EXEC) == 1
