"""Names of the cluster that follow `kubectl stress mem` at a press of Tab."""

import pytest

from kubectl_stress.cli.complete import print_completions
from kubectl_stress.errors import Unreachable
from kubectl_stress.kube.connection import ConnectionFlags
from tests.builders.pods import pod
from tests.fakes.cluster import FakeCluster


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster(
        pod("web-0").container("app").container("proxy").dict, pod("web-1").container("app").dict
    )
    made.objects["deployments"] = [{"metadata": {"name": name}} for name in ("web", "worker")]
    return made


def words(
    capsys: pytest.CaptureFixture[str], cluster: FakeCluster, *typed: str
) -> tuple[list[str], list[ConnectionFlags]]:
    """What is offered, and the flags that the cluster was asked by."""
    asked = []

    def connect(flags: ConnectionFlags) -> FakeCluster:
        asked.append(flags)
        return cluster

    print_completions(typed, connect=connect)
    *offered, directive = capsys.readouterr().out.splitlines()
    assert directive == ":4"
    return offered, asked


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("mem", ""), ["web-0", "web-1"]),
        (("mem", "web-1"), ["web-1"]),
        (("mem", "pod/"), ["pod/web-0", "pod/web-1"]),
        (("mem", "dep"), ["deploy/web", "deploy/worker"]),
        (("check", "deploy/wo"), ["deploy/worker"]),
        (("top", "web-0", "web"), ["web-0", "web-1"]),
        (("mem", "nothing"), []),
        (("mem", "web-0", "-c", ""), ["app", "proxy"]),
        (("mem", "pod/web-0", "--container", "p"), ["proxy"]),
        (("top", "web-1", "-c", ""), ["app"]),
        (("mem", "absent", "-c", ""), []),
    ],
    ids=" ".join,
)
def test_names_of_the_cluster_are_offered(
    capsys: pytest.CaptureFixture[str],
    cluster: FakeCluster,
    typed: tuple[str, ...],
    offered: list[str],
) -> None:
    assert words(capsys, cluster, *typed)[0] == offered


def test_the_cluster_is_asked_as_the_flags_say_and_not_for_long(
    capsys: pytest.CaptureFixture[str], cluster: FakeCluster
) -> None:
    _, (flags,) = words(capsys, cluster, "mem", "-n", "shop", "--context", "blue", "we")

    assert (flags.namespace, flags.context, flags.request_timeout) == ("shop", "blue", 2)


def test_a_cluster_that_is_out_of_reach_offers_nothing(
    capsys: pytest.CaptureFixture[str], cluster: FakeCluster
) -> None:
    cluster.errors["list pods"] = [Unreachable("no answer")]

    offered, _ = words(capsys, cluster, "mem", "")

    assert offered == []
    assert capsys.readouterr().err == ""
