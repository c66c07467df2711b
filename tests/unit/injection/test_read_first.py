"""The first reading of a new holder stands in its log, and costs neither an attach nor an exec."""

import pytest

from kubectl_stress.injection.join import Joiner
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.targets.target import Target
from tests.builders.agent_lines import hello_line, line, processes_line, sample_line
from tests.builders.pods import PodBuilder, pod
from tests.fakes.cluster import FakeCluster
from tests.fakes.time import FakeTime

BEGUN = line("hello", protocol=2, version="0.2.0", command="hold", pid=23, uid=0, gid=0)
OWN = processes_line((1, "hello", "target", 130), (23, "agent", "holder", 128))
READ = hello_line(command="hold", pid=23) + sample_line(10) + OWN


def web() -> PodBuilder:
    return pod().container("app", limit="128Mi").with_container_status()


def enter(log: bytes | None, built: PodBuilder | None = None) -> FakeCluster:
    found = (built or web()).dict
    cluster, time = FakeCluster(found), FakeTime()
    if log is not None:
        cluster.logs = {"web": log}
    joiner = Joiner(cluster, clock=time.clock, tell=lambda _text: None)

    joined = joiner.enter(Target.from_pod(found), HolderSpec("agent:1"))

    assert joined.holder_pid == 23
    return cluster


def test_a_new_holder_has_read_the_target_already() -> None:
    cluster = enter(BEGUN + READ)

    assert cluster.asked[-1] == "log web"
    assert (cluster.attached, cluster.execs) == ([], [])


@pytest.mark.parametrize(
    "log",
    [None, b"", BEGUN, BEGUN + READ[: -len(OWN)], BEGUN + READ[:-9], b"\xff no agent\n"],
    ids=["forbidden", "empty", "begun", "no processes", "half a line", "of another program"],
)
def test_one_whose_log_does_not_tell_is_asked(log: bytes | None) -> None:
    assert [container for container, _ in enter(log).execs] != []


def test_in_a_shared_namespace_it_has_read_another_process() -> None:
    built = web().with_spec(shareProcessNamespace=True)

    assert "log web" not in enter(BEGUN + READ, built).asked


def test_a_holder_that_is_reused_has_read_too_long_ago() -> None:
    cluster = enter(BEGUN + READ)
    cluster.execs.clear()
    found = cluster.get_pod("default", "web")
    joiner = Joiner(cluster, clock=FakeTime().clock, tell=lambda _text: None)

    joiner.enter(Target.from_pod(found), HolderSpec("agent:1"))

    assert cluster.asked.count("log web") == 1
    assert [container for container, _ in cluster.execs] == [cluster.added[0]["name"]]
