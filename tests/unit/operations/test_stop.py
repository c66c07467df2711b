"""Loads that are ended from elsewhere: by whom, whose they were, and what could not be reached."""

import pytest

from kubectl_stress.errors import Unreachable
from kubectl_stress.operations.stop import Stop
from kubectl_stress.results.stop_result import StoppedLoad, StopResult
from tests.builders.agent_lines import line, processes_line
from tests.builders.pods import PodBuilder, pod
from tests.fakes.holder import FakeHolder, HeldCluster
from tests.fakes.stream import FakeStream
from tests.fakes.time import FakeTime

HOLDER = "kubectl-stress-abc"
OLD = ["/agent", "hold", "--linger-ms", "600000"]  # of version 1, which took no commands
NO_ANSWER = Unreachable("cannot reach the API server at https://x: no answer in time")


def web(name: str = "web") -> PodBuilder:
    return pod(name).container("app", limit="128Mi")


class Stopping:
    """Pods with holders, and what `stop` makes of them."""

    def __init__(self, *built: PodBuilder, **holders: FakeHolder) -> None:
        self.cluster, self.time, self.told = HeldCluster(*(b.dict for b in built)), FakeTime(), []
        self.cluster.idle = self.time.sleep
        self.cluster.holders = {f"{name}/{HOLDER}": holder for name, holder in holders.items()}

    told: list[str]

    def stop(self, container: str | None = None) -> StopResult:
        stop = Stop(
            self.cluster,
            by="bob",
            clock=self.time.clock,
            tell=self.told.append,
            container=container,
        )
        return stop(list(self.cluster.pods.values()))


def test_a_load_is_stopped_by_name_and_its_starter_is_told() -> None:
    holder = FakeHolder(one="ann")
    stopping = Stopping(web().with_holder(), web=holder)

    result = stopping.stop()

    assert holder.stopped_by == ["bob"]
    assert result.loads == [StoppedLoad("default", "web", "app", "one", "ann", is_ended=True)]
    assert stopping.told == ['stopping load one in container "app" of pod "web", started by ann']
    assert (stopping.cluster.execs, result.exit_code) == ([], 0)


def test_only_the_holders_of_a_named_container_are_asked() -> None:
    holder = FakeHolder(one="ann")
    stopping = Stopping(web().container("db").with_holder(), web=holder)

    assert stopping.stop("db").loads == []
    assert holder.stopped_by == []
    assert [load.run for load in stopping.stop("app").loads] == ["one"]


def test_whose_a_load_is_cannot_be_told_where_processes_are_shared() -> None:
    holder = FakeHolder(one="ann")
    built = web().with_spec(shareProcessNamespace=True).with_holder()

    result = Stopping(built, web=holder).stop("app")

    assert holder.stopped_by == []
    assert "whose a load is cannot be told: leave -c out" in result.unanswered[0].problem


def test_a_pod_without_a_load_is_asked_and_nothing_is_stopped() -> None:
    holder = FakeHolder()

    result = Stopping(web().with_holder(), web=holder).stop()

    assert (holder.stopped_by, result.loads, result.exit_code) == ([], [], 0)


def test_a_pod_that_never_had_a_holder_is_not_attached_to() -> None:
    stopping = Stopping(web())

    assert (stopping.stop(), stopping.cluster.attached) == (StopResult([], []), [])


def test_two_holders_that_see_the_same_load_count_it_once() -> None:
    holder = FakeHolder(one="ann")
    stopping = Stopping(web().with_holder().with_holder("kubectl-stress-def"), web=holder)
    stopping.cluster.holders["web/kubectl-stress-def"] = holder

    assert [load.run for load in stopping.stop().loads] == ["one"]


def test_a_load_that_takes_its_time_is_waited_for() -> None:
    stopping = Stopping(web().with_holder(), web=FakeHolder(5, one="ann"))

    assert stopping.stop().loads[0].is_ended
    assert stopping.time.ms == 6_000


def test_a_load_that_does_not_end_is_said_to_run_still() -> None:
    stopping = Stopping(web().with_holder(), web=FakeHolder(1_000, one="ann"))

    result = stopping.stop()

    assert (result.loads[0].is_ended, result.exit_code) == (False, 1)


def test_a_load_whose_container_ended_has_ended() -> None:
    stopping = Stopping(web().with_holder(), web=FakeHolder(1_000, one="ann"))
    sleep = stopping.time.sleep

    def end(seconds: float) -> None:
        sleep(seconds)
        stopping.cluster.pods["web"] = web().dict
        stopping.cluster.holders = {}

    stopping.time.sleep = end  # type: ignore[method-assign]

    assert stopping.stop().loads[0].is_ended


def deleted(lasts_s: float) -> Stopping:
    """A pod that is being deleted, whose holder takes no more attaches, and which goes soon."""
    built = web().with_holder().with_metadata(deletionTimestamp="2026-01-01T00:00:00Z")
    stopping = Stopping(built)
    stopping.cluster.holders = {f"web/{HOLDER}": NO_ANSWER}
    sleep = stopping.time.sleep

    def go(seconds: float) -> None:
        sleep(seconds)
        if stopping.time.ms >= 1_000 * lasts_s:
            stopping.cluster.pods.pop("web", None)

    stopping.time.sleep = go  # type: ignore[method-assign]
    return stopping


def test_a_load_ends_with_the_pod_that_is_being_deleted() -> None:
    stopping = deleted(lasts_s=5)

    assert stopping.stop() == StopResult([], [])
    assert stopping.time.ms == 5_000


def test_a_holder_is_told_of_whose_pod_does_not_go() -> None:
    result = deleted(lasts_s=1_000).stop()

    assert str(NO_ANSWER) in result.unanswered[0].problem


def test_a_load_out_of_reach_is_not_said_to_have_ended() -> None:
    stopping = Stopping(web().with_holder(), web=FakeHolder(1_000, one="ann"))
    sleep = stopping.time.sleep

    def cut(seconds: float) -> None:
        sleep(seconds)
        stopping.cluster.holders = {f"web/{HOLDER}": NO_ANSWER}
        stopping.cluster.errors["get pods"] = [NO_ANSWER]

    stopping.time.sleep = cut  # type: ignore[method-assign]

    assert not stopping.stop().loads[0].is_ended


@pytest.mark.parametrize(
    ("table", "words", "code"),
    [
        (processes_line((1, "hello", "target", 1)), "its process table shows no load", 0),
        (processes_line((41, "agent", "load", 1)), "its process table shows a load (PID 41)", 1),
        (b"", "its process table cannot be read either (no processes were told)", 1),
    ],
    ids=["no load", "a load", "not readable"],
)
def test_a_holder_of_version_1_is_checked_in_its_process_table(
    table: bytes, words: str, code: int
) -> None:
    stopping = Stopping(web().with_holder(command=OLD))
    old_hello = line("hello", protocol=1, version="0.0.9", pid=50)
    stopping.cluster.readings = [FakeStream().says(old_hello + table).ends(0)]

    result = stopping.stop()

    assert stopping.cluster.attached == []
    assert stopping.cluster.execs == [(HOLDER, ["/agent", "probe"])]
    assert "is of an older version, which takes no commands" in result.unanswered[0].problem
    assert words in result.unanswered[0].problem
    assert result.exit_code == code


@pytest.mark.parametrize(
    ("others", "code"),
    [([], 0), ([(41, "agent", "other", 1)], 1)],
    ids=["nothing of ours", "a process named as ours"],
)
def test_a_holder_that_cannot_look_into_its_container_goes_by_the_names_of_processes(
    others: list[tuple[int, str, str, int]], code: int
) -> None:
    holder = FakeHolder()
    holder.is_blind, holder.others = True, others
    stopping = Stopping(web().with_holder(), web=holder)

    result = stopping.stop()

    assert "cannot look into container" in result.unanswered[0].problem
    assert (stopping.cluster.execs, result.exit_code) == ([], code)


def test_a_pod_that_shares_its_processes_is_not_taken_for_a_hidden_one() -> None:
    holder = FakeHolder()
    holder.is_blind = True
    built = web().with_holder().with_spec(shareProcessNamespace=True)

    assert Stopping(built, web=holder).stop().unanswered == []


def test_one_silent_holder_does_not_keep_the_others_from_being_stopped() -> None:
    holder = FakeHolder(one="ann")
    stopping = Stopping(web().with_holder(), web("db").with_holder(), db=holder)
    stopping.cluster.holders[f"web/{HOLDER}"] = NO_ANSWER

    result = stopping.stop()

    assert [load.pod for load in result.loads] == ["db"]
    assert str(NO_ANSWER) in result.unanswered[0].problem
