"""Requests for objects: their paths in the API, and the words for them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from kubectl_stress.kube.api_errors import Request


def object_path(prefix: str, plural: str, namespace: str, name: str = "") -> str:
    """Where the API server has the objects of a kind, or one of them."""
    parts = [prefix]
    if namespace:
        parts.append(f"namespaces/{quote(namespace, safe='')}")
    parts.append(plural)
    if name:
        parts.append(quote(name, safe=""))
    return "/".join(parts)


def get_request(prefix: str, plural: str, namespace: str, name: str) -> Request:
    """To read one object."""
    path = object_path(prefix, plural, namespace, name)
    return Request("GET", path, verb="get", resource=plural, namespace=namespace, name=name)


def create_request(
    prefix: str, plural: str, body: Mapping[str, Any], *, dry_run: bool = False, group: str = ""
) -> Request:
    """To create an object in the namespace that its metadata names."""
    namespace, name = str(body["metadata"]["namespace"]), str(body["metadata"].get("name", ""))
    return Request(
        "POST",
        object_path(prefix, plural, namespace),
        (("dryRun", "All"),) * dry_run,
        body=body,
        verb="create",
        resource=f"{plural}.{group}" if group else plural,
        namespace=namespace,
        name=name,
    )


def delete_request(asked: Request, *, uid: str, grace_s: int) -> Request:
    """To delete the object that is asked for, and no other one of its name."""
    body = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": grace_s,
        "preconditions": {"uid": uid},
    }
    return replace(asked, method="DELETE", body=body, verb="delete")


def merge_patch(
    asked: Request, subresource: str, body: Mapping[str, Any], *, dry_run: bool
) -> Request:
    """A strategic merge of the object that is asked for, or of a subresource of it."""
    suffix = f"/{subresource}" if subresource else ""
    return replace(
        asked,
        method="PATCH",
        path=asked.path + suffix,
        query=(("fieldManager", "kubectl-stress"), *[("dryRun", "All")] * dry_run),
        body=dict(body),
        content_type="application/strategic-merge-patch+json",
        verb="patch",
        resource=asked.resource + suffix,
    )


def list_request(
    prefix: str, plural: str, namespace: str, query: Mapping[str, str], *, verb: str = "list"
) -> Request:
    """To read, or to watch, all objects of a kind; "" is all namespaces."""
    path = object_path(prefix, plural, namespace)
    given = tuple((key, value) for key, value in query.items() if value)
    return Request("GET", path, given, verb=verb, resource=plural, namespace=namespace)


def log_request(namespace: str, pod: str, container: str, *, most_bytes: int) -> Request:
    """To read the beginning of what a container has printed."""
    asked = get_request("/api/v1", "pods", namespace, pod)
    query = (("container", container), ("limitBytes", str(most_bytes)))
    return replace(asked, path=f"{asked.path}/log", query=query, resource="pods/log")


def stream_request(
    namespace: str, pod: str, subresource: str, query: Sequence[tuple[str, str]]
) -> Request:
    """A request that becomes a stream: a GET to the server, and `create` to RBAC."""
    asked = get_request("/api/v1", "pods", namespace, pod)
    path, resource = f"{asked.path}/{subresource}", f"pods/{subresource}"
    asked = replace(asked, path=path, query=tuple(query), verb="create", resource=resource)
    return replace(asked, is_stream=True)
