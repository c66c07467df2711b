"""The API server, as a few calls with plain dicts in and out."""

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from kubectl_stress.errors import Forbidden, KubeletFailed, NotFound
from kubectl_stress.kube.api_errors import Request, stream_failed
from kubectl_stress.kube.connection import Connection
from kubectl_stress.kube.object_requests import (
    create_request,
    delete_request,
    get_request,
    list_request,
    log_request,
    merge_patch,
    stream_request,
)
from kubectl_stress.kube.shapes import OBJECT, POD, RULES, Shape, list_of
from kubectl_stress.kube.transport import Transport
from kubectl_stress.kube.watch import Object, Watch
from kubectl_stress.text import clean

if TYPE_CHECKING:
    from kubectl_stress.kube.exec.port_forward import PortForward
    from kubectl_stress.kube.exec.stream import ExecStream

LOG_SECONDS = 10.0  # the kubelet answers; what is asked of a log can be had in other ways
WATCH_SECONDS = 60
WATCH_GRACE_SECONDS = 5.0  # the server ends the watch in time; a peer that is gone is noticed later
PAGE_SIZE = 500


class Cluster:
    """One API server, asked as one user; safe for many threads. Close it after use."""

    def __init__(
        self,
        connection: Connection,
        environ: Mapping[str, str] = os.environ,
        *,
        sleep: Callable[[float], None] = time.sleep,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self._transport = Transport(connection, environ, sleep=sleep, trace=trace)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections; watches and execs are closed by whoever opened them."""
        self._transport.close()

    @property
    def namespace(self) -> str:
        """The namespace of the chosen context or of --namespace."""
        return self._transport.connection.namespace

    @property
    def server(self) -> str:
        """The URL of the API server, without a password in it."""
        return self._transport.asker.server

    @property
    def configured_user(self) -> str:
        """Who asks, by the kubeconfig and the flags; "" where they name nobody."""
        return self._transport.asker.impersonated or self._transport.asker.user

    # Objects

    def get_pod(self, namespace: str, name: str) -> Object:
        """One pod."""
        return self._transport.json(get_request("/api/v1", "pods", namespace, name), POD)

    def list_pods(
        self, namespace: str | None, label_selector: str = "", field_selector: str = ""
    ) -> Object:
        """The pods of a namespace, or of all for None, as a PodList."""
        selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
        return self._list(list_request("/api/v1", "pods", namespace or "", selectors), POD)

    def list_events(self, namespace: str | None, field_selector: str = "") -> Object:
        """Core events as a list object, selected as in `involvedObject.name=web-0`."""
        selectors = {"fieldSelector": field_selector}
        return self._list(list_request("/api/v1", "events", namespace or "", selectors))

    def get_object(self, prefix: str, plural: str, namespace: str, name: str) -> Object:
        """One object of a kind, as in ("/apis/apps/v1", "deployments")."""
        return self._transport.json(get_request(prefix, plural, namespace, name), OBJECT)

    def list_objects(self, prefix: str, plural: str, namespace: str) -> Object:
        """All objects of a kind, as in ("/apis/policy/v1", "poddisruptionbudgets").

        Raises NotFound where the server does not know the kind.
        """
        return self._list(list_request(prefix, plural, namespace, {}), OBJECT)

    def add_ephemeral_container(
        self, namespace: str, pod_name: str, container: Mapping[str, Any], *, dry_run: bool = False
    ) -> Object:
        """Add one ephemeral container, for ever; with dry_run only have it admitted.

        A strategic merge, so that those added by others meanwhile stay. Raises Rejected with the
        server's words where Pod Security or validation refuses it.
        """
        body = {"spec": {"ephemeralContainers": [dict(container)]}}
        asked = get_request("/api/v1", "pods", namespace, pod_name)
        patch = merge_patch(asked, "ephemeralcontainers", body, dry_run=dry_run)
        return self._transport.json(patch)

    def try_patch(
        self,
        prefix: str,
        plural: str,
        namespace: str,
        name: str,
        body: Mapping[str, Any],
        *,
        subresource: str = "",
    ) -> Object:
        """Have the server judge a strategic merge patch without keeping it (`dryRun=All`).

        Raises Rejected with its words where it refuses, NotFound where it has no such subresource.
        """
        asked = get_request(prefix, plural, namespace, name)
        return self._transport.json(merge_patch(asked, subresource, body, dry_run=True))

    def create_event(self, event: Mapping[str, Any]) -> Object:
        """Write an Event of events.k8s.io/v1 in the namespace that its metadata names."""
        asked = create_request("/apis/events.k8s.io/v1", "events", event, group="events.k8s.io")
        return self._transport.json(asked)

    def create_pod(self, pod: Mapping[str, Any], *, dry_run: bool = False) -> Object:
        """Create a pod in the namespace that its metadata names; with dry_run only have it judged.

        Raises Rejected with the server's words where a quota or an admission refuses it.
        """
        return self._transport.json(create_request("/api/v1", "pods", pod, dry_run=dry_run))

    def delete_pod(self, namespace: str, name: str, *, uid: str, grace_s: int) -> None:
        """Have a pod end within `grace_s`; raises Conflict where the name is another pod's now."""
        asked = get_request("/api/v1", "pods", namespace, name)
        self._transport.send(delete_request(asked, uid=uid, grace_s=grace_s))

    def get_log(self, namespace: str, pod: str, container: str, *, most_bytes: int) -> bytes:
        """The beginning of what a container has printed, as its kubelet has it."""
        asked = log_request(namespace, pod, container, most_bytes=most_bytes)
        return self._transport.send(asked, LOG_SECONDS)

    # Questions

    def can_i(
        self,
        verb: str,
        resource: str,
        *,
        namespace: str,
        subresource: str = "",
        group: str = "",
        name: str = "",
    ) -> tuple[bool, str]:
        """Whether RBAC allows it, and the reason that the server gives (often none)."""
        attributes = {
            "verb": verb,
            "resource": resource,
            "subresource": subresource,
            "namespace": namespace,
            "group": group,
            "name": name,
        }
        spec = {"resourceAttributes": {k: v for k, v in attributes.items() if v}}
        review = self._review("authorization.k8s.io/v1", "SelfSubjectAccessReview", spec)
        status = review.get("status") or {}
        reason = status.get("reason") or status.get("evaluationError") or ""
        return bool(status.get("allowed")), clean(str(reason))

    def rules(self, namespace: str) -> Object:
        """What the user may do in a namespace: the status of a SelfSubjectRulesReview."""
        spec = {"namespace": namespace}
        review = self._review("authorization.k8s.io/v1", "SelfSubjectRulesReview", spec, RULES)
        return dict(review.get("status") or {})

    def user_name(self) -> str:
        """Who asks, as the API server knows it; NotFound before Kubernetes 1.28 (KEP-3325)."""
        review = self._review("authentication.k8s.io/v1", "SelfSubjectReview")
        user = (review.get("status") or {}).get("userInfo") or {}
        return clean(str(user.get("username") or ""))

    def server_version(self) -> Object:
        """As in /version: major, minor, gitVersion."""
        request = Request("GET", "/version", verb="get", resource="/version")
        found = self._transport.json(request).items()
        return {key: clean(value) if isinstance(value, str) else value for key, value in found}

    # Streams

    def watch(
        self,
        kind: str,
        namespace: str,
        *,
        field_selector: str = "",
        label_selector: str = "",
        resource_version: str = "",
        timeout_seconds: int = WATCH_SECONDS,
    ) -> Watch:
        """Follow "pods" or "events" for some time; without a version, what exists comes first.

        The watch ends by itself after `timeout_seconds`, or earlier where --request-timeout says
        so: then watch again from the last resource version. Raises Gone when that version is too
        old: list again.
        """
        limit = self._transport.connection.request_timeout_seconds
        seconds = min(timeout_seconds, math.ceil(limit)) if limit else timeout_seconds
        wanted = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
            "fieldSelector": field_selector,
            "labelSelector": label_selector,
            "resourceVersion": resource_version,
        }
        listing = list_request("/api/v1", kind, namespace, wanted, verb="watch")
        response = self._transport.open(listing, read_seconds=seconds + WATCH_GRACE_SECONDS)
        return Watch(response, listing, self._transport.asker)

    def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool = True,
    ) -> "ExecStream":
        """Run a command in a running container, without a terminal."""
        streams = [("stdin", "true")] * stdin + [("stdout", "true"), ("stderr", "true")]
        query = [("container", container), *streams, *(("command", word) for word in command)]
        return self._stream(stream_request(namespace, pod, "exec", query))

    def attach(self, namespace: str, pod: str, container: str) -> "ExecStream":
        """Speak with the container's own process, which must have its stdin open."""
        streams = [("stdin", "true"), ("stdout", "true"), ("stderr", "true")]
        query = [("container", container), *streams]
        return self._stream(stream_request(namespace, pod, "attach", query))

    def port_forward(self, namespace: str, pod: str, port: int) -> "PortForward":
        """A connection to a port of the pod, as from within its network."""
        from kubectl_stress.kube.exec.port_forward import PortForward

        query = [("ports", str(port))]
        request = stream_request(namespace, pod, "portforward", query)
        return PortForward(self._stream(request))

    # Requests

    def _stream(self, request: Request) -> "ExecStream":
        """Raises KubeletFailed, which names the node, where only the API server answers."""
        try:
            return self._transport.exec(request)
        except KubeletFailed as error:
            try:  # that it answers is asked, and not supposed
                node = self.get_pod(request.namespace, request.name)["spec"].get("nodeName", "")
            except (Forbidden, NotFound):
                node = ""
            raise stream_failed(request, node, error) from error

    def _review(
        self,
        api_version: str,
        kind: str,
        spec: Mapping[str, Any] | None = None,
        shape: Shape = "object",
    ) -> Object:
        body = {"apiVersion": api_version, "kind": kind} | ({"spec": spec} if spec else {})
        plural = f"{kind.lower()}s"
        path = f"/apis/{api_version}/{plural}"
        return self._transport.json(
            Request("POST", path, body=body, verb="create", resource=plural), shape
        )

    def _list(self, request: Request, item: Shape = "object") -> Object:
        """The list with the items of all its pages; its resource version is that of all."""
        items: list[Object] = []
        token = ""
        while True:
            pages = (("limit", str(PAGE_SIZE)), ("continue", token))
            query = request.query + tuple(page for page in pages if page[1])
            answer = self._transport.json(replace(request, query=query), list_of(item))
            items += answer.get("items") or []
            metadata = answer.get("metadata") or {}
            token = metadata.pop("continue", "")
            if not token:
                return {**answer, "metadata": metadata, "items": items}
