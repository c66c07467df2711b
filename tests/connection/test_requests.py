"""What each call of the cluster sends, and what it makes of the answer."""

import json
from typing import Any

import pytest

from kubectl_stress import __version__
from kubectl_stress.errors import ClusterError
from kubectl_stress.kube.connection import Impersonation
from kubectl_stress.kube.exec.channels import V5
from tests.connection.conftest import Connect
from tests.connection.fake_api_server import Answer, FakeApiServer, exec_script, running

PODS = "/api/v1/namespaces/n/pods"
POD = f"{PODS}/p"


def page(*names: str, token: str = "") -> dict[str, Any]:
    metadata = {"resourceVersion": "7", **({"continue": token} if token else {})}
    return {"metadata": metadata, "items": [a_pod(name) for name in names]}


def a_pod(name: str, **spec: Any) -> dict[str, Any]:
    """As little as a pod has."""
    metadata = {"name": name, "namespace": "n", "uid": f"uid-{name}"}
    return {"metadata": metadata, "spec": {"containers": [{"name": "app"}], **spec}}


def test_an_object_comes_as_the_server_wrote_it(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", POD, a_pod("p", aFieldOfTheFuture=1))

    assert connect().get_pod("n", "p") == a_pod("p", aFieldOfTheFuture=1)


def test_the_beginning_of_a_log_comes_as_it_is(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", f"{POD}/log", Answer(200, b'{"type":"hello"}\n'))

    assert connect().get_log("n", "p", "c", most_bytes=65) == b'{"type":"hello"}\n'
    assert api.requests[0].query == (("container", "c"), ("limitBytes", "65"))


def test_a_request_says_who_and_what(api: FakeApiServer, connect: Connect) -> None:
    connect().server_version()

    seen = api.requests[0]
    assert seen.header("authorization") == "Bearer secret"
    assert seen.header("user-agent") == f"kubectl-stress/{__version__}"
    assert seen.header("accept") == "application/json"


def test_a_version_cannot_speak_to_the_terminal(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", "/version", {"gitVersion": "v1.37.0\x1b[2J\x1b]0;owned\x07", "major": "1"})

    assert connect().server_version() == {"gitVersion": "v1.37.0", "major": "1"}


def test_each_impersonated_group_goes_out_over_rest_and_exec(
    api: FakeApiServer, connect: Connect
) -> None:
    api.reply("GET", f"{POD}/exec", exec_script(V5))
    who = Impersonation("Łukasz", ("dev", "ops"), "7", (("why", ("a", "b")),))
    cluster = connect(impersonation=who)

    cluster.server_version()
    cluster.exec("n", "p", "c", ["true"]).close()

    for seen in api.requests:
        assert seen.header("impersonate-user").encode("latin-1").decode() == "Łukasz"
        assert seen.header("impersonate-uid") == "7"
        assert seen.all("impersonate-group") == ["dev", "ops"]
        assert seen.all("impersonate-extra-why") == ["a", "b"]


def test_names_cannot_leave_their_place_in_the_path(api: FakeApiServer, connect: Connect) -> None:
    with pytest.raises(ClusterError):
        connect().get_pod("n", "../secrets/x?y")

    assert api.requests[0].path == "/api/v1/namespaces/n/pods/..%2Fsecrets%2Fx%3Fy"


def test_a_path_in_the_server_comes_first(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", "/k8s/c-1/version", {"major": "2"})
    api.reply("GET", f"/k8s/c-1{POD}/exec", exec_script(V5))
    cluster = connect(server=f"{api.url}/k8s/c-1")

    cluster.exec("n", "p", "c", ["true"]).close()

    assert cluster.server_version() == {"major": "2"}


def test_plain_http_is_asked_without_the_token(connect: Connect, api: FakeApiServer) -> None:

    with running(None) as plain:
        plain.reply("GET", "/version", {"major": "1"})
        plain.reply("GET", f"{POD}/exec", exec_script(V5))
        with connect(server=plain.url) as cluster:
            cluster.server_version()
            cluster.exec("n", "p", "c", ["true"]).close()

    assert [seen.header("authorization") for seen in plain.requests] == ["", ""]


# Lists


def test_a_list_is_read_to_its_last_page(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", PODS, page("a", "b", token="t1"), page("c", token="t2"), page("d"))

    found = connect().list_pods("n", label_selector="app=web")

    assert [item["metadata"]["name"] for item in found["items"]] == ["a", "b", "c", "d"]
    assert found["metadata"] == {"resourceVersion": "7"}
    first = {"labelSelector": "app=web", "limit": "500"}
    assert [dict(seen.query) for seen in api.requests] == [
        first,
        {**first, "continue": "t1"},
        {**first, "continue": "t2"},
    ]


def test_a_list_without_items_is_empty(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", "/api/v1/pods", {"metadata": {}, "items": None})

    assert connect().list_pods(None, field_selector="spec.nodeName=a")["items"] == []
    assert ("fieldSelector", "spec.nodeName=a") in api.requests[0].query


def test_an_object_is_asked_for_by_its_path(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", "/apis/apps/v1/namespaces/n/deployments/x", {"kind": "Deployment"})

    found = connect().get_object("/apis/apps/v1", "deployments", "n", "x")

    assert found == {"kind": "Deployment"}


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (("list_events", "n", "a=b"), "/api/v1/namespaces/n/events"),
        (("list_events", None), "/api/v1/events"),
    ],
)
def test_events_are_of_a_namespace_or_of_all(
    api: FakeApiServer, connect: Connect, call: tuple[Any, ...], path: str
) -> None:
    api.reply("GET", path, page("a"))

    assert getattr(connect(), call[0])(*call[1:])["items"]


# Writes and questions


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_ephemeral_container_is_merged_in(
    api: FakeApiServer, connect: Connect, dry_run: bool
) -> None:
    path = f"{POD}/ephemeralcontainers"
    api.reply("PATCH", path, {"kind": "Pod"})
    container = {"name": "agent", "image": "i"}

    assert connect().add_ephemeral_container("n", "p", container, dry_run=dry_run)

    seen = api.requests[0]
    assert seen.header("content-type") == "application/strategic-merge-patch+json"
    assert json.loads(seen.body) == {"spec": {"ephemeralContainers": [container]}}
    asked = {"fieldManager": "kubectl-stress", **({"dryRun": "All"} if dry_run else {})}
    assert dict(seen.query) == asked


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ({"allowed": True, "reason": "RBAC: allowed"}, (True, "RBAC: allowed")),
        ({"allowed": False, "evaluationError": "no role"}, (False, "no role")),
        ({}, (False, "")),
    ],
)
def test_what_rbac_allows_is_asked_of_the_server(
    api: FakeApiServer, connect: Connect, status: dict[str, Any], answer: tuple[bool, str]
) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    api.reply("POST", path, {"status": status})

    found = connect().can_i("create", "pods", namespace="n", subresource="exec")

    assert found == answer
    assert json.loads(api.requests[0].body)["spec"] == {
        "resourceAttributes": {
            "verb": "create",
            "resource": "pods",
            "subresource": "exec",
            "namespace": "n",
        }
    }


def test_all_rules_of_a_namespace_are_asked_of_the_server(
    api: FakeApiServer, connect: Connect
) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    rules = [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]
    api.reply("POST", path, {"status": {"resourceRules": rules, "incomplete": False}})

    assert connect().rules("n")["resourceRules"] == rules
    assert json.loads(api.requests[0].body)["spec"] == {"namespace": "n"}


def test_rules_that_are_none_are_told_so(api: FakeApiServer, connect: Connect) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    api.reply("POST", path, {"status": {"resourceRules": [{"apiGroups": [""]}]}})

    with pytest.raises(ClusterError, match=r"resourceRules\[0\].verbs is missing"):
        connect().rules("n")


def test_the_server_is_asked_who_asks(api: FakeApiServer, connect: Connect) -> None:
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    api.reply("POST", path, {"status": {"userInfo": {"username": "ann\x1b[2J@corp"}}})

    assert connect().user_name() == "ann@corp"
    assert json.loads(api.requests[0].body) == {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "SelfSubjectReview",
    }


def test_who_is_configured_is_whom_the_flags_impersonate(connect: Connect) -> None:
    assert connect(impersonation=Impersonation("bob")).configured_user == "bob"


def test_an_event_goes_to_the_namespace_of_its_pod(api: FakeApiServer, connect: Connect) -> None:
    event = {"metadata": {"generateName": "p.", "namespace": "n"}, "reason": "StressStarted"}
    path = "/apis/events.k8s.io/v1/namespaces/n/events"
    api.reply("POST", path, event)

    connect().create_event(event)

    assert json.loads(api.requests[0].body) == event


@pytest.mark.parametrize(("dry_run", "query"), [(False, {}), (True, {"dryRun": "All"})])
def test_a_pod_is_created_in_its_namespace_or_only_judged(
    api: FakeApiServer, connect: Connect, dry_run: bool, query: dict[str, str]
) -> None:
    api.reply("POST", PODS, a_pod("p"))

    connect().create_pod(a_pod("p"), dry_run=dry_run)

    assert json.loads(api.requests[0].body) == a_pod("p")
    assert dict(api.requests[0].query) == query


def test_a_pod_is_deleted_only_if_it_is_still_the_same(
    api: FakeApiServer, connect: Connect
) -> None:
    api.reply("DELETE", POD, a_pod("p"))

    connect().delete_pod("n", "p", uid="uid-p", grace_s=5)

    assert json.loads(api.requests[0].body) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 5,
        "preconditions": {"uid": "uid-p"},
    }


WRONG = [
    ({}, "metadata is missing"),
    ({**a_pod("p"), "spec": []}, "spec is no object"),
    ({**a_pod("p"), "spec": {"containers": {"name": "app"}}}, "spec.containers is no list"),
    (a_pod("p", nodeSelector={"a": 1}), "spec.nodeSelector.* is no text"),
    (a_pod("p", nodeName="n\x1b[2J"), "spec.nodeName has control characters"),
    (a_pod("\x1b[2Jp"), "metadata.name is no name of Kubernetes"),
    (a_pod("p", containers=[{"name": "a\x1b]0;x\x07"}]), "[0].name is no name of Kubernetes"),
    ({**a_pod("p"), "status": {"containerStatuses": [{"name": "app", "ready": "yes"}]}}, "no flag"),
]


@pytest.mark.parametrize(("answer", "wrong"), WRONG, ids=[wrong for _, wrong in WRONG])
def test_an_object_of_another_shape_is_the_servers_fault_and_no_bug(
    api: FakeApiServer, connect: Connect, answer: dict[str, Any], wrong: str
) -> None:
    api.reply("GET", POD, answer)
    api.reply("GET", PODS, {"items": [answer]})

    with pytest.raises(ClusterError, match="the API server does not answer get pods") as one:
        connect().get_pod("n", "p")
    with pytest.raises(ClusterError, match="the API server does not answer list pods") as all_:
        connect().list_pods("n")

    for text in (str(one.value), str(all_.value)):
        assert wrong in text
        assert text.isprintable()


def test_a_list_that_is_none_is_the_servers_fault(api: FakeApiServer, connect: Connect) -> None:
    api.reply("GET", PODS, {"items": {"a": 1}})

    with pytest.raises(ClusterError, match="does not answer list pods like one: items is no list"):
        connect().list_pods("n")
