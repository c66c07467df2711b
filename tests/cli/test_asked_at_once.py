"""What does not depend on each other is asked at the same time: a start takes few round trips."""

import threading

import pytest

from kubectl_stress.kube.watch import Object
from tests.builders.agent_lines import survived
from tests.builders.pods import pod
from tests.cli.conftest import CommandLine
from tests.fakes.cluster import FakeCluster

MEM = ("mem", "web", "--size", "50Mi", "--duration", "20s")


class Meeting(FakeCluster):
    """The review of the user's rights and the first look at the pod answer only together."""

    def __init__(self, *pods: Object) -> None:
        super().__init__(*pods)
        self._both, self._has_looked = threading.Barrier(2, timeout=10), False
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
