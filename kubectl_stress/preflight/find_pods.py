"""Asks the API server for the pods that a selection means."""

from collections.abc import Iterator
from contextlib import nullcontext, suppress

from kubectl_stress.errors import Forbidden, NotFound
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.preflight.list_selected import list_selected
from kubectl_stress.targets.label_selector import as_query
from kubectl_stress.targets.owned_pods import owned_pods
from kubectl_stress.targets.owner_kinds import owner_kind
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.pod_copy import COPY_SELECTOR, copied_name, is_copy
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.selection import Selection


def find_pods(cluster: Cluster, selection: Selection) -> list[Pod]:
    """Each pod once, and copies of them; raises NotFound, or UsageError for a bad selector."""
    if not selection.refs:
        found = list_selected(cluster, selection.namespace, selection.labels)
        copies = _copies(cluster, selection)
    else:
        copies = _copies(cluster, selection)
        assert selection.namespace is not None
        copied = {copied_name(pod) for pod in copies}
        found = [
            pod
            for ref in selection.refs
            for pod in _named(cluster, ref, selection.namespace, or_copies=ref.name in copied)
        ]
    named = {(selection.namespace, ref.name) for ref in selection.refs if ref.kind == "pod"}
    named |= {_place(pod) for pod in found}
    found += [pod for pod in copies if (_place(pod)[0], copied_name(pod)) in named]
    return list({str(pod["metadata"]["uid"]): pod for pod in found}.values())


def _copies(cluster: Cluster, selection: Selection) -> list[Pod]:
    """Of any pod, where they are not found with the others: a copy has no label of its pod."""
    if not (selection.refs or selection.labels):
        return []
    try:
        pods = cluster.list_pods(selection.namespace, COPY_SELECTOR)["items"]
    except Forbidden:
        return []
    return [pod for pod in pods if is_copy(pod)]


def _place(pod: Pod) -> tuple[str | None, str]:
    return str(pod["metadata"]["namespace"]), str(pod["metadata"]["name"])


def _named(cluster: Cluster, ref: TargetRef, namespace: str, *, or_copies: bool) -> Iterator[Pod]:
    """The pod, or all that the owner has; a pod that is gone may have copies."""
    kind = owner_kind(ref.kind)
    if kind is None:
        with suppress(NotFound) if or_copies else nullcontext():
            yield cluster.get_pod(namespace, ref.name)
        return
    owner = cluster.get_object(kind.api_prefix, kind.plural, namespace, ref.name)
    query = as_query(owner["spec"].get("selector") or {})
    yield from owned_pods(ref, cluster.list_pods(namespace, query)["items"])
