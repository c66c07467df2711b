"""Health checks by a URL or a command of the user's, as the target answers them."""

from typing import Any

import pytest

from kubectl_stress.errors import Forbidden
from kubectl_stress.kube.exec.channels import Channel
from kubectl_stress.kube.exec.port_forward import PortForward
from kubectl_stress.search.health import HealthUrl
from kubectl_stress.session.health_checks import Asked, HealthChecks
from kubectl_stress.session.health_requests import by_command, by_url
from kubectl_stress.targets.target import Target
from tests.builders.pods import target
from tests.builders.scene import web
from tests.fakes.cluster import FakeCluster
from tests.fakes.stream import FakeStream
from tests.fakes.time import FakeTime

HEAD = (b"\x90\x1f", Channel.STDIN)


class OnePort(FakeCluster):
    """A pod whose port says this, in a forwarded connection."""

    def __init__(self, *said: tuple[bytes, Channel]) -> None:
        super().__init__(web().dict)
        self.stream = FakeStream()
        for data, channel in (HEAD, *said):
            self.stream.says(data, channel)
        self.stream.ends(lost="the port was closed")

    def port_forward(self, namespace: str, pod: str, port: int) -> PortForward:  # noqa: ARG002
        return PortForward(self.stream)


def asked(*said: tuple[bytes, Channel]) -> str | None:
    now_ms = FakeTime().now_ms
    return by_url(OnePort(*said), target(), HealthUrl("/healthz", 8080), now_ms)().problem


def test_the_path_is_asked_for_by_http(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, time = OnePort((b"HTTP/1.1 200 OK\r\n", Channel.STDIN)), FakeTime()
    send = cluster.stream.send

    def slowly(data: bytes) -> bool:
        time.sleep(0.04)
        return send(data)

    monkeypatch.setattr(cluster.stream, "send", slowly)

    found = by_url(cluster, target(), HealthUrl("/healthz", 8080), time.now_ms)()

    assert found == Asked(None, 40)
    assert cluster.stream.sent[0].startswith(b"GET /healthz HTTP/1.1\r\nHost: localhost:8080\r\n")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"HTTP/1.1 302 Found\r\n", None),
        (b"HTTP/1.1 503 Service Unavailable\r\n", "HTTP status 503"),
        (b"SSH-2.0\r\n", "no HTTP answer (SSH-2.0)"),
        (b"", "no answer"),
    ],
)
def test_what_is_no_success_is_a_problem(answer: bytes, problem: str | None) -> None:
    assert asked((answer, Channel.STDIN)) == problem


def test_a_port_that_refuses_is_a_problem_in_the_nodes_words() -> None:
    refused = (b"\x90\x1fconnection refused", Channel.STDOUT)

    assert asked(refused) == "connection refused"


@pytest.mark.parametrize(("code", "problem"), [(0, None), (7, "exit code 7")])
def test_a_command_is_judged_by_its_exit_code(code: int, problem: str | None) -> None:
    cluster = FakeCluster(web().dict)
    cluster.readings = [FakeStream().says(b"any words").ends(code)]
    of = Target.from_pod(web().dict)

    assert by_command(cluster, of, ["redis-cli", "ping"], FakeTime().now_ms)() == Asked(problem)
    assert cluster.execs == [("app", ["redis-cli", "ping"])]


class Talker(FakeStream):
    """Says a word each half second, and never what it was asked for."""

    def __init__(self, time: FakeTime, channel: Channel) -> None:
        super().__init__()
        self._time, self._channel = time, channel

    def receive(self, timeout: float) -> list[tuple[Channel, bytes]]:
        assert self._time.ms < 60_000, "it is waited for without an end"
        self._time.sleep(timeout)
        return [(self._channel, b"tick ")]


def test_a_command_that_goes_on_printing_did_not_end_in_time() -> None:
    cluster, time = FakeCluster(web().dict), FakeTime()
    cluster.readings = [Talker(time, Channel.STDOUT)]
    of = Target.from_pod(web().dict)

    found = by_command(cluster, of, ["tail", "-f", "log"], time.now_ms)()

    assert (found.problem, time.ms) == ("the command did not end in time", 10_000)


def test_a_port_that_says_anything_but_a_line_is_not_waited_for_without_an_end() -> None:
    cluster, time = OnePort(), FakeTime()
    cluster.stream = Talker(time, Channel.STDIN)

    found = by_url(cluster, target(), HealthUrl("/healthz", 8080), time.now_ms)()

    assert found.problem is not None
    assert found.problem.startswith("no HTTP answer (tick tick")
    assert time.ms <= 20_000


class Answers:
    """Takes so long for each answer, in time that stands still otherwise."""

    def __init__(self, *each_ms: int, problem: Any = None) -> None:
        self.time, self._each_ms, self._problem = FakeTime(), list(each_ms), problem

    def __call__(self) -> Asked:
        self.time.ms += self._each_ms.pop(0)
        if isinstance(self._problem, Exception):
            raise self._problem
        return Asked()


def test_checks_are_kept_with_their_time_and_asked_for_by_it() -> None:
    answers = Answers(10, 900, 900)
    checks = HealthChecks(answers, answers.time.now_ms, 500)

    assert checks.is_well
    checks.check()
    assert checks.is_well
    checks.check()
    assert not checks.is_well
    checks.check()
    assert checks.between(0, 10).slowest_ms == 10
    assert checks.between(0, 2_000).too_slow is not None


def test_a_check_that_the_api_server_refuses_is_a_problem_and_ends_nothing() -> None:
    answers = Answers(0, problem=Forbidden("you may not create pods/portforward"))

    found = HealthChecks(answers, answers.time.now_ms, None).check()

    assert found.problem == "you may not create pods/portforward"


def test_a_defect_in_the_checks_ends_the_search_instead_of_passing_for_health() -> None:
    def broken() -> Asked:
        raise ZeroDivisionError

    checks = HealthChecks(broken, FakeTime().now_ms, None)
    with checks:
        checks._thread.join(timeout=10)

    with pytest.raises(ZeroDivisionError):
        checks.between(0, 1_000)
    with pytest.raises(ZeroDivisionError):
        _ = checks.is_well
