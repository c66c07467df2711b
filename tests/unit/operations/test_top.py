"""Reading without a load: what is read, for how long, and what becomes of a stream that breaks."""

import threading
from collections.abc import Callable

import pytest

from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Sample
from kubectl_stress.errors import (
    InjectionError,
    Interrupted,
    NotFound,
    StressError,
    TargetError,
    Unreachable,
)
from kubectl_stress.kube.exec.channels import Channel
from kubectl_stress.operations.top import Sampling, Top
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.event_loop import EventLoop
from kubectl_stress.session.progress import Attached, Finished, LogLine, Progress, What
from kubectl_stress.targets.changes import Change
from kubectl_stress.targets.target import Target
from tests.builders.agent_lines import bye_line, hello_line, processes_line, reading, sample_line
from tests.builders.pods import MIB, pod
from tests.fakes.cluster import FakeCluster, forbidden
from tests.fakes.stream import FakeStream
from tests.fakes.time import FakeTime

ONCE, TEN_SECONDS, ENDLESS = Sampling(0), Sampling(10_000), Sampling(None)
NEVER_ENDS = hello_line() + sample_line(10) + processes_line((1, "hello", "target", 130))


class Watching:
    """A cluster with the pods `web` and `db`, what is heard, and what happens when it is heard."""

    def __init__(self) -> None:
        self.cluster = FakeCluster(
            *(
                pod(name).container("app", limit="128Mi", request="64Mi").dict
                for name in ("web", "db")
            )
        )
        self.progress: list[tuple[str, What]] = []
        self.on: dict[type, Callable[[], None]] = {}

    def hear(self, progress: Progress) -> None:
        self.progress.append((progress.target.target.pod, progress.what))
        act = self.on.pop(type(progress.what), None)
        if act is not None:
            act()

    def then(self, *streams: FakeStream | StressError) -> None:
        """What the execs after the first reading are."""
        self.cluster.readings = [FakeStream().says(reading()).ends(0), *streams]

    def read(self, sampling: Sampling, *names: str) -> list[TargetState]:
        targets = [Target.from_pod(self.cluster.pods[name]) for name in names or ("web",)]
        loop = EventLoop(FakeTime().clock)
        return Top(self.cluster, HolderSpec("agent:1"), loop, tell=self.hear)(targets, sampling)

    def texts(self, kind: type[LogLine] | type[Change]) -> list[str]:
        return [progress.text for _, progress in self.progress if isinstance(progress, kind)]


def interrupted(*names: str) -> Callable[[], None]:
    def interrupt() -> None:
        raise KeyboardInterrupt(*names)

    return interrupt


def test_one_reading_costs_one_exec_in_the_holder_and_watches_nothing() -> None:
    seen = Watching()

    (state,) = seen.read(ONCE)

    (holder, command) = seen.cluster.execs[0]
    assert (len(seen.cluster.execs), holder) == (1, state.holder)
    assert holder.startswith("kubectl-stress-")
    assert command == ["/agent", "probe"]
    assert not [asked for asked in seen.cluster.asked if asked.startswith("watch")]
    assert state.sample is not None
    assert [process.command for process in state.processes] == ["hello", "agent"]
    assert (state.is_over, state.error) == (True, None)


def test_the_holder_is_sent_whether_it_is_new_or_reused() -> None:
    seen = Watching()
    seen.read(ONCE)

    again = Watching()
    again.cluster.pods["web"] = (
        pod("web").container("app", limit="128Mi").with_holder(image="agent:1").dict
    )
    (state,) = again.read(ONCE)

    assert "added ephemeral container kubectl-stress-" in seen.texts(LogLine)[0]
    assert again.texts(LogLine)[0] == "reusing ephemeral container kubectl-stress-abc"
    assert (again.cluster.added, state.holder) == ([], "kubectl-stress-abc")


def test_a_pod_that_is_gone_leaves_the_readings_of_the_others() -> None:
    seen = Watching()
    seen.cluster.errors["get pods web"] = [NotFound("gone"), NotFound("gone")]

    web, db = seen.read(ONCE, "web", "db")

    assert isinstance(web.error, NotFound)
    assert (db.error, db.sample is not None) == (None, True)


def test_readings_go_on_for_the_time_asked_for() -> None:
    seen = Watching()
    stream = FakeStream().says(hello_line() + sample_line(10) + sample_line(30) + sample_line(20))
    seen.then(stream.says(bye_line()).ends(0))

    (state,) = seen.read(TEN_SECONDS)

    assert seen.cluster.execs[1][1] == [
        "/agent", "probe", "--duration-ms", "10000", "--sample-interval-ms", "500",
    ]  # fmt: skip
    assert state.sample is not None
    assert state.sample.memory.usage_bytes == 20 * MIB
    assert state.peak_usage_bytes == 30 * MIB


def test_ctrl_c_ends_a_reading_without_an_end_and_closes_its_stream() -> None:
    seen = Watching()
    stream = FakeStream().says(NEVER_ENDS)
    seen.then(stream)
    seen.on[Sample] = interrupted()

    (state,) = seen.read(ENDLESS)

    assert state.sample is not None
    assert state.error is None
    assert stream.ended or stream.lost is None  # closed by this side, whoever saw it first


@pytest.mark.parametrize(("sampling", "names"), [(TEN_SECONDS, ()), (ENDLESS, ("SIGTERM",))])
def test_any_other_interrupt_is_one(sampling: Sampling, names: tuple[str, ...]) -> None:
    seen = Watching()
    seen.then(FakeStream().says(NEVER_ENDS))
    seen.on[Sample] = interrupted(*names)

    with pytest.raises(Interrupted):
        seen.read(sampling)


def test_a_stream_that_breaks_off_is_taken_up_again() -> None:
    seen = Watching()
    broken = FakeStream().says(NEVER_ENDS).ends(lost="the connection broke")
    seen.then(broken, Unreachable("no answer"), FakeStream().says(reading()).ends(0))

    (state,) = seen.read(TEN_SECONDS)

    assert state.error is None
    assert len(seen.cluster.execs) == 4
    assert [text for text in seen.texts(LogLine) if text.endswith("reading again")] == [
        "the agent's stream broke off; reading again",
        "no answer; reading again",
    ]


def test_a_stream_that_stays_broken_is_given_up() -> None:
    seen = Watching()
    broken = FakeStream().says(NEVER_ENDS).ends(lost="the connection broke")
    seen.then(broken, *(Unreachable("no answer") for _ in range(60)))

    (state,) = seen.read(ENDLESS)

    assert isinstance(state.error, Unreachable)
    assert 25 < len(seen.cluster.execs) < 40


def test_a_restarted_container_ends_it_without_another_entry_in_the_pod() -> None:
    seen = Watching()
    again = pod("web").container("app", limit="128Mi", request="64Mi")
    again.with_container_status(containerID="containerd://app-2", restartCount=1)
    stream = FakeStream().says(NEVER_ENDS)
    seen.then(stream)

    def restart() -> None:
        seen.cluster.wait_until_watched()
        seen.cluster.change_pod(again.dict)
        stream.says(bye_line("target-gone", 23)).ends(23)

    seen.on[Sample] = lambda: threading.Thread(target=restart).start()

    (state,) = seen.read(ENDLESS)

    assert isinstance(state.error, TargetError)
    assert "container started again (restart 1)" in seen.texts(Change)
    assert state.sample is None  # what the ended one held is no news of the new one
    assert state.status.restart_count == 1
    assert len(seen.cluster.added) == 1


def test_a_target_that_cannot_be_read_does_not_keep_the_others_from_it() -> None:
    seen = Watching()
    seen.cluster.readings = [
        FakeStream().ends(1, message="no such file"),
        FakeStream().says(reading()).ends(0),
    ]

    first, second = sorted(seen.read(ONCE, "web", "db"), key=lambda state: not state.error)

    assert isinstance(first.error, InjectionError)
    assert "no such file" in str(first.error)
    assert second.error is None
    assert second.sample is not None


def test_an_agent_of_another_protocol_is_refused() -> None:
    seen = Watching()
    seen.cluster.readings = [FakeStream().says(reading(protocol=9)).ends(0)]

    (state,) = seen.read(ONCE)

    assert "speaks protocol 9" in str(state.error)
    assert not any(isinstance(progress, Hello) for _, progress in seen.progress)


def test_a_pod_that_is_deleted_ends_it() -> None:
    seen = Watching()
    stream = FakeStream().says(NEVER_ENDS)
    seen.then(stream)

    def delete() -> None:
        seen.cluster.wait_until_watched()
        seen.cluster.lose_pod("web")
        stream.ends(lost="the connection broke")

    seen.on[Sample] = lambda: threading.Thread(target=delete).start()

    (state,) = seen.read(ENDLESS)

    assert isinstance(state.error, NotFound)
    assert "the pod is gone" in seen.texts(Change)


def test_what_may_not_be_watched_is_said_and_read_all_the_same() -> None:
    seen = Watching()
    stream = FakeStream().says(NEVER_ENDS)
    seen.then(stream)
    seen.cluster.errors["list events"] = [forbidden("list events")]

    def end_it() -> None:
        stream.says(bye_line()).ends(0)

    seen.on[Sample] = end_it
    (state,) = seen.read(TEN_SECONDS)

    assert state.error is None
    assert state.sample is not None


def test_each_step_is_sent_with_its_target() -> None:
    seen = Watching()

    seen.read(ONCE, "web", "db")

    for name in ("web", "db"):
        kinds = [type(progress) for pod_name, progress in seen.progress if pod_name == name]
        assert [Attached, Hello, Sample] == [k for k in kinds if k in (Attached, Hello, Sample)]
        assert kinds[-1] is Finished


def test_a_pod_that_was_created_again_is_sent_to_be_gone_once() -> None:
    seen = Watching()
    stream = FakeStream().says(NEVER_ENDS)
    seen.then(stream)
    another = pod("web").container("app", limit="128Mi").with_metadata(uid="another")

    def create_again() -> None:
        seen.cluster.wait_until_watched()
        for _ in range(3):
            seen.cluster.change_pod(another.dict)
        stream.says(bye_line("target-gone", 23)).ends(23)

    seen.on[Sample] = lambda: threading.Thread(target=create_again).start()

    seen.read(ENDLESS)

    assert seen.texts(Change) == ["the pod is gone"]


def test_a_defect_in_a_thread_is_raised_and_hangs_nothing() -> None:
    seen = Watching()
    seen.then(DividesByZero())

    with pytest.raises(ZeroDivisionError):
        seen.read(ENDLESS)


class DividesByZero(FakeStream):
    def receive(self, timeout: float) -> list[tuple[Channel, bytes]]:  # noqa: ARG002
        raise ZeroDivisionError
