"""Selectors mean the pods that Chaos Mesh and the API server would select."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.errors import UsageError
from kubectl_stress.targets.selector import (
    PHASES,
    LabelRule,
    NodeLabels,
    Operator,
    PodSelector,
    Query,
)

NODE_LABELS = {"n1": {"disk": "ssd", "zone": "a"}, "n2": {"disk": "hdd"}}


def made(
    name: str = "web-0",
    namespace: str = "shop",
    *,
    phase: str = "Running",
    node: str = "n1",
    **metadata: Any,
) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": {"nodeName": node, "restartPolicy": "Always", "serviceAccountName": "default"},
        "status": {"phase": phase, "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]},
    }


def rule(key: str, operator: str, *values: str) -> LabelRule:
    return LabelRule(key, Operator(operator), values)


@pytest.mark.parametrize(
    ("requirement", "met", "not_met"),
    [
        (LabelRule.equal("app", "web"), [{"app": "web"}], [{"app": "db"}, {}]),
        (rule("app", "In", "web", "db"), [{"app": "db"}], [{"app": "mq"}, {}]),
        (rule("app", "NotIn", "web"), [{"app": "db"}, {}], [{"app": "web"}]),
        (rule("app", "Exists"), [{"app": ""}], [{}]),
        (rule("app", "DoesNotExist"), [{}], [{"app": ""}]),
    ],
    ids=str,
)
def test_a_label_rule_is_met_as_in_the_api(
    requirement: LabelRule, met: list[dict[str, str]], not_met: list[dict[str, str]]
) -> None:
    assert all(requirement.matches(labels) for labels in met)
    assert not any(requirement.matches(labels) for labels in not_met)


@pytest.mark.parametrize(
    ("selector", "is_meant"),
    [
        (PodSelector(), True),
        (PodSelector(namespaces=("shop", "bank")), True),
        (PodSelector(namespaces=("bank",)), False),
        (PodSelector(labels=(LabelRule.equal("app", "web"), rule("tier", "Exists"))), False),
        (PodSelector(annotations=(("owner", "team a/b"),)), True),
        (PodSelector(annotations=(("owner", "team"),)), False),
        (PodSelector(fields=(("metadata.name", "web-0"), ("status.podIP", "10.0.0.1"))), True),
        (PodSelector(fields=(("status.nominatedNodeName", ""),)), True),  # as an unset field
        (PodSelector(fields=(("spec.nodeName", "n2"),)), False),
        (PodSelector(phases=("Pending", "Running")), True),
        (PodSelector(phases=("Pending",)), False),
        (PodSelector(excluded_phases=("Succeeded", "Failed")), True),
        (PodSelector(phases=("Running",), excluded_phases=("Running",)), False),
        (PodSelector(nodes=("n2", "n1")), True),
        (PodSelector(nodes=("n2",)), False),
        (PodSelector(node_labels=(("disk", "ssd"), ("zone", "a"))), True),
        (PodSelector(node_labels=(("disk", "hdd"),)), False),
        (PodSelector(node_labels=(("disk", "tape"),)), False),  # on no node: no pod, not all
        (PodSelector(nodes=("n1",), node_labels=(("disk", "hdd"),)), True),  # a union
        (PodSelector(pods=(("shop", "web-0"),)), True),
        (PodSelector(pods=(("bank", "web-0"),)), False),
        (PodSelector(pods=(("shop", "web-0"),), namespaces=("bank",), phases=("Failed",)), True),
    ],
    ids=lambda value: repr(value).partition("(")[2] if isinstance(value, PodSelector) else "",
)
def test_a_pod_is_meant_where_all_properties_fit(selector: PodSelector, is_meant: bool) -> None:
    pod = made(labels={"app": "web"}, annotations={"owner": "team a/b"})

    assert (selector.select([pod], NODE_LABELS) == [pod]) is is_meant


def test_the_pods_come_in_one_order_each_once_whatever_the_server_sends() -> None:
    pods = [made("b"), made("a"), made("c", "bank"), made("a")]

    found = PodSelector().select(pods)

    assert [pod["metadata"]["name"] for pod in found] == ["c", "a", "b"]


def test_the_server_is_asked_for_what_it_can_select_by() -> None:
    selector = PodSelector(
        namespaces=("shop", "bank", "shop"),
        labels=(
            LabelRule.equal("app", "web"),
            rule("tier", "NotIn", "a", "b"),
            rule("x", "Exists"),
        ),
        annotations=(("owner", "team"),),
        fields=(("spec.schedulerName", "a,b=c\\d"),),
        phases=("Running",),
        excluded_phases=("Failed",),
        nodes=("n1",),
    )
    labels = "app=web,tier notin (a,b),x"
    fields = (
        "spec.schedulerName=a\\,b\\=c\\\\d,status.phase=Running,status.phase!=Failed,"
        "spec.nodeName=n1"
    )

    assert list(selector.queries()) == [
        Query("shop", labels, fields),
        Query("bank", labels, fields),
    ]


def test_what_the_server_cannot_select_by_is_not_asked_of_it() -> None:
    selector = PodSelector(
        phases=("Running", "Pending"), nodes=("n1",), node_labels=(("disk", "ssd"),)
    )

    assert list(selector.queries()) == [Query("")]


def test_named_pods_are_asked_for_by_name_alone() -> None:
    selector = PodSelector(("shop",), pods=(("shop", "web-0"), ("bank", "db-0")))

    assert list(selector.queries()) == [Query("shop", name="web-0"), Query("bank", name="db-0")]


@pytest.mark.parametrize(
    ("key", "operator", "values", "problem"),
    [
        ("app", "In", (), "operator In needs values"),
        ("app", "Exists", ("web",), "operator Exists takes no values"),
        ("app", "In", ("a b",), '"a b" is not a label value'),
        ("app", "In", ("a" * 64,), "is not a label value"),
        ("a/b/c", "Exists", (), '"a/b/c" is not a label key'),
        ("", "Exists", (), '"" is not a label key'),
    ],
)
def test_a_rule_that_the_api_would_refuse_is_refused(
    key: str, operator: str, values: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(UsageError) as caught:
        rule(key, operator, *values)

    assert problem in str(caught.value)


# A second reading of the API's own selector syntax: what the server would answer.


def server_labels_match(text: str, labels: dict[str, str]) -> bool:
    for term in re.split(r",(?![^(]*\))", text) if text else ():
        if found := re.fullmatch(r"(\S+) (in|notin) \((.*)\)", term):
            is_in = labels.get(found[1], object()) in found[3].split(",")
            met = is_in is (found[2] == "in")
        elif term.startswith("!"):
            met = term[1:] not in labels
        elif "=" in term:
            key, _, value = term.partition("=")
            met = labels.get(key) == value
        else:
            met = term in labels
        if not met:
            return False
    return True


def server_fields_match(text: str, pod: dict[str, Any]) -> bool:
    for term in text.split(",") if text else ():
        found = re.fullmatch(r"(\w+)\.(\w+)(!?=)(.*)", term)
        assert found is not None
        part, key, relation, value = found.groups()
        if (pod[part].get(key, "") == value) is not (relation == "="):
            return False
    return True


NAMES = st.sampled_from(["a", "b", "c"])
LABELS = st.dictionaries(NAMES, NAMES, max_size=3)
PODS = st.lists(
    st.builds(
        made,
        st.sampled_from(["web-0", "web-1", "web-2", "web-3"]),
        st.sampled_from(["shop", "bank"]),
        phase=st.sampled_from(PHASES),
        node=st.sampled_from(["n1", "n2", ""]),
        labels=LABELS,
        annotations=LABELS,
    ),
    max_size=8,
    unique_by=lambda pod: (pod["metadata"]["namespace"], pod["metadata"]["name"]),
)
RULES = st.one_of(
    st.builds(LabelRule, NAMES, st.sampled_from([Operator.EXISTS, Operator.DOES_NOT_EXIST])),
    st.builds(
        LabelRule,
        NAMES,
        st.sampled_from([Operator.IN, Operator.NOT_IN]),
        st.lists(NAMES, min_size=1, max_size=3).map(tuple),
    ),
)


def tuples_of(element: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(element, max_size=2, unique=True).map(tuple)


SELECTORS = st.builds(
    PodSelector,
    namespaces=tuples_of(st.sampled_from(["shop", "bank"])),
    labels=tuples_of(RULES),
    annotations=tuples_of(st.tuples(NAMES, NAMES)),
    fields=tuples_of(st.sampled_from([("metadata.name", "web-1"), ("spec.nodeName", "n1")])),
    phases=tuples_of(st.sampled_from(PHASES)),
    excluded_phases=tuples_of(st.sampled_from(PHASES)),
    nodes=tuples_of(st.sampled_from(["n1", "n2"])),
    node_labels=tuples_of(st.sampled_from([("disk", "ssd"), ("disk", "hdd"), ("zone", "a")])),
    pods=st.just(()) | tuples_of(st.tuples(st.just("shop"), st.sampled_from(["web-0", "web-1"]))),
)


def answered(query: Query, pods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        pod
        for pod in pods
        if query.namespace in ("", pod["metadata"]["namespace"])
        and query.name in (None, pod["metadata"]["name"])
        and server_labels_match(query.label_selector, pod["metadata"]["labels"])
        and server_fields_match(query.field_selector, pod)
    ]


@given(selector=SELECTORS, pods=PODS)
def test_what_the_server_answers_holds_every_pod_that_is_meant(
    selector: PodSelector, pods: list[dict[str, Any]]
) -> None:
    node_labels: NodeLabels = NODE_LABELS
    sent = [pod for query in selector.queries() for pod in answered(query, pods)]

    assert selector.select(sent, node_labels) == selector.select(pods, node_labels)


@given(selector=SELECTORS, pods=PODS)
def test_the_server_leaves_out_by_labels_whatever_does_not_fit(
    selector: PodSelector, pods: list[dict[str, Any]]
) -> None:
    for query in selector.queries():
        for pod in answered(query, pods) if not selector.pods else ():
            assert all(rule.matches(pod["metadata"]["labels"]) for rule in selector.labels)
