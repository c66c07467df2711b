"""`--follow`: where a pod is replaced under its load, the run goes on with its owner's new pod."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from kubectl_stress.agent.commands import STOP
from kubectl_stress.agent.protocol import PhaseStart
from kubectl_stress.agent.samples import Phase
from kubectl_stress.errors import (
    InjectionError,
    Interrupted,
    NotRunning,
    Refused,
    TargetError,
)
from kubectl_stress.live.sentences import sentence
from kubectl_stress.operations.load import Run
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.together import Together
from kubectl_stress.preflight.find_target import owner_and_pods
from kubectl_stress.results.report import Report
from kubectl_stress.session.event_loop import EventLoop, Inbox
from kubectl_stress.session.fleet import Loaded
from kubectl_stress.session.progress import Finished, LogLine, NewTarget, Progress
from kubectl_stress.targets.owners import Owner
from kubectl_stress.targets.place import Replaced
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.outcome import Outcome
from tests.builders.agent_lines import bye_line, reading, survived
from tests.builders.loads import memory_load
from tests.builders.pods import MIB, PodBuilder, pod
from tests.builders.scene import announcer
from tests.fakes.interrupting import Interrupting
from tests.fakes.many_pods import ManyPods
from tests.fakes.stream import FakeStream, ReadyStream, is_go
from tests.fakes.time import PassingTime

SURVIVES = survived()
UNTIL_HOLD = SURVIVES.partition(b'{"type": "phase", "elapsed_ms": 21000')[0]
WEB = TargetRef("deployment", "web")
FOLLOW = Together(follow=True)


def owned(
    name: str, *, kind: str = "ReplicaSet", owner: str = "web-1a", **metadata: Any
) -> PodBuilder:
    reference = {"kind": kind, "name": owner, "controller": True}
    labels = {"pod-template-hash": owner.rpartition("-")[2]}
    built = pod(name).container("app", limit="128Mi")
    return built.with_metadata(ownerReferences=[reference], labels=labels, **metadata)


class Deployment(ManyPods):
    """`web`, whose pods `web-0` and on are loaded; each is Ready."""

    def __init__(self, *loads: bytes) -> None:
        super().__init__(*loads)
        for name in self.pods:
            self.pods[name] = owned(name).dict
        spec = {"replicas": len(loads), "selector": {"matchLabels": {"app": "web"}}}
        self.owners["deployments", "web"] = {"metadata": {"name": "web"}, "spec": spec}

    def dies(self, name: str) -> None:
        """From now on the stream of its load says no end by itself."""
        self.streams[name] = Unending(UNTIL_HOLD)

    def comes(self, built: PodBuilder, *, lasts: bool = False) -> None:
        """A new pod of it runs; with `lasts` its load does not end by itself."""
        name = built.dict["metadata"]["name"]
        self.pods[name] = built.dict
        self.streams[name] = Lasting() if lasts else FakeStream().says(SURVIVES).ends(0)

    def loses(self, name: str) -> None:
        """This pod is deleted, and the connection to its agent with it."""
        stream = self.streams[name]
        self.lose_pod(name)
        stream.ends(lost="the connection was closed")


class Unending(ReadyStream):
    """Says its load when it is told to go, and does not end."""

    def send(self, data: bytes) -> bool:
        if is_go(data):
            self.says(self._load)
        self.sent.append(data)
        return True


class Lasting(FakeStream):
    """Holds its load until it is told to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.says(UNTIL_HOLD)

    def send(self, data: bytes) -> bool:
        if data == STOP and STOP not in self.sent:
            self.says(bye_line("stopped")).ends(0)
        return super().send(data)


class SkippedTime(PassingTime):
    """Goes on as the real one does, but nobody sleeps: that time is skipped."""

    def now_ms(self) -> int:
        return super().now_ms() + self.ms


@dataclass
class FollowedRun:
    """A run over all pods of a Deployment; `when_held` is called once when web-0 holds its load."""

    cluster: Deployment
    when_held: Callable[[], None] = lambda: None
    hear: Callable[[Progress], None] = lambda _: None
    size: str = "50Mi"
    duration_ms: int = 600_000
    inbox: Inbox | None = None
    heard: list[Progress] = field(default_factory=list)
    time: SkippedTime = field(default_factory=SkippedTime)

    def __call__(self, together: Together = FOLLOW) -> Loaded:
        asked = memory_load(Amount.parse(self.size), duration_ms=self.duration_ms)
        _, pods = owner_and_pods(self.cluster, WEB, "default")
        targets = [Target.from_pod(one) for one in pods]
        owner = Owner(WEB.kind, WEB.name, len(targets))
        plans = [make_plan(asked, replace(target, owner=owner)) for target in targets]
        loop = EventLoop(self.time.clock, self.inbox)
        run = Run(
            self.cluster,
            loop,
            announcer=announcer(self.cluster, PassingTime()),
            tell=self._tell,
            confirm=lambda _: None,
        )
        return run.all(plans, HolderSpec("agent:1"), None, together)

    def _tell(self, progress: Progress) -> None:
        self.heard.append(progress)
        what = progress.what
        is_held = isinstance(what, PhaseStart) and what.phase is Phase.HOLD
        if is_held and progress.target.number == 0:
            self.when_held()
        self.hear(progress)

    @property
    def lines(self) -> list[str]:
        return [one.what.text for one in self.heard if isinstance(one.what, LogLine)]


def test_a_pod_that_is_deleted_is_followed_by_the_owners_new_one() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)
    cluster.dies("web-0")

    def delete() -> None:
        cluster.comes(owned("web-9"))
        cluster.loses("web-0")

    run = FollowedRun(cluster, delete)
    (lost, kept), (new,) = run()

    assert isinstance(lost, Report)
    assert lost.verdict.outcome is Outcome.INCONCLUSIVE
    assert isinstance(kept, Report)
    assert kept.verdict.outcome is Outcome.SURVIVED
    assert isinstance(new.found, Report)
    assert new.found.verdict.outcome is Outcome.SURVIVED
    assert (new.place.pod, new.replaces) == ("web-9", Replaced(0, "web-0"))
    assert [p.target.number for p in run.heard if isinstance(p.what, NewTarget)] == [2]


def deleted_for(cluster: Deployment, *comes: PodBuilder, lasts: bool = False) -> FollowedRun:
    """A run in which web-0 is deleted while it is held, once these pods have come."""
    cluster.dies("web-0")

    def delete() -> None:
        for built in comes:
            cluster.comes(built, lasts=lasts)
        cluster.loses("web-0")

    return FollowedRun(cluster, delete)


def test_it_is_loaded_for_what_is_left_and_without_a_barrier() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)

    deleted_for(cluster, owned("web-9"))()

    last = cluster.runs[-1]
    assert 580_000 < int(last[last.index("--duration-ms") + 1]) < 600_000
    assert "--wait-for-go" not in last


def test_without_follow_a_lost_pod_stays_lost() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)

    _, followed = deleted_for(cluster, owned("web-9"))(Together())

    assert followed == []
    assert len(cluster.runs) == 2


def test_the_new_pod_is_waited_for_until_it_is_ready_with_a_line_each_five_seconds() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)
    run, waits = deleted_for(cluster), 12

    def hear(progress: Progress) -> None:
        text = getattr(progress.what, "text", "")
        if "deployment/web has no new pod yet" in text:
            cluster.comes(owned("web-9").with_container_status(ready=False))
        elif "runs and is not ready" in text and len(run.lines) > waits:
            cluster.comes(owned("web-9"))

    run.hear = hear
    _, (new,) = run()

    assert isinstance(new.found, Report)
    told = [line for line in run.lines if line.startswith("still waiting")]
    assert re.fullmatch(
        r"still waiting after 4\.\ds of 9m5\ds: deployment/web has no new pod yet", told[0]
    )
    assert told[1].endswith(': pod "web-9" runs and is not ready')
    assert told[1].startswith("still waiting after 8.")


def test_one_that_was_not_ready_is_followed_by_one_that_runs() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)
    cluster.pods["web-0"]["status"]["containerStatuses"][0]["ready"] = False

    _, (new,) = deleted_for(cluster, owned("web-9").with_container_status(ready=False))()

    assert isinstance(new.found, Report)


def test_the_wait_for_a_new_pod_is_bounded_and_its_end_names_the_owner() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)

    (lost, _), (new,) = deleted_for(cluster)()

    assert isinstance(lost, Report)
    assert isinstance(new.found, NotRunning)
    words = "nothing to load replaced the pod within 9m5.s: deployment/web has no new pod yet"
    assert re.fullmatch(words, str(new.found))
    assert (new.place.pod, new.found.exit_code) == ("deployment/web", 1)


def test_a_new_pod_that_cannot_be_prepared_keeps_no_other_new_one_from_being_loaded() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)
    cluster.dies("web-0")
    cluster.dies("web-1")
    cluster.errors["get pods web-8"] = [TargetError("restarted in the meantime")]

    def delete() -> None:
        cluster.comes(owned("web-8"))
        cluster.comes(owned("web-9"))
        cluster.loses("web-0")
        cluster.loses("web-1")

    _, followed = FollowedRun(cluster, delete)(Together(follow=True, parallel=1))

    found = {one.place.pod: one.found for one in followed}
    assert isinstance(found["web-8"], TargetError)
    assert isinstance(found["web-9"], Report)


def test_an_owner_that_was_scaled_down_replaces_nothing_and_is_not_waited_for() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)
    cluster.owners["deployments", "web"]["spec"]["replicas"] = 1

    _, (new,) = deleted_for(cluster)()

    assert isinstance(new.found, TargetError)
    assert str(new.found) == "deployment/web wants 1 pods now: none replaces web-0"


def test_a_new_pod_that_is_replaced_too_is_followed_too() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)
    run = deleted_for(cluster, owned("web-8"), lasts=True)

    def hear(progress: Progress) -> None:
        is_held = isinstance(progress.what, PhaseStart) and progress.what.phase is Phase.HOLD
        if is_held and progress.target.target.pod == "web-8":
            cluster.comes(owned("web-9"))
            cluster.loses("web-8")

    run.hear = hear
    _, followed = run()

    assert [(one.place.pod, one.replaces.pod) for one in followed] == [
        ("web-8", "web-0"),
        ("web-9", "web-8"),
    ]
    assert [getattr(one.found, "exit_code", None) for one in followed] == [4, 0]


def critical(name: str) -> PodBuilder:
    return owned(name).with_spec(priorityClassName="system-node-critical")


@pytest.mark.parametrize("yes", [False, True])
def test_what_nobody_was_asked_before_keeps_the_new_pod_from_being_loaded(yes: bool) -> None:
    cluster = Deployment(SURVIVES, SURVIVES)

    _, (new,) = deleted_for(cluster, critical("web-9"))(Together(follow=True, yes=yes))

    if yes:
        assert isinstance(new.found, Report)
    else:
        assert isinstance(new.found, Refused)
        assert "is a critical pod of the cluster, which was not asked" in str(new.found)
        assert len(cluster.runs) == 2


def test_what_was_confirmed_of_the_lost_pod_covers_the_new_one() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)
    cluster.pods["web-0"] = critical("web-0").dict

    _, (new,) = deleted_for(cluster, critical("web-9"))()

    assert isinstance(new.found, Report)


def test_the_node_must_have_room_for_it_beside_the_loads_that_still_grow() -> None:
    cluster = Deployment(SURVIVES, b"")  # web-1 has not begun to grow
    run = deleted_for(cluster, owned("web-9"))

    def hear(progress: Progress) -> None:
        if isinstance(progress.what, NewTarget):
            low = b'"node_available_bytes": %d' % (190 * MIB)
            full = reading().replace(b'"node_available_bytes": %d' % (1500 * MIB), low)
            assert low in full
            cluster.readings = [FakeStream().says(full).ends(0)]
        elif progress.target.number == 2 and isinstance(progress.what, Finished):
            cluster.streams["web-1"].says(SURVIVES.partition(b"\n")[2]).ends(0)

    run.hear = hear
    _, (new,) = run()

    assert isinstance(new.found, Refused)
    assert 'node "node-1" is shared by 2 targets (web-9, web-1)' in str(new.found)


def test_ctrl_c_while_a_new_pod_is_waited_for_ends_the_run() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)
    run = deleted_for(cluster)
    run.inbox = Interrupting(lambda: any(line.startswith("still") for line in run.lines))

    (lost, _), (new,) = run()

    assert isinstance(lost, Report)
    assert isinstance(new.found, Interrupted)
    assert str(new.found) == "interrupted while waiting for the pod that replaces web-0"


def test_ctrl_c_releases_the_load_of_a_new_pod() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)
    run = deleted_for(cluster, owned("web-9"), lasts=True)
    run.inbox = Interrupting(
        lambda: any(p.target.load_began_ms and p.target.number == 2 for p in run.heard)
    )

    _, (new,) = run()

    assert isinstance(new.found, Report)
    assert new.found.findings.interrupted
    assert cluster.sent_to("web-9") == [STOP]


def test_near_its_end_the_run_follows_nobody() -> None:
    cluster = Deployment(SURVIVES, SURVIVES)
    run = deleted_for(cluster, owned("web-9"))
    run.duration_ms = 5_000

    _, followed = run()

    assert followed == []
    assert "the run is about to end; not waiting for a new pod" in run.lines


@pytest.mark.parametrize(
    ("taken_s", "words"),
    [
        (700, "it was prepared only after the end of the run"),
        (595, "of the run were left once it was prepared"),
    ],
)
def test_a_new_pod_that_is_prepared_too_late_is_not_loaded(taken_s: int, words: str) -> None:
    cluster = Deployment(SURVIVES, SURVIVES)
    run = deleted_for(cluster, owned("web-9"))

    def hear(progress: Progress) -> None:
        if isinstance(progress.what, NewTarget):
            run.time.sleep(taken_s)

    run.hear = hear
    _, (new,) = run()

    assert isinstance(new.found, InjectionError)
    assert words in str(new.found)
    (end,) = [one for one in run.heard if one.target.number == 2 and _is_end(one)]
    assert str(sentence(end.target, end.what)).startswith("not loaded: ")


def _is_end(progress: Progress) -> bool:
    return isinstance(progress.what, Finished)
