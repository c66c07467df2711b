"""What is decided before anything is done."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from kubectl_stress.errors import Refused
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import (
    make_plan,
    node_notes,
    resolve,
    run_options,
    size_notes,
    summary,
    with_load,
)
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.plan.load_words import AfterOom, LoadKind
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.stop_on import StopOn
from kubectl_stress.targets.owners import Owner
from kubectl_stress.targets.target import Target
from tests.builders.loads import memory_load
from tests.builders.pods import MIB, hello, plan, pod, sample, target


def owned(replicas: int | None) -> Target:
    built = Target.from_pod(pod().container("app", limit="128Mi", request="64Mi").dict)
    return Target(**{**built.__dict__, "owner": Owner("deployment", "web", replicas)})


@pytest.mark.parametrize(
    ("size", "size_bytes"),
    [("50Mi", 50 * MIB), ("50%", 64 * MIB), ("150%", 192 * MIB), ("50%request", 32 * MIB)],
)
def test_a_share_becomes_bytes(size: str, size_bytes: int) -> None:
    assert plan(size).size_bytes == size_bytes


def test_a_share_of_the_headroom_waits_for_the_reading() -> None:
    waiting = plan("50%headroom")

    settled = resolve(waiting, hello(), sample(28))

    assert waiting.size_bytes is None
    assert settled.size_bytes == 50 * MIB


def test_a_share_of_less_than_a_page_is_refused() -> None:
    with pytest.raises(Refused, match="less than a page"):
        plan("0.0000001%")
    with pytest.raises(Refused, match="less than a page"):
        resolve(plan("0.0000001%headroom"), hello(), sample(28))


def test_a_share_of_an_unlimited_container_is_refused() -> None:
    with pytest.raises(Refused, match="has no memory limit"):
        plan("50%", target=target(limit=None), force=True)


def test_an_unlimited_container_needs_force() -> None:
    with pytest.raises(Refused, match="--force"):
        plan("50Mi", target=target(limit=None))

    assert plan("50Mi", target=target(limit=None), force=True).size_bytes == 50 * MIB


def test_without_a_limit_the_node_is_the_bound() -> None:
    forced = plan("1600Mi", target=target(limit=None), force=True)

    with pytest.raises(Refused, match=r"more than the 1\.5 GiB"):
        resolve(forced, hello(), sample(10, limit_bytes=None))


def test_too_little_headroom_for_the_exec_is_refused() -> None:
    with pytest.raises(Refused, match=r"only 7\.0 MiB of headroom"):
        resolve(plan(), hello(), sample(121))


def test_just_enough_headroom_is_accepted() -> None:
    assert resolve(plan("1Mi"), hello(), sample(120)).size_bytes == MIB


def test_a_node_left_below_its_eviction_threshold_is_asked_about() -> None:
    settled = resolve(plan("100Mi"), hello(node_available_bytes=180 * MIB), sample(10))

    assert "80.0 MiB" in settled.questions[0]


def test_the_limit_bounds_what_the_node_loses() -> None:
    settled = resolve(plan("1000%"), hello(node_available_bytes=300 * MIB), sample(10))

    assert settled.questions == ()


def of_kind(kind: LoadKind, size: str = "120%") -> Plan:
    return plan(spec=memory_load(Amount.parse(size), kind=kind))


def test_page_cache_reaches_no_limit_and_says_where_it_is_written() -> None:
    single = owned(1)
    cache = make_plan(memory_load(Amount.parse("120%"), kind=LoadKind.FILE), single)

    assert cache.questions == ()
    assert ["ephemeral storage" in note for note in cache.notes] == [True]
    assert make_plan(memory_load(Amount.parse("120%")), single).questions != ()


def test_page_cache_takes_nothing_from_the_node_for_good() -> None:
    node = hello(node_available_bytes=180 * MIB)

    assert resolve(of_kind(LoadKind.FILE, "100Mi"), node, sample(10)).questions == ()
    assert resolve(of_kind(LoadKind.SHM, "100Mi"), node, sample(10)).questions != ()


def test_kind_and_dirty_rate_are_told_and_reach_the_agent() -> None:
    spec = memory_load(Amount.parse("50Mi"), kind=LoadKind.SHM, dirty_bytes_per_s=10 * MIB)
    asked = plan(spec=spec)

    assert summary(asked).startswith("memory load (kind shm) of 50.0 MiB")
    assert summary(asked).endswith("for 1m, rewriting 10.0 MiB a second")
    words = run_options(asked).arguments(holder_pid=9)
    assert words[words.index("--kind") + 1] == "shm"
    assert words[words.index("--dirty-bytes-per-s") + 1] == str(10 * MIB)


@pytest.mark.parametrize(
    ("oom_group", "words"),
    [(True, "each kill restarts the whole container"), (None, "usage drops and climbs again")],
)
def test_what_a_repeat_will_do_is_foretold(oom_group: bool | None, words: str) -> None:
    spec = memory_load(Amount.parse("120%"), after_oom=AfterOom.REPEAT, max_restarts=2)

    (note,) = node_notes(plan(spec=spec), hello(oom_group=oom_group))

    assert "at most 2 times" in note
    assert words in note
    assert [*node_notes(plan(), hello())] == []


def score(settled: Plan) -> str:
    words: list[str] = run_options(settled).arguments(holder_pid=9)
    return words[words.index("--oom-score-adj") + 1]


def test_a_load_is_never_as_safe_from_the_kernel_as_a_target_at_minus_1000() -> None:
    exempt = hello(target_oom_score_adj=-1000)

    assert score(resolve(plan(), exempt, sample(10))) == "-999"
    assert "the load gets -999" in node_notes(plan(), exempt)[0]


@pytest.mark.parametrize("target_oom_score_adj", [-999, 0, 998, None])
def test_any_other_oom_score_adj_is_copied_by_the_agent(target_oom_score_adj: int | None) -> None:
    read = hello(target_oom_score_adj=target_oom_score_adj)

    assert score(resolve(plan(), read, sample(10))) == "same"


def test_what_releases_the_load_early_is_said_beforehand() -> None:
    spec = memory_load(Amount.parse("50Mi"), stop_on=(StopOn.NOT_READY, StopOn.RESTART))

    assert summary(plan(spec=spec)).endswith("for 1m, or until not-ready or restart")


def test_a_load_at_pod_level_is_measured_by_the_pods_limit() -> None:
    two = pod().container("app", limit="64Mi").container("side", limit="64Mi").dict

    made = make_plan(memory_load(Amount.parse("50%")), Target.from_pod(two), join=Join.POD)

    assert made.size_bytes == 64 * MIB
    assert "it tests the pod-level limit or the node" in made.notes[0]
    assert 'beside container "app"' in summary(made)


def test_a_load_at_pod_level_without_such_a_limit_presses_on_the_node() -> None:
    one = pod().container("app", limit="64Mi").container("side").dict

    with pytest.raises(Refused, match='pod "web" has no memory limit'):
        make_plan(memory_load(Amount.parse("8Mi")), Target.from_pod(one), join=Join.POD)


def test_a_privileged_container_is_asked_for() -> None:
    made = make_plan(memory_load(Amount.parse("8Mi")), target(), join=Join.CGROUP)

    assert "privileged container" in made.questions[-1]


def test_a_single_replica_is_asked_about_only_when_it_may_go_down() -> None:
    assert plan("50Mi", target=owned(1)).questions == ()
    assert "single replica" in plan("65Mi", target=owned(1)).questions[0]
    assert plan("65Mi", target=owned(2)).questions == ()


def test_a_critical_pod_is_always_asked_about() -> None:
    critical = Target.from_pod(pod(namespace="kube-system").container("a", limit="1Gi").dict)

    assert "critical" in plan("1Mi", target=critical).questions[0]


def test_several_workers_are_said_to_share_the_size() -> None:
    spec = memory_load(Amount.parse("50Mi"), workers=4)

    assert make_plan(spec, target()).notes == (
        "the size is the total of all 4 workers: each holds 12.5 MiB",
    )


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("50Mi", "memory load of 50.0 MiB on container"),
        ("50%", "memory load of 64.0 MiB (50% of the limit 128.0 MiB) on container"),
        ("50%headroom", "memory load of 50% of the headroom (read once the agent has started) on"),
    ],
)
def test_the_plan_is_told_in_bytes_wherever_they_are_known(size: str, words: str) -> None:
    progress = summary(plan(size))

    assert progress.startswith(words)
    assert progress.endswith(
        'of pod "web" in namespace "default" (limit 128.0 MiB, Burstable) for 1m'
    )


def test_a_share_settled_by_the_reading_is_told_in_bytes() -> None:
    settled = resolve(plan("50%headroom"), hello(), sample(28))

    assert size_notes(settled) == "50.0 MiB (50% of the headroom 100.0 MiB)"


def test_another_load_on_the_same_target_has_its_own_size() -> None:
    first = resolve(plan("50Mi"), hello(), sample(10))

    other = with_load(first, memory_load(Amount.parse("75%"), steps=(Amount.parse("25%"),)))

    assert other.memory is not None
    assert (other.size_bytes, other.memory.step_bytes) == (96 * MIB, (32 * MIB,))
    assert other.target == first.target


def test_the_agent_is_told_the_limit_of_the_pod_where_it_has_one() -> None:
    built = (
        pod().container("app", limit="128Mi").with_spec(resources={"limits": {"memory": "96Mi"}})
    )
    shared = resolve(plan("50Mi", target=Target.from_pod(built.dict)), hello(), sample(10))
    alone = resolve(plan("50Mi"), hello(), sample(10))

    words = run_options(shared).arguments(holder_pid=23)

    assert words[words.index("--pod-limit-bytes") + 1] == str(96 * MIB)
    assert "--pod-limit-bytes" not in run_options(alone).arguments(holder_pid=23)


@pytest.mark.parametrize(
    ("runtime", "headroom_mib", "is_refused"),
    [("containerd", 8, False), ("containerd", 7, True), ("cri-o", 24, False), ("cri-o", 23, True)],
)
def test_the_headroom_that_starting_needs_is_the_runtimes(
    runtime: str, headroom_mib: int, is_refused: bool
) -> None:
    asked = plan("1Mi", target=replace(target(), container_id=f"{runtime}://app-1"))

    with pytest.raises(Refused, match="starting the agent alone") if is_refused else nullcontext():
        resolve(asked, hello(), sample(128 - headroom_mib))


def test_a_pod_that_is_too_small_for_the_runtime_is_refused_before_anything_is_added() -> None:
    small = replace(target("16Mi"), container_id="cri-o://app-1")

    with pytest.raises(Refused, match=r"16\.0 MiB: starting the agent alone"):
        plan("1Mi", target=small)


def test_what_may_keep_the_agent_from_starting_is_noted_first() -> None:
    doubtful = replace(target(), start_doubts=("it may never start",))

    assert plan("1Mi", target=doubtful).notes[0] == "it may never start"
