"""Names of the cluster that follow `kubectl stress mem` at a press of Tab."""

from pathlib import Path

import pytest

from kubectl_stress.cli.complete import print_completions
from kubectl_stress.errors import Unreachable
from kubectl_stress.kube.connection import ConnectionFlags
from tests.builders.pods import pod
from tests.connection import kubeconfigs
from tests.fakes.cluster import FakeCluster


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster(
        pod("web-0").container("app").container("proxy").dict, pod("web-1").container("app").dict
    )
    made.objects["namespaces"] = [{"metadata": {"name": name}} for name in ("default", "shop")]
    template = {"spec": {"containers": [{"name": "main"}]}}
    made.owners["deployments", "web"] = {"spec": {"template": template}}
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
        (("mem", "-c", ""), ["app", "proxy"]),
        (("check", "-c", "pr"), ["proxy"]),
        (("top", "pod", "web-0", "-c", ""), ["app", "proxy"]),
        (("mem", "deploy/web", "-c", ""), ["main"]),
        (("mem", "--size", "50Mi", "web-0", "-c", ""), ["app", "proxy"]),
        (("mem", "svc/web", "-c", ""), []),
        (("mem", "-n", ""), ["default", "shop"]),
        (("check", "--namespace", "s"), ["shop"]),
        (("help", "group"), ["group-oom-killed"]),
        (("help", "to"), ["top"]),
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


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("mem", "--context", ""), ["blue", "green"]),
        (("mem", "--context", "g"), ["green"]),
        (("check", "--cluster", ""), ["east", "west"]),
        (("top", "--user", ""), ["admin", "developer"]),
    ],
    ids=" ".join,
)
def test_names_of_the_kubeconfig_are_offered(
    capsys: pytest.CaptureFixture[str],
    cluster: FakeCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: tuple[str, ...],
    offered: list[str],
) -> None:
    path = kubeconfigs.write(
        tmp_path / "config",
        clusters={"west": None, "east": None},
        users={"developer": None, "admin": None},
        contexts={"green": None, "blue": None},
    )
    monkeypatch.setenv("KUBECONFIG", str(path))
    assert words(capsys, cluster, *typed) == (offered, [])

    path.write_text("{")
    assert words(capsys, cluster, *typed) == ([], [])


@pytest.mark.parametrize(
    "typed",
    ["report /etc/ho", "mem --record r", "mem --kubeconfig /etc", "top --client-key=k", "run -f m"],
)
def test_names_of_files_are_left_to_the_shell(
    capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    print_completions(typed.split())

    assert capsys.readouterr().out == ":0\n"
