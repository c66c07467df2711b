"""-v=6: each request with its answer and time on stderr, and nothing that is secret."""

import re

import pytest

from kubectl_stress.errors import ClusterError
from tests.connection.conftest import Connect
from tests.connection.fake_api_server import FakeApiServer, exec_script, status

POD = "/api/v1/namespaces/n/pods/p"


def test_each_request_is_a_line_without_secrets(api: FakeApiServer, connect: Connect) -> None:
    lines: list[str] = []
    api.reply("GET", f"{POD}/exec", status(500), exec_script("v5.channel.k8s.io"))
    api.reply("GET", "/api/v1/namespaces/n/pods", {"metadata": {}, "items": []})
    cluster = connect(trace=lines.append, server=api.url.replace("//", "//user:password@"))

    cluster.list_pods("n")
    with pytest.raises(ClusterError):
        cluster.exec("n", "p", "c", ["true"])
    cluster.exec("n", "p", "c", ["true"]).close()

    execed = f"{POD}/exec?container=c&stdin=true&stdout=true&stderr=true&command=true"
    assert [re.sub(r"\d+ milliseconds", "N milliseconds", line) for line in lines] == [
        f"GET {api.url}/api/v1/namespaces/n/pods?limit=500 200 OK in N milliseconds",
        f"GET {api.url}{execed} 500 in N milliseconds",
        f"GET {api.url}{POD} 404 Not Found in N milliseconds",  # whose fault was it?
        f"GET {api.url}{execed} 101 Switching Protocols in N milliseconds",
    ]
    assert not [line for line in lines if "secret" in line or "password" in line]


def test_a_request_that_nobody_answers_is_a_line_too(connect: Connect) -> None:
    lines: list[str] = []
    cluster = connect(trace=lines.append, server="http://127.0.0.1:9")

    with pytest.raises(ClusterError):
        cluster.list_pods("n")
    with pytest.raises(ClusterError):
        cluster.exec("n", "p", "c", ["true"])

    assert [line.partition(" no answer in ")[0].partition("?")[0] for line in lines] == [
        "GET http://127.0.0.1:9/api/v1/namespaces/n/pods",
        f"GET http://127.0.0.1:9{POD}/exec",
    ]
