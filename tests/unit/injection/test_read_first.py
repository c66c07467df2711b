"""The first reading of a new holder stands in its log, and costs neither an attach nor an exec."""

import pytest

from kubectl_stress.injection.join import Joiner
from kubectl_stress.injection.probe import read_first
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


def sharing(log: bytes) -> tuple[FakeCluster, Target, FakeTime]:
    """A holder that another run has added, and that runs once it was waited for."""
    found = web().with_holder("kubectl-stress-new").dict
    (status,) = found["status"]["ephemeralContainerStatuses"]
    status["state"] = {"waiting": {"reason": "ContainerCreating"}}
    cluster, time = FakeCluster(found), FakeTime()
    cluster.logs = {"web": log}

    def start(seconds: float) -> None:
        time.sleep(seconds)
        cluster.pods["web"] = web().with_holder("kubectl-stress-new").dict

    cluster.idle = start
    return cluster, Target.from_pod(found), time


def test_the_holder_of_another_run_may_have_a_load_by_now() -> None:
    cluster, target, time = sharing(BEGUN + READ)

    Joiner(cluster, clock=time.clock, tell=lambda _text: None).enter(target, HolderSpec("agent:1"))

    assert "log web" not in cluster.asked
    assert [container for container, _ in cluster.execs] == ["kubectl-stress-new"]


def test_what_comes_after_the_first_reading_is_of_others() -> None:
    detached = hello_line(command="run", pid=37) + sample_line(90, held_mib=80)
    cluster = FakeCluster(web().dict)
    cluster.logs = {"web": BEGUN + READ + detached}

    found = read_first(cluster, Target.from_pod(web().dict), "kubectl-stress-new")

    assert found is not None
    assert (found.hello.command, found.sample.held_bytes) == ("hold", 0)


def test_a_reading_that_is_to_prove_that_streams_pass_takes_one() -> None:
    cluster, time = FakeCluster(web().dict), FakeTime()
    cluster.logs = {"web": BEGUN + READ}
    joiner = Joiner(cluster, clock=time.clock, tell=lambda _text: None, reads_log=False)

    joiner.enter(Target.from_pod(web().dict), HolderSpec("agent:1"))

    assert "log web" not in cluster.asked
