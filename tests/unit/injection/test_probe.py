"""One reading through the holder, and in whose words it is said that none came."""

import pytest

from kubectl_stress.agent.hold_command import PROTOCOL
from kubectl_stress.errors import InjectionError
from kubectl_stress.injection.probe import take_reading
from kubectl_stress.targets.target import Target
from tests.builders.agent_lines import bye_line, hello_line, line, reading, sample_line
from tests.builders.pods import pod, target
from tests.fakes.cluster import FakeCluster
from tests.fakes.stream import FakeStream
from tests.fakes.time import FakeTime

TARGET = target()


def read(stream: FakeStream, time: FakeTime | None = None) -> object:
    cluster = FakeCluster(pod().container("app", limit="128Mi").dict)
    cluster.readings = [stream]
    return take_reading(cluster, TARGET, "kubectl-stress-x", clock=(time or FakeTime()).clock)


def test_a_reading_is_taken_in_the_holder_and_costs_the_target_nothing() -> None:
    cluster = FakeCluster(pod().container("app", limit="128Mi").dict)

    found = take_reading(cluster, TARGET, "kubectl-stress-x", clock=FakeTime().clock)

    assert cluster.execs == [("kubectl-stress-x", ["/agent", "probe"])]
    assert (found.hello.holder_pid, len(found.processes)) == (23, 2)


def test_a_reading_cut_into_single_bytes_is_the_same() -> None:
    stream = FakeStream()
    for byte in reading():
        stream.says(bytes([byte]))

    assert read(stream.ends(0)) == read(FakeStream().says(reading()).ends(0))


def test_an_older_agent_without_processes_still_gives_a_reading() -> None:
    stream = FakeStream().says(hello_line() + sample_line() + bye_line()).ends(0)

    assert read(stream) is not None


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (
            FakeStream().says(line("error", code="target-gone", message="no process 1")).ends(23),
            "no process 1",
        ),
        (FakeStream().says(b"").ends(126, message="no such file"), "no such file"),
        (FakeStream().ends(lost="connection reset"), "connection reset"),
        (FakeStream().says(hello_line()).ends(0), "no reading came"),
    ],
    ids=["the agent's words", "the runtime's words", "a lost stream", "half a reading"],
)
def test_a_reading_that_does_not_come_says_why(stream: FakeStream, words: str) -> None:
    with pytest.raises(InjectionError, match=f"the agent could not read the target: {words}"):
        read(stream)


def test_a_reading_is_not_waited_for_without_end() -> None:
    time = FakeTime()

    with pytest.raises(InjectionError, match="no reading within 60 s"):
        read(FakeStream(idle=time.sleep), time)

    assert time.ms == 60_000


def test_an_image_of_another_generation_is_named_as_such() -> None:
    newer = FakeStream().says(reading(protocol=PROTOCOL + 1, version="9.0")).ends(0)

    with pytest.raises(InjectionError, match=r"agent 9\.0 speaks protocol 3, this plugin 2"):
        read(newer)


@pytest.mark.parametrize("shared", ["shareProcessNamespace", "hostPID"])
def test_in_a_shared_namespace_the_target_is_found_by_the_id_of_its_container(shared: str) -> None:
    built = pod().container("app").with_spec(**{shared: True})
    cluster = FakeCluster(built.dict)

    take_reading(cluster, Target.from_pod(built.dict), "holder", clock=FakeTime().clock)

    assert cluster.execs == [("holder", ["/agent", "probe", "--target-container", "app-1"])]
