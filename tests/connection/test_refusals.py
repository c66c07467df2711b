"""Each refusal of the API server is an error of its own class, told on one line."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from kubectl_stress.errors import (
    ClusterError,
    Conflict,
    Forbidden,
    Gone,
    KubeletFailed,
    NotFound,
    Rejected,
    Unauthorized,
)
from kubectl_stress.kube.api_errors import Asker, Request, refusal
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.kube.connection import without_password
from tests.connection.conftest import Connect
from tests.connection.fake_api_server import Answer, FakeApiServer, status

POD = "/api/v1/namespaces/n/pods/p"
PATCH = Request(
    "PATCH",
    f"{POD}/ephemeralcontainers",
    verb="patch",
    resource="pods/ephemeralcontainers",
    namespace="n",
    name="p",
)
ALICE = Asker("https://api.example", "alice")
ANONYMOUS = 'pods is forbidden: User "system:anonymous" cannot list resource "pods"'
RBAC = (
    'pods "p" is forbidden: User "alice@corp" cannot patch resource "pods/ephemeralcontainers" '
    'in API group "" in the namespace "n"'
)
POD_SECURITY = (
    'pods "p" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (pod '
    'or container "agent" must set securityContext.runAsNonRoot=true)'
)
LOGIN = (
    'the API server at https://api.example does not accept the credentials of user "alice" of '
    "the kubeconfig: they are missing, invalid or expired; log in again, and check with: kubectl "
    "auth whoami"
)
MAY_NOT = 'may not patch pods/ephemeralcontainers in namespace "n": a Role that allows it is needed'


def refused(
    code: int, message: str = "", *, request: Request = PATCH, asker: Asker = ALICE, **fields: Any
) -> ClusterError:
    body = {"kind": "Status", "message": message, "code": code, **fields}
    return refusal(request, code, json.dumps(body).encode(), asker)


@pytest.mark.parametrize(
    ("code", "message", "kind", "words"),
    [
        (401, "Unauthorized", Unauthorized, LOGIN),
        (403, RBAC, Forbidden, f'user "alice@corp" {MAY_NOT}'),
        (403, "", Forbidden, f'user "alice" {MAY_NOT}'),
        (403, POD_SECURITY, Rejected, POD_SECURITY),
        (403, ANONYMOUS, Unauthorized, LOGIN),
        (404, "no such thing", NotFound, "no such thing"),
        (404, "", NotFound, f"the API server has no {PATCH.path}"),
        (409, "the object has been modified", Conflict, "the object has been modified"),
        (409, "", Conflict, "pods/ephemeralcontainers p was changed meanwhile"),
        (410, "too old resource version", Gone, "too old resource version"),
        (410, "", Gone, "the resource version is too old"),
        (400, "container agent not found in pod", Rejected, "container agent not found in pod"),
        (422, 'Pod "p" is invalid: x', Rejected, 'Pod "p" is invalid: x'),
        (422, "", Rejected, "HTTP status 422"),
        (
            500,
            "etcd is away",
            ClusterError,
            "the API server at https://api.example failed to patch pods/ephemeralcontainers: "
            "etcd is away",
        ),
        (
            503,
            "",
            ClusterError,
            "the API server at https://api.example failed to patch pods/ephemeralcontainers: 503",
        ),
    ],
)
def test_a_status_is_an_error_with_its_words(
    code: int, message: str, kind: type[ClusterError], words: str
) -> None:
    error = refused(code, message)

    assert (type(error), str(error)) == (kind, words)


def test_what_is_not_found_is_named() -> None:
    error = refused(404, "pods p not found", details={"kind": "pods", "name": "p"})

    assert str(error) == 'pod "p" not found in namespace "n"'


def test_what_is_not_found_in_the_cluster_is_named_without_a_namespace() -> None:
    node = Request("GET", "/api/v1/nodes/a", verb="get", resource="nodes", name="a")

    error = refused(404, "x", request=node, details={"kind": "nodes", "name": "a"})

    assert str(error) == 'node "a" not found'


def test_what_is_forbidden_is_told_for_the_permissions_that_are_missing() -> None:
    error = refused(403, RBAC)

    assert isinstance(error, Forbidden)
    assert (error.verb, error.resource) == ("patch", "pods/ephemeralcontainers")


def test_without_a_namespace_a_cluster_role_is_needed() -> None:
    listing = Request("GET", "/api/v1/pods", verb="list", resource="pods")
    message = 'pods is forbidden: User "alice" cannot list resource "pods" in API group ""'

    error = refused(403, message, request=listing)

    assert str(error) == 'user "alice" may not list pods: a ClusterRole that allows it is needed'


def test_a_path_may_be_forbidden() -> None:
    version = Request("GET", "/version", verb="get", resource="/version")

    error = refused(403, 'User "alice" cannot get path "/version"', request=version)

    assert str(error).startswith('user "alice" may not get /version: ')


def test_who_is_impersonated_is_the_one_who_may_not() -> None:
    error = refused(403, asker=Asker("https://api.example", "alice", "bob"))

    assert str(error).startswith('user "bob" may not')


def test_acting_as_anonymous_is_no_lack_of_credentials() -> None:
    asker = Asker("https://api.example", "alice", "system:anonymous")

    assert isinstance(refused(403, ANONYMOUS, asker=asker), Forbidden)


def test_without_a_user_the_client_is_not_accepted() -> None:
    error = refused(401, asker=Asker("https://api.example"))

    assert "does not accept the credentials of this client: " in str(error)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>\n  <h1>Bad Gateway</h1>\n</html>\n", "<html> <h1>Bad Gateway</h1> </html>"),
        (b"\xff", "\N{REPLACEMENT CHARACTER}"),
        (b'["a list"]', '["a list"]'),
        (b"x" * 10_000, "x" * 300),
        (b'{"message": "first\\nsecond"}', "first second"),
        (b'{"message": 5}', "5"),
    ],
    ids=["html", "no-utf8", "list", "long", "lines", "number"],
)
def test_any_body_is_told_on_one_line(body: bytes, words: str) -> None:
    error = refusal(PATCH, 502, body, ALICE)

    assert str(error).endswith(f"failed to patch pods/ephemeralcontainers: {words}")


@pytest.mark.parametrize("details", ["x", {"kind": 1, "name": "p"}, {"kind": "pods"}, []])
def test_details_of_another_shape_are_passed_over(details: object) -> None:
    assert isinstance(refused(404, "gone", details=details), NotFound)


# Over the wire


def get_pod(cluster: Cluster) -> object:
    return cluster.get_pod("n", "p")


def run_exec(cluster: Cluster) -> object:
    return cluster.exec("n", "p", "c", ["true"])


def patch(cluster: Cluster) -> object:
    return cluster.add_ephemeral_container("n", "p", {"name": "agent"})


def watch(cluster: Cluster) -> object:
    return cluster.watch("pods", "n")


CALLS: dict[Callable[[Cluster], object], tuple[str, str]] = {
    get_pod: ("GET", POD),
    run_exec: ("GET", f"{POD}/exec"),
    patch: ("PATCH", f"{POD}/ephemeralcontainers"),
    watch: ("GET", "/api/v1/namespaces/n/pods"),
}


@pytest.mark.parametrize("ask", CALLS)
@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (400, "container c is not valid for pod p", Rejected),
        (401, "Unauthorized", Unauthorized),
        (403, RBAC, Forbidden),
        (403, POD_SECURITY, Rejected),
        (404, 'pods "p" not found', NotFound),
        (409, "modified", Conflict),
        (410, "too old", Gone),
        (422, 'Pod "p" is invalid', Rejected),
        (500, "error dialing backend", ClusterError),
    ],
)
def test_rest_watch_and_exec_fail_in_the_same_words(
    api: FakeApiServer,
    connect: Connect,
    ask: Callable[[Cluster], object],
    code: int,
    message: str,
    kind: type[ClusterError],
) -> None:
    api.reply(*CALLS[ask], status(code, message=message))

    with pytest.raises(kind) as progress:
        ask(connect())

    is_kubelets = code == 500 and "exec" in CALLS[ask][1]
    assert type(progress.value) is (KubeletFailed if is_kubelets else kind)
    assert "\n" not in str(progress.value)
    assert len(api.requests) == 1 + is_kubelets  # then who it is that does not answer


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://me:pass@host:80/p", "http://host:80/p"),
        ("https://me:p@ss@host", "https://host"),
        ("https://host/a@b", "https://host/a@b"),
        ("https://host", "https://host"),
    ],
)
def test_an_address_is_shown_without_a_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


@pytest.mark.parametrize(
    "reply", [status(401), status(404), status(500), Answer(200, b"<html>", {})], ids=str
)
def test_no_error_shows_a_password_of_the_address(
    api: FakeApiServer, connect: Connect, reply: Answer
) -> None:
    api.reply("GET", "/version", reply)
    cluster = connect(server=api.url.replace("//", "//me:pass@"))

    with pytest.raises(ClusterError) as raised:
        cluster.server_version()

    assert "pass@" not in f"{raised.value} {cluster.server}"


def test_no_error_shows_a_password_of_an_address_that_nobody_answers(connect: Connect) -> None:
    cluster = connect(server="https://me:pass@127.0.0.1:1")

    for ask in (cluster.server_version, lambda: cluster.exec("n", "p", "c", ["true"])):
        with pytest.raises(ClusterError, match=r"at https://127\.0\.0\.1:1: Connection refused"):
            ask()


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("https://sso.example/login?rd=secret", " to https://sso.example"),
        ("https://me:pass@sso.example", " to https://sso.example"),
        ("/login", ""),
        ("", ""),
    ],
)
def test_a_gateway_with_single_sign_on_is_named_as_such(
    api: FakeApiServer, connect: Connect, location: str, where: str
) -> None:
    moved = Answer(302, b"<html>", {"Location": location} if location else {})
    api.reply("GET", "/version", moved)
    api.reply("GET", f"{POD}/exec", moved)

    for ask in (connect().server_version, lambda: connect().exec("n", "p", "c", ["true"])):
        with pytest.raises(ClusterError) as raised:
            ask()
        assert str(raised.value) == (
            f"{api.url} redirects{where} (HTTP status 302), as a gateway with single sign-on does "
            "and an API server does not: check the address, or log in there first"
        )
