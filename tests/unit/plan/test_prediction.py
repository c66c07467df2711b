"""Who dies first is foretold for the limit, not for the moment."""

from dataclasses import replace

import pytest

from kubectl_stress.agent.protocol import Processes
from kubectl_stress.agent.samples import Process
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import resolve
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.prediction import at_limit, prediction, victim_at_limit, victim_now
from kubectl_stress.targets.resources import Sibling
from kubectl_stress.targets.target import Target
from tests.builders.loads import memory_load
from tests.builders.pods import MIB, PodBuilder, hello, memory, plan, pod, sample, target

UNIT = 128 * MIB // 4096 // 1000 * 4096  # one point of oom_score_adj at a limit of 128Mi


def process(name: str, rss_mib: int, adjustment: int, role: str = "other") -> Process:
    rss = rss_mib * MIB
    badness = None if adjustment == -1000 else rss + adjustment * UNIT
    return Process(1, name, role, rss, adjustment, badness)


@pytest.mark.parametrize(
    ("size", "oom_group", "words"),
    [
        ("50Mi", True, "usage will reach about 60.0 MiB, 47%"),
        ("150%", True, "kill the whole container with it"),
        ("150%", None, "kill one process (agent-worker"),
    ],
)
def test_the_end_is_foretold(size: str, oom_group: bool | None, words: str) -> None:
    settled = plan(size)

    assert words in prediction(settled, hello(oom_group=oom_group), sample(10), ())


def test_a_level_above_the_limit_is_told_with_what_it_is_made_of() -> None:
    text = prediction(plan("55%"), hello(), sample(70), ())

    assert text.startswith(
        "usage would reach 110% of the limit 128.0 MiB (70.0 MiB in use and 70.4 MiB of load): "
    )


@pytest.mark.parametrize(
    ("size", "adjustment", "others", "victim"),
    [
        ("150%", None, [process("app", 20, 968)], "agent-worker"),
        # Too small a load to outgrow the app before the limit is reached.
        ("10Mi", None, [process("app", 100, 968)], "app"),
        ("10Mi", 1000, [process("app", 10, 968)], "agent-worker"),
        # The holder's 999 beats the -997 of a Guaranteed target that grows to its limit.
        ("150%", -997, [process("app", 10, -997), process("agent", 0, 999)], "agent"),
        ("150%", None, [process("app", 10, -1000)], "agent-worker"),
    ],
)
def test_the_victim_is_that_of_the_moment_when_the_limit_is_reached(
    size: str, adjustment: int | None, others: list[Process], victim: str
) -> None:
    asked = memory_load(Amount.parse(size), oom_score_adj=adjustment)
    settled = resolve(plan(spec=asked), hello(), sample(20))

    found = victim_at_limit(settled, hello(target_oom_score_adj=968), sample(20), tuple(others))

    assert found is not None
    assert found.command == victim


def test_a_load_of_several_workers_has_its_size_in_parts() -> None:
    asked = memory_load(Amount.parse("150%"), workers=4)
    alone = (process("app", 40, 998),)

    found = victim_at_limit(plan(spec=asked), hello(), sample(50), alone)

    assert found == alone[0]


def test_without_a_limit_nobody_is_foretold() -> None:
    assert victim_at_limit(plan(), hello(), sample(20, limit_bytes=None), ()) is None


def test_page_cache_goes_before_anybody_is_killed() -> None:
    cached = sample(100, file_bytes=60 * MIB, shmem_bytes=0)

    text = prediction(plan("50Mi"), hello(), cached, ())

    assert "reclaim page cache first (60.0 MiB), so no OOM kill is expected" in text


def test_shared_memory_is_no_page_cache_that_could_go() -> None:
    shared = sample(100, file_bytes=60 * MIB, shmem_bytes=60 * MIB)

    assert "kill one process" in prediction(plan("50Mi"), hello(oom_group=None), shared, ())


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("140Mi", "swap first (64.0 MiB left), so no OOM kill is expected"),
        ("300Mi", "after 64.0 MiB of swap has been used up"),
    ],
)
def test_swap_puts_the_kill_off(size: str, words: str) -> None:
    reading = sample(10, swap_bytes=0, swap_limit_bytes=64 * MIB)

    assert words in prediction(plan(size), hello(node_swap_total_bytes=1024 * MIB), reading, ())


def test_swap_that_the_node_does_not_have_counts_for_nothing() -> None:
    reading = sample(10, swap_bytes=0, swap_limit_bytes=None)

    assert "swap" not in prediction(plan("300Mi"), hello(node_swap_total_bytes=0), reading, ())


HOLDER = process("agent", 0, 999, "holder")
APP = process("app", 10, 500, "target")


def two_containers(*, pod_limit: str | None = None) -> PodBuilder:
    built = pod().container("app", limit="128Mi").container("side", limit="128Mi")
    return built.with_spec(resources={"limits": {"memory": pod_limit}}) if pod_limit else built


def test_the_holder_may_die_first_in_a_pod_of_one_container() -> None:
    alone = Target.from_pod(pod().container("app", limit="128Mi").dict)

    victim = victim_now(alone, hello(), memory(), (APP, HOLDER))
    text = at_limit(alone, hello(oom_group=None), memory(), (APP, HOLDER))

    assert victim == HOLDER
    assert "kill the ephemeral container of kubectl stress (agent" in text
    assert "and then kill one process (app" in text


def test_the_holder_is_out_of_reach_where_the_container_is_full_before_its_pod() -> None:
    target = Target.from_pod(two_containers().dict, "app")

    assert victim_now(target, hello(), memory(), (APP, HOLDER)) == APP
    assert "unless" not in at_limit(target, hello(), memory(), (APP, HOLDER))


def test_a_pod_level_limit_below_the_sum_may_be_reached_first() -> None:
    target = Target.from_pod(two_containers(pod_limit="200Mi").dict, "app")

    text = at_limit(target, hello(), memory(), (APP, HOLDER))

    assert "unless the pod's other containers reach the pod's limit first" in text


def test_a_pod_level_limit_that_is_the_containers_counts_the_siblings_too() -> None:
    target = Target.from_pod(two_containers(pod_limit="128Mi").dict, "app")

    text = at_limit(target, hello(), memory(), (APP, HOLDER))

    assert "unless an unseen process of side has a higher badness" in text


def test_in_the_pod_s_cgroup_the_weights_are_of_the_pod_s_limit() -> None:
    """A pod's cgroup may swap as much as the node can: one point weighs more there."""
    alone = Target.from_pod(pod().container("app", limit="128Mi").dict)
    large, heavy = process("large", 100, 0), process("heavy", 10, 500)

    without = victim_now(alone, hello(), memory(swap_limit_bytes=0), (large, heavy))
    swapping = hello(node_swap_total_bytes=1024 * MIB)
    with_swap = victim_now(alone, swapping, memory(swap_limit_bytes=0), (large, heavy))

    assert (without, with_swap and with_swap.command) == (large, "heavy")


def test_the_probe_that_reads_is_not_among_those_that_it_tells_of() -> None:
    probe = Process(hello().pid, "agent", "other", MIB, 999, 200 * MIB)

    assert Processes(0, (probe, APP)).beside(hello()) == (APP,)


def beside(*siblings: Sibling, pod_limit_mib: int = 160) -> Plan:
    """A load of 90 MiB under the limit that a pod shares."""
    shared = replace(
        target(None), pod_limit_bytes=pod_limit_mib * MIB, pod_cgroup_limit_bytes=160 * MIB
    )
    return plan("90Mi", target=replace(shared, siblings=siblings))


def foretold(given: Plan, own_limit_mib: int = 160) -> str:
    return prediction(given, hello(), sample(0.3, limit_bytes=own_limit_mib * MIB), ())


def test_what_a_sibling_uses_of_the_pods_limit_counts() -> None:
    text = foretold(beside(Sibling("side", None, None, usage_bytes=105 * MIB)))

    assert text.startswith(
        "usage of the pod would reach 122% of the pod's limit 160.0 MiB (307.2 KiB in use, "
        "105.0 MiB by side (metrics) and 90.0 MiB of load): the kernel will choose one process"
    )


def test_a_sibling_that_nobody_can_see_makes_it_at_least() -> None:
    text = foretold(beside(Sibling("side", None, 64 * MIB)))

    assert text == (
        "usage of the pod will reach at least 90.3 MiB, 56% of the pod's limit 160.0 MiB "
        "(307.2 KiB in use and 90.0 MiB of load; not counted: what side uses, which requests "
        "64.0 MiB)"
    )


@pytest.mark.parametrize(
    ("sibling", "is_shared"),
    [
        (Sibling("side", 60 * MIB, None), False),  # its limit leaves the container its own
        (Sibling("side", None, None), False),  # as far as is known it uses nothing
        (Sibling("side", None, None, usage_bytes=70 * MIB), True),
        (Sibling("side", 80 * MIB, None, usage_bytes=50 * MIB), False),
    ],
)
def test_the_containers_own_limit_counts_where_the_siblings_leave_room(
    sibling: Sibling, is_shared: bool
) -> None:
    assert ("usage of the pod" in foretold(beside(sibling), own_limit_mib=100)) is is_shared
