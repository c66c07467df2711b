"""A reading by the holder itself, which starts no process, and when a probe takes its place."""

import re

import pytest

from kubectl_stress.injection.probe import Reading, read_by_attach, take_reading
from kubectl_stress.targets.target import Target
from tests.builders.agent_lines import done_line, hello_line, processes_line, sample_line
from tests.builders.pods import PodBuilder, pod
from tests.fakes.cluster import FakeCluster
from tests.fakes.stream import FakeStream
from tests.fakes.time import FakeTime

OWN = processes_line((1, "hello", "target", 130), (23, "agent", "holder", 128))


class Answering(FakeStream):
    """A holder that answers what it is asked, after what it had to say to others."""

    def __init__(self, before: bytes = b"", usage_mib: float = 10, *, ok: bool = True) -> None:
        super().__init__()
        self._before, self._usage_mib, self._ok = before, usage_mib, ok

    def send(self, data: bytes) -> bool:
        number = re.fullmatch(rb"#(\d+) read\n", data)
        assert number
        hello = hello_line(command="hold", pid=23)
        read = hello + sample_line(self._usage_mib) + OWN if self._ok else b""
        self.says(self._before + read + done_line(int(number[1]), ok=self._ok))
        return super().send(data)


def read(*streams: FakeStream, built: PodBuilder | None = None) -> tuple[Reading, FakeCluster]:
    found = (built or pod().container("app", limit="128Mi")).dict
    cluster, time = FakeCluster(found), FakeTime()
    cluster.answers = [lambda stream=stream: stream for stream in streams]  # type: ignore[misc]
    return take_reading(cluster, Target.from_pod(found), "holder", clock=time.clock), cluster


def test_the_holder_is_asked_and_nothing_is_executed() -> None:
    stream = Answering()

    found, cluster = read(stream)

    assert (cluster.attached, cluster.execs) == (["holder"], [])
    assert found.hello.holder_pid == 23
    assert [process.role for process in found.processes] == ["target", "holder"]
    assert stream.ended or stream.lost is None  # closed by this side


def test_the_answers_to_others_are_not_taken_for_ours() -> None:
    others = hello_line(command="hold") + sample_line(99) + OWN + done_line(1 << 32)

    found, _ = read(Answering(others, usage_mib=11))

    assert found.sample.memory.usage_bytes == 11 << 20


@pytest.mark.parametrize(
    "streams",
    [(), (FakeStream().ends(lost="not found"),), (Answering(ok=False),)],
    ids=["not allowed", "lost", "not understood"],
)
def test_a_probe_reads_where_the_holder_does_not(streams: tuple[FakeStream, ...]) -> None:
    found, cluster = read(*streams)

    assert cluster.execs == [("holder", ["/agent", "probe"])]
    assert found.hello.holder_pid == 23


def silent() -> tuple[FakeCluster, FakeTime]:
    time = FakeTime()
    cluster = FakeCluster(pod().container("app", limit="128Mi").dict)
    cluster.answers = [lambda: FakeStream(idle=time.sleep)]
    return cluster, time


def test_a_holder_that_says_nothing_is_waited_for_as_long_as_a_busy_node_takes() -> None:
    cluster, time = silent()

    take_reading(cluster, Target.from_pod(cluster.pods["web"]), "holder", clock=time.clock)

    assert time.ms == 30_000
    assert cluster.execs == [("holder", ["/agent", "probe"])]


def test_a_first_look_does_not_wait_for_long() -> None:
    cluster, time = silent()
    target = Target.from_pod(cluster.pods["web"])

    assert read_by_attach(cluster, target, "holder", clock=time.clock) is None
    assert (time.ms, cluster.execs) == (5_000, [])


@pytest.mark.parametrize("shared", ["shareProcessNamespace", "hostPID"])
def test_in_a_shared_namespace_the_holder_does_not_know_the_target(shared: str) -> None:
    built = pod().container("app").with_spec(**{shared: True})

    _, cluster = read(Answering(), built=built)

    assert cluster.attached == []
