"""Several loads begin together or not at all, and never take more than their node has."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from kubectl_stress.agent.commands import GO, STOP
from kubectl_stress.agent.protocol import PhaseStart
from kubectl_stress.agent.samples import Phase
from kubectl_stress.clock import Clock
from kubectl_stress.errors import (
    InjectionError,
    Interrupted,
    NotFound,
    NotLoaded,
    Refused,
    StressError,
)
from kubectl_stress.operations.load import Run
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.together import Together
from kubectl_stress.results.report import Report
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.event_loop import EventLoop, Inbox
from kubectl_stress.session.progress import Progress
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.outcome import Outcome
from tests.builders.agent_lines import bye_line, hello_line, line, reading, survived
from tests.builders.loads import memory_load
from tests.builders.pods import MIB, pod
from tests.builders.scene import announcer
from tests.fakes.interrupting import Interrupting
from tests.fakes.many_pods import ManyPods
from tests.fakes.stream import FakeStream, ReadyStream, is_go
from tests.fakes.time import PassingTime

SURVIVES, AT_ONCE = survived(), Together()


@dataclass
class ManyRun:
    """A run over all pods of a cluster, and what it said."""

    cluster: ManyPods
    size: str = "50Mi"
    confirm: Callable[[tuple[str, ...]], None] = lambda _: None
    tell: Callable[[Progress], None] = lambda _: None
    inbox: Inbox | None = None
    said: list[str] = field(default_factory=list)

    def __call__(self, together: Together = AT_ONCE) -> list[Report | StressError]:
        asked = memory_load(Amount.parse(self.size), duration_ms=20_000)
        plans = [make_plan(asked, Target.from_pod(one)) for one in self.cluster.pods.values()]
        loop = EventLoop(Clock(PassingTime().now_ms, lambda _: None), self.inbox)
        run = Run(
            self.cluster,
            loop,
            announcer=announcer(self.cluster, PassingTime()),
            tell=self.tell,
            confirm=self.confirm,
            say=self.said.append,
        )
        return run.all(plans, HolderSpec("agent:1"), None, together).found


def test_one_whose_watchdog_ended_it_at_the_barrier_says_so() -> None:
    cluster = ManyPods(SURVIVES, SURVIVES)
    cluster.streams["web-1"] = FakeStream().says(hello_line()).ends(142)

    _, second = ManyRun(cluster)()

    assert "its watchdog ended it" in str(second)


def test_no_load_begins_before_the_last_one_is_ready() -> None:
    cluster = ManyPods(SURVIVES, SURVIVES)
    late = cluster.streams["web-1"] = Late(SURVIVES, lambda: cluster.sent_to("web-0"))

    found = ManyRun(cluster)()

    assert late.seen_before == []
    assert [cluster.sent_to(name) for name in cluster.pods] == [[GO], [GO]]
    assert all(isinstance(one, Report) for one in found)


class Late(ReadyStream):
    """Is ready only when somebody has listened for a while; then looks what the other was told."""

    def __init__(self, load: bytes, look: Callable[[], list[bytes]]) -> None:
        super().__init__(load)
        self._look, self.seen_before = look, [b"nobody looked"]

    def receive(self, timeout: float) -> list[tuple[object, bytes]]:  # type: ignore[override]
        self.seen_before = self._look() if not any(map(is_go, self.sent)) else self.seen_before
        return super().receive(timeout)  # type: ignore[return-value]


def test_each_agent_reads_and_waits_and_is_told_so_in_its_arguments() -> None:
    cluster = ManyPods(*[SURVIVES] * 12)

    ManyRun(cluster)()

    for words in cluster.runs:
        assert "--wait-for-go" in words
        assert words[len(words) - 1 - words[::-1].index("--sample-interval-ms") + 1] == "120"


class Beside(ReadyStream):
    """Is ready once so many have started beside it, or after two seconds."""

    def __init__(self, cluster: ManyPods, count: int) -> None:
        super().__init__(SURVIVES)
        self._cluster, self._count, self._patience, self.beside = cluster, count, 200, 0

    def receive(self, timeout: float) -> list[tuple[object, bytes]]:  # type: ignore[override]
        if self.beside < self._count and self._patience:
            self.beside = len(self._cluster.runs)
            self._patience -= 1
            time.sleep(0.01)
            return []
        return super().receive(timeout)  # type: ignore[return-value]


def test_a_node_starts_as_many_loads_at_once_as_it_took_holders_in_the_end() -> None:
    cluster = ManyPods(*[SURVIVES] * 10)
    first = cluster.streams["web-0"] = Beside(cluster, 10)
    for number in range(1, 10):
        cluster.streams[f"web-{number}"] = Beside(cluster, 10)

    ManyRun(cluster)()

    assert first.beside == 10


def test_one_target_alone_waits_for_nobody() -> None:
    cluster = ManyPods(SURVIVES)
    cluster.streams["web-0"] = FakeStream().says(SURVIVES).ends(0)

    ManyRun(cluster)()

    assert "--wait-for-go" not in cluster.runs[0]


@pytest.mark.parametrize("keep_going", [False, True])
def test_one_that_cannot_be_prepared_stops_the_run_or_is_left_out(keep_going: bool) -> None:
    cluster = ManyPods(*[SURVIVES] * 3)
    cluster.errors["add ephemeral container"] = [InjectionError("no room for it")]

    first, *others = ManyRun(cluster)(Together(parallel=1, keep_going=keep_going))

    assert isinstance(first, InjectionError)
    if keep_going:
        assert all(isinstance(one, Report) for one in others)
    else:
        assert [str(one) for one in others] == [
            "not loaded, since web-0 could not be: no room for it"
        ] * 2
        assert cluster.runs == []


@pytest.mark.parametrize("keep_going", [False, True])
def test_after_one_that_cannot_be_prepared_no_other_gets_an_ephemeral_container(
    keep_going: bool,
) -> None:
    cluster = ManyPods(*[SURVIVES] * 3)
    cluster.errors["add ephemeral container"] = [InjectionError("no room for it")]
    run = ManyRun(cluster)

    run(Together(parallel=1, keep_going=keep_going))

    assert bool(cluster.added) is keep_going
    assert "web-0 could not be prepared: no room for it" in run.said


@pytest.mark.parametrize("keep_going", [False, True])
def test_one_that_is_gone_before_it_is_looked_at_is_one_that_cannot_be_prepared(
    keep_going: bool,
) -> None:
    cluster = ManyPods(*[SURVIVES] * 3)
    cluster.errors["get pods web-0"] = [NotFound('pod "web-0" not found')]

    first, *others = ManyRun(cluster)(Together(parallel=1, keep_going=keep_going))

    assert isinstance(first, NotFound)
    assert all(isinstance(one, Report if keep_going else NotLoaded) for one in others)


def test_restarts_before_the_load_are_none_of_its() -> None:
    cluster, states = ManyPods(SURVIVES, SURVIVES), dict[int, TargetState]()
    cluster.pods["web-0"]["status"]["containerStatuses"][0]["restartCount"] = 7

    ManyRun(cluster, tell=lambda step: states.update({step.target.number: step.target}))()

    assert [states[number].restarts for number in (0, 1)] == [0, 0]


@pytest.mark.parametrize("keep_going", [False, True])
def test_one_whose_agent_refuses_keeps_the_others_from_loading(keep_going: bool) -> None:
    cluster = ManyPods(*[SURVIVES] * 3)
    refusal = line("error", code="not-a-member", message="another cgroup")
    cluster.streams["web-1"] = (
        FakeStream().says(hello_line() + refusal + bye_line("not-a-member", 10)).ends(10)
    )

    first, second, third = ManyRun(cluster)(Together(keep_going=keep_going))

    assert str(second) == "the load ended before it began: another cgroup"
    for one, name in ((first, "web-0"), (third, "web-2")):
        assert isinstance(one, Report if keep_going else NotLoaded)
        assert (GO in cluster.sent_to(name)) is keep_going


def test_what_is_left_alone_has_the_exit_code_of_the_cause() -> None:
    cluster = ManyPods(SURVIVES, SURVIVES)
    full = reading().replace(b'"usage_bytes": %d' % (10 * MIB), b'"usage_bytes": %d' % (125 * MIB))
    cluster.readings = [FakeStream().says(full).ends(0)]

    found = ManyRun(cluster)(Together(parallel=1))

    assert [getattr(one, "exit_code", None) for one in found] == [5, 5]


@pytest.mark.parametrize("error", [Refused("not confirmed; nothing was loaded"), Interrupted()])
def test_a_no_at_the_barrier_loads_nothing_and_names_what_stays(error: StressError) -> None:
    cluster = ManyPods(SURVIVES, SURVIVES)

    def no(_questions: tuple[str, ...]) -> None:
        raise error

    with pytest.raises(type(error)) as refused:
        ManyRun(cluster, confirm=no)()

    names = [str(entry["name"]) for entry in cluster.added]
    assert all(name in str(refused.value) for name in names)
    assert str(refused.value).index("in web-0") < str(refused.value).index("in web-1")
    assert cluster.runs == []


def test_what_was_prepared_before_another_could_not_be_is_named() -> None:
    cluster = ManyPods(*[SURVIVES] * 3)
    cluster.errors["get pods web-2"] = [NotFound('pod "web-2" not found')]
    run = ManyRun(cluster)

    run(Together(parallel=1))

    holder = r"kubectl-stress-\w+"
    left = f"these ephemeral containers stay in the pods: {holder} in web-0, {holder} in web-1"
    assert any(re.fullmatch(left, text) for text in run.said)


def test_loads_of_one_node_together_never_take_more_than_it_has() -> None:
    """Each alone fits into the 1,500 MiB that the node has: 100 MiB each, of 15 pods."""
    cluster = ManyPods(*[SURVIVES] * 15)

    with pytest.raises(Refused, match="--force"):
        ManyRun(cluster, size="100Mi")()

    assert cluster.runs == []


def test_forced_or_on_several_nodes_the_same_loads_run() -> None:
    forced, spread = ManyPods(*[SURVIVES] * 15), ManyPods(*[SURVIVES] * 15, per_node=8)

    run = ManyRun(spread, size="100Mi")
    found = [*ManyRun(forced, size="100Mi")(Together(force=True)), *run()]

    assert all(isinstance(one, Report) for one in found)
    prepared = run.said.index("15 of 15 targets prepared")  # after others on a slow machine
    assert run.said[prepared + 1].startswith(
        'node "node-0" is shared by 8 targets (web-0, web-1, web-2, web-3 and 4 more): at most '
        "800.0 MiB of load together, 1.5 GiB available"
    )


def test_no_more_targets_of_a_node_are_prepared_at_once_than_asked() -> None:
    cluster = ManyPods(*[SURVIVES] * 6)
    inside, most = set[str](), [0]

    def tell(progress: Progress) -> None:
        text, name = getattr(progress.what, "text", ""), progress.target.target.pod
        if text.startswith("added ephemeral"):
            inside.add(name)
            most[0] = max(most[0], len(inside))
        elif text.startswith("usage will reach"):
            inside.discard(name)

    ManyRun(cluster, tell=tell)(Together(parallel=2))

    assert 1 <= most[0] <= 2


def test_ctrl_c_releases_every_load() -> None:
    cluster = ManyPods(*[hello_line()] * 20)
    inbox = Interrupting(lambda: all(GO in cluster.sent_to(name) for name in cluster.pods))

    found = ManyRun(cluster, inbox=inbox)()

    words = {one.findings.interrupted for one in found if isinstance(one, Report)}
    assert words == {"interrupted; the load has been released"}
    assert all(cluster.sent_to(name) == [GO, STOP] for name in cluster.pods)


@pytest.mark.parametrize("keep_going", [False, True])
def test_ctrl_c_while_they_are_prepared_loads_none(keep_going: bool) -> None:
    cluster = ManyPods(*[SURVIVES] * 20)
    inbox = Interrupting(lambda: len(cluster.execs) >= 2)

    found = ManyRun(cluster, inbox=inbox)(Together(keep_going=keep_going))

    assert {str(one) for one in found} == {"interrupted; nothing was loaded"}
    assert {type(one) for one in found} == {Interrupted}
    assert cluster.runs == []


def test_pods_of_two_namespaces_are_watched_in_both() -> None:
    cluster = ManyPods(SURVIVES, SURVIVES)
    other = pod("web-1", "shop").container("app", limit="128Mi").dict
    cluster.pods["web-1"] = other

    found = ManyRun(cluster)()

    assert all(isinstance(one, Report) for one in found)
    assert cluster.asked.count("watch pods metadata.name=web-0") == 1
    assert cluster.asked.count("watch pods metadata.name=web-1") == 1


def test_a_pod_that_is_deleted_in_the_middle_leaves_the_others_their_verdicts() -> None:
    cluster = ManyPods(*[SURVIVES] * 20)
    until_hold = SURVIVES.partition(b'{"type": "phase", "elapsed_ms": 21000')[0]
    dying = cluster.streams["web-7"] = Unending(until_hold)

    def tell(progress: Progress) -> None:
        is_held = isinstance(progress.what, PhaseStart) and progress.what.phase is Phase.HOLD
        if is_held and progress.target.target.pod == "web-7":
            cluster.lose_pod("web-7")
            cluster.before_exec = gone
            dying.ends(lost="the connection was closed")

    def gone(_container: str) -> None:
        raise NotFound('pod "web-7" not found')

    found = ManyRun(cluster, tell=tell)()

    outcomes = [one.verdict.outcome for one in found if isinstance(one, Report)]
    assert outcomes[7] is Outcome.INCONCLUSIVE
    assert outcomes[:7] + outcomes[8:] == [Outcome.SURVIVED] * 19


class Unending(ReadyStream):
    """Says its load when it is told to go, and does not end."""

    def send(self, data: bytes) -> bool:
        if is_go(data):
            self.says(self._load)
        self.sent.append(data)
        return True
