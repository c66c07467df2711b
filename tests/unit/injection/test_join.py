"""The three ways into a cgroup: whose command runs where, and what is said where one is closed."""

import pytest

from kubectl_stress.errors import (
    Forbidden,
    InjectionError,
    Rejected,
    Silent,
    TargetError,
    Unreachable,
)
from kubectl_stress.injection.join import JoinedHolder, Joiner, start_load
from kubectl_stress.injection.probe import Reading
from kubectl_stress.plan.holder_spec import HolderSpec, Join
from kubectl_stress.targets.target import Target
from tests.builders.agent_lines import bye_line, hello_line, reading, sample_line
from tests.builders.pods import PodBuilder, hello, plan, pod, sample, target
from tests.builders.scene import IDENTITY
from tests.fakes.cluster import FakeCluster
from tests.fakes.stream import FakeStream
from tests.fakes.time import FakeTime

OLD = "kubectl-stress-old"
DENIED = 'exec: "/proc/23/root/agent": permission denied'


def web(**status: object) -> PodBuilder:
    return pod().container("app", limit="128Mi").with_container_status(**status)


def says(data: bytes) -> FakeStream:
    return FakeStream().says(data).ends(0)


def unreadable(**values: object) -> FakeStream:
    """What a holder says that cannot look into the target."""
    hidden = sample_line(usage_bytes=None, limit_bytes=None)
    return says(hello_line(uid=0, gid=0, **values) + hidden + bye_line())


def denied() -> FakeStream:
    return FakeStream().says(b"").ends(126, message=DENIED)


class Entering:
    """A join prepared on a cluster in memory, with what was told of it."""

    def __init__(self, built: PodBuilder, *readings: FakeStream) -> None:
        self.cluster = FakeCluster(built.dict)
        self.cluster.readings = list(readings)
        self.progress: list[str] = []
        self.time = FakeTime()
        self.joiner = Joiner(self.cluster, clock=self.time.clock, tell=self.progress.append)
        self.target = Target.from_pod(built.dict)

    def enter(self, join: Join = Join.EXEC) -> JoinedHolder:
        return self.joiner.enter(self.target, HolderSpec("agent:1", join=join))

    @property
    def users(self) -> list[tuple[int, int]]:
        contexts = [entry["securityContext"] for entry in self.cluster.added]
        return [(context["runAsUser"], context["runAsGroup"]) for context in contexts]


def joined(join: Join, target_pid: int = 1) -> JoinedHolder:
    found = Reading(hello(target_pid=target_pid), sample(), ())
    return JoinedHolder(target(), join, OLD, found)


@pytest.mark.parametrize(
    ("join", "target_pid", "container", "agent", "words"),
    [
        (Join.EXEC, 1, "app", "/proc/23/root/agent", ["--target-pid", "1"]),
        (Join.EXEC, 7, "app", "/proc/23/root/agent", ["--target-pid", "7"]),
        (Join.CGROUP, 7, OLD, "/agent", ["--target-pid", "7", "--join-pid", "7"]),
        (Join.POD, 7, OLD, "/agent", ["--target-pid", "23"]),
    ],
    ids=["exec", "exec, shared namespace", "cgroup", "pod"],
)
def test_each_join_runs_the_load_where_it_belongs(
    join: Join, target_pid: int, container: str, agent: str, words: list[str]
) -> None:
    cluster = FakeCluster(web().dict)

    start_load(cluster, plan(), joined(join, target_pid), IDENTITY)

    ((where, command),) = cluster.execs
    assert (where, command[:3]) == (container, [agent, "run", "mem"])
    assert command[-len(words) :] == words


def test_a_restart_right_before_the_load_is_noticed() -> None:
    cluster = FakeCluster(web(containerID="containerd://app-2").dict)

    with pytest.raises(TargetError):
        start_load(cluster, plan(), joined(Join.EXEC), IDENTITY)

    assert cluster.execs == []


def test_a_holder_that_sees_the_target_costs_it_no_exec() -> None:
    entering = Entering(web())

    found = entering.enter()

    assert not found.cannot_read_target
    assert [container for container, _ in entering.cluster.execs] == [found.holder]


def test_a_target_that_hides_itself_is_read_by_exec() -> None:
    root = {"linux": {"uid": 0, "gid": 0}}
    entering = Entering(web(user=root), unreadable(), says(reading()))

    found = entering.enter()

    assert found.cannot_read_target
    assert found.reading.sample.memory.usage_bytes is not None
    inside = ["/proc/23/root/agent", "probe", "--target-pid", "1"]
    assert entering.cluster.execs[-1] == ("app", inside)
    assert len(entering.cluster.added) == 1


def test_a_user_that_nobody_tells_is_found_out_and_attached_again_once() -> None:
    found_out = {"target": {"pid": 1, "uid": 1000, "gid": 7}}
    entering = Entering(
        web(user=None), unreadable(**found_out), denied(), FakeStream().ends(0), says(reading())
    )

    found = entering.enter()

    assert entering.users == [(0, 0), (1000, 7)]
    assert found.target.user == (1000, 7)
    assert found.holder == entering.cluster.added[-1]["name"]
    ended = entering.cluster.added[0]["name"]
    assert (ended, ["/agent", "end"]) in entering.cluster.execs
    assert f"the target turns out to run as 1000:7: ending ephemeral container {ended}" in " ".join(
        entering.progress
    )


def test_a_first_holder_that_does_not_end_is_not_waited_for_without_an_end() -> None:
    found_out = {"target": {"pid": 1, "uid": 1000, "gid": 7}}
    entering = Entering(web(user=None), unreadable(**found_out), denied())
    stuck = FakeStream(idle=entering.time.sleep)
    entering.cluster.readings += [stuck, says(reading())]

    assert entering.enter().target.user == (1000, 7)
    assert entering.time.ms >= 60_000


def test_there_is_no_third_holder() -> None:
    found_out = {"target": {"pid": 1, "uid": 1000, "gid": 7}}
    entering = Entering(
        web(user=None),
        unreadable(**found_out),
        denied(),
        FakeStream().ends(0),
        unreadable(**found_out),
        denied(),
    )

    with pytest.raises(InjectionError, match="permission denied"):
        entering.enter()

    assert len(entering.cluster.added) == 2


def test_an_entrypoint_that_drops_its_user_needs_no_second_holder() -> None:
    dropped = {"target": {"pid": 1, "uid": 999, "gid": 999}}
    entering = Entering(web(user=None), unreadable(**dropped), says(reading()))

    assert entering.enter().cannot_read_target
    assert entering.users == [(0, 0)]


def test_a_closed_way_names_the_join_that_may_be_open() -> None:
    entering = Entering(web(), unreadable(), denied())

    with pytest.raises(InjectionError, match=DENIED) as raised:
        entering.enter()

    assert "--join cgroup may work instead: a server-side dry run shows" in str(raised.value)
    assert entering.cluster.asked[-1] == "try ephemeral container"


def test_a_closed_way_says_where_the_other_join_is_refused_as_well() -> None:
    entering = Entering(web(), unreadable(), denied())
    entering.cluster.errors["try ephemeral"] = [Rejected('violates PodSecurity "baseline"')]

    with pytest.raises(InjectionError, match=r"is refused as well: violates PodSecurity"):
        entering.enter()


def test_a_lost_stream_is_no_refusal_and_adds_no_second_holder() -> None:
    found_out = {"target": {"pid": 1, "uid": 1000, "gid": 7}}
    lost = FakeStream().ends(lost="connection reset")
    entering = Entering(web(user=None), unreadable(**found_out), lost)

    with pytest.raises(Silent, match="connection reset") as raised:
        entering.enter()

    assert "--join cgroup" not in str(raised.value)
    assert len(entering.cluster.added) == 1


@pytest.mark.parametrize("holder_pid", [None, 1])
def test_a_runtime_that_shares_no_process_namespace_is_told(holder_pid: int | None) -> None:
    entering = Entering(web(), says(reading(holder_pid=holder_pid)))

    with pytest.raises(InjectionError, match="runtime ignored targetContainerName"):
        entering.enter()


def test_a_privileged_holder_is_root_on_the_node_and_nothing_else_is() -> None:
    entering = Entering(web())

    entering.enter(Join.CGROUP)

    context = entering.cluster.added[0]["securityContext"]
    assert context == {
        "privileged": True,
        "runAsUser": 0,
        "runAsGroup": 0,
        "runAsNonRoot": False,
    }


def test_a_privileged_holder_that_sees_nothing_is_told() -> None:
    entering = Entering(web(), unreadable())

    with pytest.raises(InjectionError, match="its container runtime is not supported"):
        entering.enter(Join.CGROUP)


def test_at_pod_level_the_reading_is_of_the_holders_own_cgroup() -> None:
    entering = Entering(web())

    found = entering.enter(Join.POD)

    own = ["/agent", "probe", "--target-pid", "23"]
    assert entering.cluster.execs[-1] == (found.holder, own)


@pytest.mark.parametrize(
    ("join", "cannot_read_target", "container", "command"),
    [
        (Join.EXEC, False, OLD, ["/agent", "probe"]),
        (Join.EXEC, True, "app", ["/proc/23/root/agent", "probe", "--target-pid", "1"]),
        (Join.POD, False, OLD, ["/agent", "probe", "--target-pid", "23"]),
    ],
    ids=["by the holder", "by exec", "of the holder"],
)
def test_a_later_reading_is_taken_as_the_first(
    join: Join, cannot_read_target: bool, container: str, command: list[str]
) -> None:
    entering = Entering(web())
    first = JoinedHolder(target(), join, OLD, joined(join).reading, cannot_read_target)

    assert entering.joiner.read_again(first) is not None
    assert entering.cluster.execs == [(container, command)]


@pytest.mark.parametrize("error", [Unreachable("gone"), Forbidden("no")])
def test_a_reading_after_the_end_is_only_tried(error: Unreachable | Forbidden) -> None:
    entering = Entering(web())
    entering.cluster.readings = [error]

    assert entering.joiner.read_again(joined(Join.EXEC)) is None
