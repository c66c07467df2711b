"""The API server, as a few calls with plain dicts in and out.

The only user of the kubernetes library, and of that only Configuration and ApiClient.call_api:
its typed API classes cost half a second to import and lose fields they do not know. Failures of
the library and refusals of the server become errors of ours here.
"""

import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from urllib3 import BaseHTTPResponse, HTTPHeaderDict, disable_warnings
from urllib3.exceptions import HTTPError, InsecureRequestWarning, ProtocolError

from kubectl_stress import __version__
from kubectl_stress.credentials import Credential, Credentials, request_headers, tls_context
from kubectl_stress.errors import ClusterError, StressError, Unreachable
from kubectl_stress.exec_stream import (
    ExecStream,
    HandshakeRefused,
    is_socks,
    open_exec,
    proxy_headers,
    socks_library,
)
from kubectl_stress.kubeconfig import Connection
from kubectl_stress.refusals import Asker, Request, refusal, unreachable

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
WATCH_SECONDS = 60
WATCH_GRACE_SECONDS = 5.0  # the server ends the watch in time; a peer that is gone is noticed later
PAGE_SIZE = 500
# client-go's limit; the server says how long to wait (API priority and fairness).
RETRIES = 10

OWNER_PATHS = {
    "deployment": ("/apis/apps/v1", "deployments"),
    "statefulset": ("/apis/apps/v1", "statefulsets"),
    "daemonset": ("/apis/apps/v1", "daemonsets"),
    "replicaset": ("/apis/apps/v1", "replicasets"),
    "job": ("/apis/batch/v1", "jobs"),
    "cronjob": ("/apis/batch/v1", "cronjobs"),
    "replicationcontroller": ("/api/v1", "replicationcontrollers"),
}

Object = dict[str, Any]


class Cluster:
    """One API server, asked as one user; safe for many threads. Close it after use."""

    def __init__(
        self,
        connection: Connection,
        environ: Mapping[str, str] = os.environ,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._credentials = Credentials(connection, environ)
        self._sleep = sleep
        self._lock = threading.Lock()
        self._client: Any = None
        self._client_key: tuple[bytes, bytes] | None = None
        self._asker = Asker(connection.server, connection.user, connection.impersonation.user)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections; watches and execs are closed by whoever opened them."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    @property
    def namespace(self) -> str:
        """The namespace of the chosen context or of --namespace."""
        return self._connection.namespace

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return self._connection.server

    # Objects

    def get_pod(self, namespace: str, name: str) -> Object:
        """One pod."""
        return self._json(_get("/api/v1", "pods", namespace, name))

    def list_pods(
        self, namespace: str | None, label_selector: str = "", field_selector: str = ""
    ) -> Object:
        """The pods of a namespace, or of all for None, as a PodList."""
        selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
        return self._list(_list("/api/v1", "pods", namespace or "", selectors))

    def get_owner(self, kind: str, namespace: str, name: str) -> Object:
        """A workload, its kind as in ownerReferences ("StatefulSet"), singular or plural."""
        known = kind.lower().removesuffix("s")
        if known not in OWNER_PATHS:
            raise StressError(f'"{kind}" is not a kind of workload that is known here')
        prefix, plural = OWNER_PATHS[known]
        return self._json(_get(prefix, plural, namespace, name))

    def list_replica_sets(self, namespace: str, label_selector: str) -> Object:
        """The ReplicaSets that a selector finds, as a list object."""
        selectors = {"labelSelector": label_selector}
        return self._list(_list("/apis/apps/v1", "replicasets", namespace, selectors))

    def list_events(self, namespace: str | None, field_selector: str = "") -> Object:
        """Core events as a list object, selected as in `involvedObject.name=web-0`."""
        selectors = {"fieldSelector": field_selector}
        return self._list(_list("/api/v1", "events", namespace or "", selectors))

    def list_objects(self, prefix: str, plural: str, namespace: str) -> Object:
        """All objects of a kind, as in ("/apis/policy/v1", "poddisruptionbudgets").

        Raises NotFound where the server does not know the kind.
        """
        return self._list(_list(prefix, plural, namespace, {}))

    def get_node(self, name: str) -> Object:
        """One node."""
        return self._json(_get("/api/v1", "nodes", "", name))

    def add_ephemeral_container(
        self, namespace: str, pod_name: str, container: Mapping[str, Any], *, dry_run: bool = False
    ) -> Object:
        """Add one ephemeral container, for ever; with dry_run only have it admitted.

        A strategic merge, so that those added by others meanwhile stay. Raises Rejected with the
        server's words where Pod Security or validation refuses it.
        """
        path = f"{_path('/api/v1', 'pods', namespace, pod_name)}/ephemeralcontainers"
        query = [("fieldManager", "kubectl-stress")] + [("dryRun", "All")] * dry_run
        patch = Request(
            "PATCH",
            path,
            tuple(query),
            {"spec": {"ephemeralContainers": [dict(container)]}},
            "application/strategic-merge-patch+json",
            verb="patch",
            resource="pods/ephemeralcontainers",
            namespace=namespace,
            name=pod_name,
        )
        return self._json(patch)

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
        return bool(status.get("allowed")), str(reason)

    def whoami(self) -> Object:
        """What the server takes us for: username, groups, uid. NotFound before Kubernetes 1.28."""
        review = self._review("authentication.k8s.io/v1", "SelfSubjectReview", {})
        return dict((review.get("status") or {}).get("userInfo") or {})

    def server_version(self) -> Object:
        """As in /version: major, minor, gitVersion."""
        return self._json(Request("GET", "/version", verb="get", resource="/version"))

    def get_raw(self, path: str) -> str:
        """The text that the server has at a path."""
        return self._send(Request("GET", path, verb="get", resource=path)).decode(
            "utf-8", "replace"
        )

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
    ) -> "Watch":
        """Follow "pods" or "events" for some time; without a version, what exists comes first.

        The watch ends by itself after `timeout_seconds`, or earlier where --request-timeout says
        so: then watch again from the last resource version. Raises Gone when that version is too
        old: list again.
        """
        limit = self._connection.request_timeout_seconds
        seconds = min(timeout_seconds, math.ceil(limit)) if limit else timeout_seconds
        wanted = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
            "fieldSelector": field_selector,
            "labelSelector": label_selector,
            "resourceVersion": resource_version,
        }
        listing = _list("/api/v1", kind, namespace, wanted, verb="watch")
        response = self._open(listing, read_seconds=seconds + WATCH_GRACE_SECONDS)
        return Watch(response, listing, self._asker)

    def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool = True,
    ) -> ExecStream:
        """Run a command in a running container, without a terminal."""
        streams = [("stdin", "true")] * stdin + [("stdout", "true"), ("stderr", "true")]
        query = [("container", container), *streams, *(("command", word) for word in command)]
        request = Request(
            "GET",
            f"{_path('/api/v1', 'pods', namespace, pod)}/exec",
            tuple(query),
            verb="create",
            resource="pods/exec",
            namespace=namespace,
            name=pod,
        )
        credential = self._credentials.current()
        try:
            return self._open_exec(request, credential)
        except HandshakeRefused as refused:
            if refused.http_status != 401 or not self._credentials.renew(credential):
                raise refusal(request, refused.http_status, refused.body, self._asker) from refused
        try:
            return self._open_exec(request, self._credentials.current())
        except HandshakeRefused as refused:
            raise refusal(request, refused.http_status, refused.body, self._asker) from refused

    def _open_exec(self, request: Request, credential: Credential) -> ExecStream:
        try:
            return open_exec(
                self._url(request),
                [*_identity(), *request_headers(self._connection, credential)],
                tls=tls_context(self._connection, credential),
                tls_server_name=self._connection.tls_server_name,
                proxy_url=self._connection.proxy_url,
                timeout_seconds=self._connection.request_timeout_seconds or CONNECT_SECONDS,
            )
        except OSError as error:
            raise unreachable(self.server, error) from error

    # Requests

    def _review(self, api_version: str, kind: str, spec: Mapping[str, Any]) -> Object:
        body = {"apiVersion": api_version, "kind": kind, "spec": spec}
        plural = f"{kind.lower()}s"
        path = f"/apis/{api_version}/{plural}"
        return self._json(Request("POST", path, body=body, verb="create", resource=plural))

    def _list(self, request: Request) -> Object:
        """The list with the items of all its pages; its resource version is that of all."""
        items: list[Object] = []
        token = ""
        while True:
            pages = (("limit", str(PAGE_SIZE)), ("continue", token))
            query = request.query + tuple(page for page in pages if page[1])
            answer = self._json(replace(request, query=query))
            items += answer.get("items") or []
            metadata = answer.get("metadata") or {}
            token = metadata.pop("continue", "")
            if not token:
                return {**answer, "items": items}

    def _json(self, request: Request) -> Object:
        body = self._send(request)
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise ClusterError(_not_an_api_server(self.server, body)) from error
        if not isinstance(answer, dict):
            raise ClusterError(_not_an_api_server(self.server, body))
        return answer

    def _send(self, request: Request) -> bytes:
        with self._answering(self.server):
            limit = self._connection.request_timeout_seconds
            response = self._open(request, read_seconds=limit or READ_SECONDS)
            return bytes(response.data)

    def _open(self, request: Request, read_seconds: float) -> BaseHTTPResponse:
        """The response to a request, its body not yet read; raises for anything but 2xx."""
        with self._answering(self.server):
            response = self._authenticated(request, read_seconds)
            for _ in range(RETRIES):
                pause = _retry_after(response)
                if pause is None:
                    break
                response.data  # noqa: B018 - read to the end, so that the connection is reused
                self._sleep(pause)
                response = self._authenticated(request, read_seconds)
            if not 200 <= response.status <= 299:
                raise refusal(request, response.status, response.data, self._asker)
            return response

    def _authenticated(self, request: Request, read_seconds: float) -> BaseHTTPResponse:
        credential = self._credentials.current()
        response = self._call(request, credential, read_seconds)
        if response.status == 401 and self._credentials.renew(credential):
            response.data  # noqa: B018 - as above
            response = self._call(request, self._credentials.current(), read_seconds)
        return response

    def _call(
        self, request: Request, credential: Credential, read_seconds: float
    ) -> BaseHTTPResponse:
        try:
            return self._call_once(request, credential, read_seconds)
        except ProtocolError:
            # A kept connection may have been closed by the other side in this very moment.
            if request.method != "GET":
                raise
            return self._call_once(request, credential, read_seconds)

    def _call_once(
        self, request: Request, credential: Credential, read_seconds: float
    ) -> BaseHTTPResponse:
        who = request_headers(self._connection, credential)
        headers = HTTPHeaderDict([*_identity(), *((name, _on_wire(text)) for name, text in who)])
        headers["Accept"] = "application/json"
        headers["Content-Type"] = request.content_type
        limit = self._connection.request_timeout_seconds
        timeout = (min(limit or CONNECT_SECONDS, CONNECT_SECONDS), read_seconds)
        response: BaseHTTPResponse = (
            self._api_client(credential)
            .call_api(
                request.method,
                self._url(request),
                header_params=headers,
                body=request.body,
                _request_timeout=timeout,
            )
            .response
        )
        return response

    def _url(self, request: Request) -> str:
        query = f"?{urlencode(request.query)}" if request.query else ""
        return f"{self.server}{request.path}{query}"

    @contextmanager
    def _answering(self, server: str) -> Iterator[None]:
        from kubernetes.client.exceptions import ApiException

        try:
            yield
        except (HTTPError, ApiException, OSError) as error:
            raise unreachable(server, error) from error

    def _api_client(self, credential: Credential) -> Any:
        """The library's client for this certificate; a renewed one needs new connections."""
        key = (credential.certificate, credential.key)
        with self._lock:
            if self._client is None or self._client_key != key:
                if self._client is not None:
                    self._client.close()
                self._client = _api_client(self._connection, credential)
                self._client_key = key
            return self._client


class Watch:
    """The events of one watch, as (type, object); `close` ends it from any thread.

    Types are ADDED, MODIFIED, DELETED and BOOKMARK, whose object has only a resource version.
    """

    def __init__(self, response: BaseHTTPResponse, request: Request, asker: Asker) -> None:
        self._response = response
        self._request = request
        self._asker = asker
        self._closed = False
        self._reading = threading.RLock()
        self._lines = self._read_lines()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[tuple[str, Object]]:
        return self

    def __next__(self) -> tuple[str, Object]:
        """The next event; StopIteration at the end, Unreachable when the connection broke."""
        with self._reading:
            line = next(self._lines)
        return self._event(line)

    def close(self) -> None:
        """End the watch; a thread waiting for the next event sees the end."""
        self._closed = True
        with suppress(ValueError, RuntimeError, OSError):
            self._response.shutdown()  # wakes the thread that reads
        with self._reading:
            self._response.close()

    def _read_lines(self) -> Iterator[bytes]:
        buffer = b""
        try:
            for chunk in self._response.stream(None):
                *lines, buffer = (buffer + chunk).split(b"\n")
                yield from (line for line in lines if line.strip())
            if buffer.strip():
                yield buffer
        except (HTTPError, OSError, ValueError, AttributeError) as error:
            if not self._closed:
                raise unreachable(self._asker.server, error) from error
        finally:
            self._response.close()

    def _event(self, line: bytes) -> tuple[str, Object]:
        try:
            event = json.loads(line)
            kind, thing = str(event["type"]), dict(event["object"])
            code = int(thing.get("code") or 500) if kind == "ERROR" else None
        except (ValueError, KeyError, TypeError) as error:
            raise Unreachable(f"the watch on {self._request.resource} is garbled") from error
        if code is not None:
            raise refusal(self._request, code, json.dumps(thing).encode(), self._asker)
        return kind, thing


def _api_client(connection: Connection, credential: Credential) -> Any:
    from kubernetes.client.api_client import ApiClient
    from kubernetes.client.configuration import Configuration

    proxy = connection.proxy_url
    if is_socks(urlsplit(proxy)):
        socks_library()  # told here: urllib3 would warn on stderr first
    configuration = Configuration(
        host=connection.server,
        retries=False,  # an unreachable server is told once, at once
        verify_ssl=not connection.insecure,
        tls_server_name=connection.tls_server_name or None,
        proxy=proxy or None,
        no_proxy="" if proxy else "*",  # the environment was read once, in kubeconfig.py
        proxy_headers=proxy_headers(urlsplit(proxy)) if proxy else None,
    )
    configuration.keep_alive = True
    client = ApiClient(configuration)
    tls = tls_context(connection, credential)
    if connection.insecure:
        disable_warnings(InsecureRequestWarning)  # the user said so
    if tls is not None:
        # One context for REST and exec; the library would want the key in a file.
        client.rest_client.pool_manager.connection_pool_kw["ssl_context"] = tls
    return client


def _identity() -> list[tuple[str, str]]:
    return [("User-Agent", f"kubectl-stress/{__version__}")]


def _on_wire(text: str) -> str:
    """Such that http.client, which writes Latin-1, sends UTF-8, as kubectl does."""
    return text.encode().decode("latin-1")


def _retry_after(response: BaseHTTPResponse) -> float | None:
    """Seconds to wait before asking again; None for not at all. As client-go."""
    if response.status != 429 and not 500 <= response.status <= 599:
        return None
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None


def _path(prefix: str, plural: str, namespace: str, name: str = "") -> str:
    parts = [prefix]
    if namespace:
        parts.append(f"namespaces/{quote(namespace, safe='')}")
    parts.append(plural)
    if name:
        parts.append(quote(name, safe=""))
    return "/".join(parts)


def _get(prefix: str, plural: str, namespace: str, name: str) -> Request:
    path = _path(prefix, plural, namespace, name)
    return Request("GET", path, verb="get", resource=plural, namespace=namespace, name=name)


def _list(
    prefix: str, plural: str, namespace: str, query: Mapping[str, str], *, verb: str = "list"
) -> Request:
    path = _path(prefix, plural, namespace)
    given = tuple((key, value) for key, value in query.items() if value)
    return Request("GET", path, given, verb=verb, resource=plural, namespace=namespace)


def _not_an_api_server(server: str, body: bytes) -> str:
    start = body[:60].decode("utf-8", "replace").strip()
    return f"{server} does not answer like an API server: {start!r}"
