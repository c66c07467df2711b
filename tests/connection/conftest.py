"""One authority for the whole run, a fresh API server for each test."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.kube.connection import Connection
from tests.connection.certificates import Authority, Pem
from tests.connection.fake_api_server import FakeApiServer, running
from tests.connection.oracle import Oracle
from tests.connection.plugin import Plugin

Connect = Callable[..., Cluster]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority("test authority")


@pytest.fixture(scope="session")
def server_pem(authority: Authority) -> Pem:
    return authority.issue("api server", "127.0.0.1", "localhost", "api.example")


@pytest.fixture(scope="session")
def client_pem(authority: Authority) -> Pem:
    return authority.issue("alice")


@pytest.fixture
def api(server_pem: Pem, authority: Authority) -> Iterator[FakeApiServer]:
    with running(server_pem, authority) as server:
        server.reply("GET", "/version", {"major": "1"})
        yield server


@pytest.fixture
def connection(api: FakeApiServer, authority: Authority) -> Connection:
    return Connection(api.url, user="alice", ca_data=authority.certificate, token="secret")


@pytest.fixture
def connect(api: FakeApiServer, connection: Connection) -> Iterator[Connect]:
    """A Cluster for the fake API server, its connection changed by keywords."""
    opened: list[Cluster] = []

    def new(
        environ: dict[str, str] | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        trace: Callable[[str], None] | None = None,
        **changes: Any,
    ) -> Cluster:
        changed = replace(connection, **changes)
        opened.append(Cluster(changed, environ or {}, sleep=sleep, trace=trace))
        return opened[-1]

    yield new
    for cluster in opened:
        cluster.close()


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    made = Plugin(tmp_path)
    made.answer(token="word")
    return made


@pytest.fixture
def oracle(tmp_path: Path, authority: Authority, api: FakeApiServer) -> Oracle:
    return Oracle(tmp_path, authority, api)
