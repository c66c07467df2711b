"""What does not depend on each other is asked at the same time: a start takes few round trips."""

import threading

import pytest

from kubectl_stress.errors import Rejected
from kubectl_stress.kube.watch import Object
from tests.builders.agent_lines import survived
from tests.builders.pods import pod
from tests.cli.conftest import CommandLine
from tests.fakes.cluster import FakeCluster
from tests.fakes.holder import FakeHolder, HeldCluster

LIVE = "kubectl-stress-abc"
MEM = ("mem", "web", "--size", "50Mi", "--duration", "20s")


class Meeting(FakeCluster):
    """The review of the user's rights and the first look at the pod answer only together."""

    def __init__(self, *pods: Object) -> None:
        super().__init__(*pods)
        self._both, self._has_looked = threading.Barrier(2, timeout=60), False
        self.load.says(survived()).ends(0)

    def rules(self, namespace: str) -> Object:
        self._both.wait()
        return super().rules(namespace)

    def get_pod(self, namespace: str, name: str) -> Object:
        if not self._has_looked:
            self._has_looked = True
            self._both.wait()
        return super().get_pod(namespace, name)


def test_the_pod_is_looked_for_while_permissions_are_reviewed(kubectl_stress: CommandLine) -> None:
    kubectl_stress.cluster = Meeting(pod().container("app", limit="128Mi", request="64Mi").dict)

    assert kubectl_stress(*MEM) == 0


@pytest.mark.parametrize("name", ["web", "not-there"])
def test_a_missing_permission_is_told_first(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    kubectl_stress.cluster.denied = {"patch pods/ephemeralcontainers": ""}

    assert kubectl_stress("mem", name, *MEM[2:]) == 1
    assert "missing permission" in capsys.readouterr().err


def holding(kubectl_stress: CommandLine, **spec: str) -> HeldCluster:
    """The command line's cluster is one whose pod has a holder that answers who attaches."""
    built = pod().container("app", limit="128Mi", request="64Mi").with_holder(LIVE)
    built.with_spec(**spec)
    cluster = kubectl_stress.cluster = HeldCluster(built.dict)
    cluster.holders[f"web/{LIVE}"] = FakeHolder()
    cluster.load.says(survived()).ends(0)
    return cluster


def test_a_load_from_a_live_holder_takes_three_looks_an_attach_and_an_exec(
    kubectl_stress: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubectl_stress.injection.first_look._FRESH_MS", 60_000)
    cluster = holding(kubectl_stress)

    assert kubectl_stress(*MEM, "--image", "agent:1") == 0

    asked = cluster.asked[: cluster.asked.index("exec app")]
    assert asked.count("get pods web") == 3  # found, looked at beside admission, and again
    assert cluster.attached == [LIVE]
    assert [container for container, _ in cluster.execs] == ["app"]


def test_where_nobody_says_yes_nothing_is_executed(kubectl_stress: CommandLine) -> None:
    cluster = holding(kubectl_stress, priorityClassName="system-node-critical")

    assert kubectl_stress(*MEM, "--image", "agent:1") == 5

    assert cluster.attached == [LIVE]  # which starts no process
    assert (cluster.execs, cluster.added) == ([], [])


def test_where_the_container_would_not_be_admitted_nothing_is_executed(
    kubectl_stress: CommandLine,
) -> None:
    cluster = holding(kubectl_stress)
    cluster.errors["try ephemeral"] = [Rejected("violates PodSecurity")] * 2

    assert kubectl_stress(*MEM, "--image", "agent:1") == 1

    assert (cluster.execs, cluster.added) == ([], [])
