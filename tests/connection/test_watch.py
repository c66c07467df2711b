"""Watches: events in any portions, and each way in which a watch can end."""

import json
import threading
from typing import Any

import pytest

from kubectl_stress.errors import ClusterError, Forbidden, Gone, Unreachable
from kubectl_stress.kube import cluster as cluster_module
from kubectl_stress.kube.watch import Watch
from tests.connection.conftest import Connect
from tests.connection.fake_api_server import FakeApiServer, Handler, Script, status

PODS = "/api/v1/namespaces/n/pods"


def event(kind: str, version: int) -> bytes:
    thing = {"metadata": {"name": "p", "resourceVersion": str(version)}}
    return json.dumps({"type": kind, "object": thing}).encode() + b"\n"


ADDED, MODIFIED, BOOKMARK = event("ADDED", 1), event("MODIFIED", 2), event("BOOKMARK", 9)


def stream(*chunks: bytes, then: Script | None = None) -> Script:
    """A watch that sends these chunks and ends as the server ends it, or goes on with `then`."""

    def run(connection: Handler) -> None:
        connection.start_chunks()
        for chunk in chunks:
            connection.chunk(chunk)
        if then is None:
            connection.wfile.write(b"0\r\n\r\n")
        else:
            then(connection)

    return run


def silent(connection: Handler) -> None:
    connection.server.fake.over.wait()


def cut(connection: Handler) -> None:
    connection.drop()


def seen(watch: Watch) -> list[tuple[str, str]]:
    return [(kind, thing["metadata"]["resourceVersion"]) for kind, thing in watch]


def test_events_come_in_order_until_the_server_ends_it(
    api: FakeApiServer, connect: Connect
) -> None:
    api.reply("GET", PODS, stream(ADDED, MODIFIED, event("DELETED", 3)))

    with connect().watch("pods", "n") as watch:
        assert seen(watch) == [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "3")]


def test_a_bookmark_tells_from_where_to_watch_again(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", PODS, stream(ADDED, BOOKMARK))

    with connect().watch("pods", "n") as watch:
        assert seen(watch)[-1] == ("BOOKMARK", "9")


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_any_portions_give_the_same_events(api: FakeApiServer, connect: Connect, size: int) -> None:
    data = ADDED + b"\n" + MODIFIED + BOOKMARK
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    api.reply("GET", PODS, stream(*chunks))

    with connect().watch("pods", "n") as watch:
        assert [kind for kind, _ in watch] == ["ADDED", "MODIFIED", "BOOKMARK"]


def test_what_is_asked_for_is_in_the_query(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", PODS, stream())
    selectors = {"field_selector": "metadata.name=p", "label_selector": "app=web"}

    connect().watch("pods", "n", resource_version="7", timeout_seconds=30, **selectors).close()

    assert dict(api.requests[0].query) == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "30",
        "fieldSelector": "metadata.name=p",
        "labelSelector": "app=web",
        "resourceVersion": "7",
    }


@pytest.mark.parametrize(("limit", "asked"), [(2.5, "3"), (100.0, "60"), (None, "60")])
def test_a_request_timeout_ends_a_watch_and_does_not_break_it(
    api: FakeApiServer, connect: Connect, limit: float | None, asked: str
) -> None:
    api.reply("GET", PODS, stream())

    connect(request_timeout_seconds=limit).watch("pods", "n").close()

    assert dict(api.requests[0].query)["timeoutSeconds"] == asked


def test_a_quiet_watch_outlasts_the_request_timeout(api: FakeApiServer, connect: Connect) -> None:
    go_on = threading.Event()

    def later(connection: Handler) -> None:
        go_on.wait()
        connection.chunk(ADDED)
        connection.wfile.write(b"0\r\n\r\n")

    api.reply("GET", PODS, stream(BOOKMARK, then=later))

    with connect(request_timeout_seconds=0.1).watch("pods", "n") as watch:
        next(watch)
        threading.Timer(0.3, go_on.set).start()
        assert seen(watch) == [("ADDED", "1")]


# Ends


def test_a_version_that_is_too_old_is_gone(api: FakeApiServer, connect: Connect) -> None:
    expired = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old: 1 (7)"}
    line = json.dumps({"type": "ERROR", "object": expired}).encode() + b"\n"
    api.reply("GET", PODS, stream(ADDED, line))

    with connect().watch("pods", "n") as watch:
        next(watch)
        with pytest.raises(Gone, match=r"too old: 1 \(7\)"):
            next(watch)


def test_a_version_that_is_too_old_at_once_is_gone(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", PODS, status(410, message="too old"))

    with pytest.raises(Gone, match="too old"):
        connect().watch("pods", "n")


def test_a_watch_that_rbac_forbids_names_what_is_missing(
    api: FakeApiServer, connect: Connect
) -> None:
    message = 'pods is forbidden: User "alice" cannot watch resource "pods" in API group ""'
    api.reply("GET", PODS, status(403, message=message))

    with pytest.raises(Forbidden, match='user "alice" may not watch pods in namespace "n"'):
        connect().watch("pods", "n")


@pytest.mark.parametrize("thing", [{"message": "x"}, {"code": "x"}, {}, None, "x"])
def test_an_error_of_another_shape_is_still_an_error(
    api: FakeApiServer, connect: Connect, thing: object
) -> None:
    line = json.dumps({"type": "ERROR", "object": thing}).encode() + b"\n"
    api.reply("GET", PODS, stream(line))

    with connect().watch("pods", "n") as watch, pytest.raises(ClusterError):
        next(watch)


@pytest.mark.parametrize("start", [b"", ADDED, ADDED[:10]])
def test_a_watch_that_is_cut_is_told(api: FakeApiServer, connect: Connect, start: bytes) -> None:
    api.reply("GET", PODS, stream(BOOKMARK, start or b"\n", then=cut))

    with connect().watch("pods", "n") as watch, pytest.raises(Unreachable) as progress:
        seen(watch)

    assert str(progress.value).startswith(f"cannot reach the API server at {api.url}: ")
    assert "\n" not in str(progress.value)


@pytest.mark.parametrize("line", [b"{\n", b"[]\n", b'{"type": "ADDED"}\n', b"\xff\n", b"5\n"])
def test_a_garbled_line_is_told(api: FakeApiServer, connect: Connect, line: bytes) -> None:
    api.reply("GET", PODS, stream(line))

    with connect().watch("pods", "n") as watch:
        with pytest.raises(Unreachable, match="the watch on pods is garbled"):
            next(watch)


def test_a_line_cut_by_a_proper_end_is_told(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", PODS, stream(ADDED, MODIFIED[:-10]))

    with connect().watch("pods", "n") as watch:
        next(watch)
        with pytest.raises(Unreachable, match="the watch on pods is garbled"):
            next(watch)


def test_a_silent_server_is_not_waited_for(
    api: FakeApiServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "WATCH_GRACE_SECONDS", 0.2)
    api.reply("GET", PODS, stream(ADDED, then=silent))

    with connect().watch("pods", "n", timeout_seconds=0) as watch:
        next(watch)
        with pytest.raises(Unreachable, match="no answer in time"):
            next(watch)


def test_closing_wakes_the_thread_that_waits(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", PODS, stream(ADDED, then=silent))
    watch = connect().watch("pods", "n")
    found: list[Any] = []
    has_first = threading.Event()

    def follow() -> None:
        for item in watch:
            found.append(item)
            has_first.set()

    thread = threading.Thread(target=follow)
    thread.start()
    has_first.wait()
    watch.close()
    thread.join()

    assert len(found) == 1


def test_a_watch_closed_before_its_first_event_is_empty(
    api: FakeApiServer, connect: Connect
) -> None:
    api.reply("GET", PODS, stream(then=silent))

    with connect().watch("pods", "n") as watch:
        watch.close()
        assert seen(watch) == []


def test_a_watch_that_is_left_early_keeps_no_connection(
    api: FakeApiServer, connect: Connect
) -> None:
    is_gone = threading.Event()

    def until_gone(connection: Handler) -> None:
        connection.rfile.read(1)
        is_gone.set()

    api.reply("GET", PODS, stream(ADDED, then=until_gone))

    with connect().watch("pods", "n") as watch:
        next(watch)

    assert is_gone.wait(5)


def test_other_requests_go_on_beside_a_watch(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", PODS, stream(ADDED, then=silent))
    cluster = connect()

    with cluster.watch("pods", "n") as watch:
        next(watch)
        assert cluster.server_version() == {"major": "1"}
