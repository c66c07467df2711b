"""What is asked before several targets are loaded, and what they may take from a node."""

from dataclasses import replace

import pytest

from kubectl_stress.errors import Refused
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.load_words import LoadKind
from kubectl_stress.plan.node_budget import node_shares, refuse_beyond_budget
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.together import Together, questions, sample_interval_ms
from kubectl_stress.targets.owners import Owner
from tests.builders.loads import memory_load
from tests.builders.pods import MIB, hello, sample, target


def on(node: str, pod: str, *, owner: Owner | None = None, kind: LoadKind = LoadKind.ANON) -> Plan:
    where = replace(target(), node=node, pod=pod, owner=owner)
    return make_plan(memory_load(Amount.parse("50Mi"), kind=kind), where)


def test_one_question_says_how_many_and_where() -> None:
    plans = [on("a", "web-0"), on("b", "web-1"), on("a", "web-2")]

    assert questions(plans, Together()) == (
        "3 containers will be loaded at the same time: 2 on node a (web-0, web-2); "
        "1 on node b (web-1)",
    )


def test_staggered_loads_are_asked_for_as_such() -> None:
    (asked,) = questions([on("a", "web-0"), on("a", "web-1")], Together(stagger_ms=5_000))

    assert asked.startswith("2 containers will be loaded one after another, 5s apart: ")


def test_an_owner_of_which_all_replicas_are_loaded_is_named() -> None:
    owner = Owner("deployment", "web", 2)
    plans = [on("a", f"web-{n}", owner=owner) for n in range(2)]

    assert "these are all 2 replicas of deployment/web: no other one is left" in questions(
        plans, Together()
    )
    assert len(questions(plans[:1], Together())) == 0


def test_what_each_asks_is_asked_once() -> None:
    owner = Owner("statefulset", "db", 1)
    plans = [replace(on("a", f"db-{n}", owner=owner), questions=("is it meant?",)) for n in (0, 1)]

    assert questions(plans, Together()).count("is it meant?") == 1


@pytest.mark.parametrize(("targets", "interval_ms"), [(1, 100), (10, 100), (40, 400), (200, 1000)])
def test_many_targets_are_read_less_often(targets: int, interval_ms: int) -> None:
    assert sample_interval_ms(targets) == interval_ms


def shares(*plans: Plan, available_mib: int = 200):  # type: ignore[no-untyped-def]
    read = hello(node_available_bytes=available_mib * MIB)
    return node_shares((plan, read, sample(10)) for plan in plans)


def test_loads_of_one_node_are_added_up() -> None:
    first, second = shares(on("a", "web-0"), on("b", "web-1"), on("a", "web-2"))

    assert (first.node, first.growth_bytes, second.growth_bytes) == ("a", 100 * MIB, 50 * MIB)


def test_a_node_is_not_taken_below_its_eviction_threshold() -> None:
    within = shares(on("a", "web-0"), on("a", "web-1"), available_mib=200)
    beyond = shares(on("a", "web-0"), on("a", "web-1"), available_mib=199)

    refuse_beyond_budget(within)
    with pytest.raises(Refused, match="shared by 2 targets"):
        refuse_beyond_budget(beyond)


def test_page_cache_takes_nothing_that_the_kernel_could_not_take_back() -> None:
    (share,) = shares(on("a", "web-0", kind=LoadKind.FILE), on("a", "web-1", kind=LoadKind.FILE))

    assert share.growth_bytes == 0
    assert str(share) == 'node "a" is shared by 2 targets (web-0, web-1)'


def test_no_load_takes_more_than_its_limit_lets_it() -> None:
    where = replace(target(), node="a")
    big = make_plan(memory_load(Amount.parse("900Mi")), where)

    (share,) = shares(big, big)

    assert share.growth_bytes == 2 * 118 * MIB
