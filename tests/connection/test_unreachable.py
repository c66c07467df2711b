"""A server that is slow, busy, gone or no API server: tried again where that is safe, then told."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from kubectl_stress.errors import ClusterError, Unreachable
from kubectl_stress.kube.api_errors import brief_reason
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.kube.transport import RETRIES
from tests.connection.conftest import Connect
from tests.connection.fake_api_server import Answer, FakeApiServer, Handler, running, status

POD = "/api/v1/namespaces/n/pods/p"
BUSY = status(429, headers={"Retry-After": "3"}, message="too many requests")
PATCH = f"{POD}/ephemeralcontainers"
Ask = Callable[[Cluster], object]


def get_version(cluster: Cluster) -> object:
    return cluster.server_version()


def run_exec(cluster: Cluster) -> object:
    return cluster.exec("n", "p", "c", ["true"])


def watch(cluster: Cluster) -> object:
    return cluster.watch("pods", "n")


every_way = pytest.mark.parametrize("ask", [get_version, run_exec, watch])


def silent(connection: Handler) -> None:
    connection.server.fake.over.wait()


def cut(connection: Handler) -> None:
    connection.drop()


def refusal(cluster: Cluster, ask: Ask) -> str:
    with pytest.raises(Unreachable) as refused:
        ask(cluster)
    message = str(refused.value)
    assert "\n" not in message
    return message


@pytest.fixture
def deaf() -> Iterator[str]:
    """The URL of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"


# Timeouts


@pytest.mark.parametrize("ask", [get_version, run_exec])
def test_a_server_that_never_answers_is_not_waited_for(
    api: FakeApiServer, connect: Connect, ask: Ask
) -> None:
    for path in ("/version", POD, f"{POD}/exec"):
        api.reply("GET", path, silent)

    message = refusal(connect(request_timeout_seconds=0.05), ask)

    assert message == f"cannot reach the API server at {api.url}: no answer in time"


@pytest.mark.usefixtures("heeds_interrupts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("verb", "requests"), [(("check", "web"), 2), (("version",), 1)])
def test_ctrl_c_does_not_wait_for_a_server_that_never_answers(
    verb: tuple[str, ...], requests: int, number: signal.Signals
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(60)
        server = f"--server=http://127.0.0.1:{listening.getsockname()[1]}"
        argv = [sys.executable, "-m", "kubectl_stress", *verb, server, "--token=x"]
        with subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as asking:
            with ExitStack() as unanswered:
                for _ in range(requests):
                    unanswered.enter_context(listening.accept()[0]).recv(1)
                asking.send_signal(number)
                try:
                    _, said = asking.communicate(timeout=30)
                finally:
                    asking.kill()  # one that does not heed it would be waited for without an end

    assert (asking.returncode, said.strip()) == (130, b"error: interrupted")


@every_way
def test_a_server_that_never_shakes_hands_is_not_waited_for(
    deaf: str, connect: Connect, ask: Ask
) -> None:
    message = refusal(connect(server=deaf, request_timeout_seconds=0.05), ask)

    assert message == f"cannot reach the API server at {deaf}: no answer in time"


def test_half_an_answer_is_not_waited_for(api: FakeApiServer, connect: Connect) -> None:
    def half(connection: Handler) -> None:
        connection.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
        silent(connection)

    api.reply("GET", "/version", half)

    assert "no answer in time" in refusal(connect(request_timeout_seconds=0.05), get_version)


# Connections


@every_way
def test_a_server_that_is_not_there_is_told_at_once(deaf: str, connect: Connect, ask: Ask) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{unused.getsockname()[1]}"

        message = refusal(connect(server=url), ask)

    assert message == f"cannot reach the API server at {url}: Connection refused"


def test_a_kept_connection_that_was_closed_is_opened_again(
    api: FakeApiServer, connect: Connect
) -> None:
    cluster = connect()
    cluster.server_version()
    api.reply("GET", "/version", cut, {"major": "2"})

    assert cluster.server_version() == {"major": "2"}


def test_a_connection_cut_twice_is_told(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", "/version", cut)

    assert refusal(connect(), get_version).startswith("cannot reach the API server at")
    assert len(api.requests) == 2


def test_a_change_is_not_sent_again_when_the_connection_is_cut(
    api: FakeApiServer, connect: Connect
) -> None:
    api.reply("PATCH", PATCH, cut)

    refusal(connect(), lambda cluster: cluster.add_ephemeral_container("n", "p", {"name": "a"}))

    assert len(api.requests) == 1


def test_an_answer_cut_in_its_body_is_told(api: FakeApiServer, connect: Connect) -> None:
    def half(connection: Handler) -> None:
        connection.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
        connection.drop()

    api.reply("GET", "/version", half)

    assert refusal(connect(), get_version)


def test_after_close_a_new_connection_is_made(connect: Connect) -> None:
    cluster = connect()
    cluster.server_version()
    cluster.close()

    assert cluster.server_version() == {"major": "1"}


# Busy servers


def test_a_busy_server_is_asked_again_when_it_says(api: FakeApiServer, connect: Connect) -> None:
    pauses: list[float] = []
    api.reply("GET", "/version", BUSY, BUSY, {"major": "2"})

    assert connect(sleep=pauses.append).server_version() == {"major": "2"}
    assert pauses == [3.0, 3.0]


def test_a_server_that_stays_busy_is_told(api: FakeApiServer, connect: Connect) -> None:
    pauses: list[float] = []
    api.reply("GET", "/version", BUSY)

    with pytest.raises(ClusterError, match="failed to get /version: too many requests"):
        connect(sleep=pauses.append).server_version()

    assert len(pauses) == RETRIES


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}, {"Retry-After": "\xb2"}])
def test_a_server_that_does_not_say_when_is_not_asked_again(
    api: FakeApiServer, connect: Connect, headers: dict[str, str]
) -> None:
    api.reply("GET", "/version", status(503, headers=headers, message="starting"))

    with pytest.raises(ClusterError, match="failed to get /version: starting"):
        connect().server_version()

    assert len(api.requests) == 1


# No API server


NO_OBJECTS = [b"<html>\n<body>Log in</body>\n", b"[]", b"\xff", b"", b"[" * 200_000]


@pytest.mark.parametrize("body", NO_OBJECTS, ids=["html", "list", "binary", "empty", "deep"])
def test_another_kind_of_server_is_told(api: FakeApiServer, connect: Connect, body: bytes) -> None:
    api.reply("GET", "/version", Answer(200, body))

    with pytest.raises(ClusterError) as refused:
        connect().server_version()

    assert str(refused.value).startswith(f"{api.url} does not answer like an API server: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("ask", [get_version, run_exec])
def test_a_redirect_is_not_followed_with_our_token(
    api: FakeApiServer, connect: Connect, ask: Ask
) -> None:
    moved = Answer(302, b"", {"Location": f"{api.url}/elsewhere"})
    api.reply("GET", "/version", moved)
    api.reply("GET", f"{POD}/exec", moved)

    with pytest.raises(ClusterError) as refused:
        ask(connect())

    assert "\n" not in str(refused.value)
    assert [seen.path for seen in api.requests].count("/elsewhere") == 0


@pytest.mark.parametrize("ask", [get_version, run_exec, watch])
def test_a_wrong_path_in_the_address_is_told(
    api: FakeApiServer, connect: Connect, ask: Ask
) -> None:
    absent = Answer(404, b"404 page not found\n")
    for path in ("/version", f"{POD}/exec", "/api/v1/namespaces/n/pods"):
        api.reply("GET", f"/wrong{path}", absent)

    with pytest.raises(ClusterError) as refused:
        ask(connect(server=f"{api.url}/wrong"))

    assert str(refused.value).startswith(f"{api.url}/wrong is not an API server: it has no /")
    assert str(refused.value).endswith("check the address, and the path in it")


@pytest.mark.parametrize("ask", [get_version, run_exec, watch])
def test_plain_http_to_a_server_of_https_is_told(connect: Connect, ask: Ask) -> None:
    with running(None) as plain:
        # What Go's net/http says.
        refusing = Answer(400, b"Client sent an HTTP request to an HTTPS server.\n")
        for path in ("/version", f"{POD}/exec", "/api/v1/namespaces/n/pods"):
            plain.reply("GET", path, refusing)

        with connect(server=plain.url) as cluster, pytest.raises(ClusterError) as refused:
            ask(cluster)

    assert str(refused.value) == f"{plain.url} does not take plain HTTP: use https://"


# Words


def test_the_innermost_cause_is_told() -> None:
    inner = ConnectionResetError(104, "Connection reset by peer")
    outer = OSError("wrapped", inner)

    assert brief_reason(RuntimeError(outer)) == "Connection reset by peer"


def test_an_error_without_words_is_told_by_its_name() -> None:
    assert brief_reason(EOFError()) == "EOFError"


def test_errors_that_cause_each_other_come_to_an_end() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first

    with suppress(ValueError):
        raise first

    assert brief_reason(first) == "second"


def test_a_reason_of_several_lines_is_told_on_one() -> None:
    assert brief_reason(OSError("first\n  second")) == "first second"
