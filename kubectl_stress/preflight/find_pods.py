"""Asks the API server for the pods that a selection means."""

from collections.abc import Collection, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass

from kubectl_stress.errors import ClusterError, Forbidden, NotFound
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.problems import Problem
from kubectl_stress.preflight.list_selected import list_selected
from kubectl_stress.targets.label_selector import as_query
from kubectl_stress.targets.owned_pods import owned_pods
from kubectl_stress.targets.owner_kinds import owner_kind
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.pod_copy import COPY_SELECTOR, copied_name, is_copy
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.selection import Selection


@dataclass(frozen=True)
class FoundPods:
    """Each pod once, and what was named and could not be read, with the reason."""

    pods: list[Pod]
    missing: tuple[Problem, ...] = ()


def find_pods(cluster: Cluster, selection: Selection) -> FoundPods:
    """The pods, and copies of them; raises UsageError for a bad selector."""
    missing = list[Problem]()
    if not selection.refs:
        found = list_selected(cluster, selection.namespace, selection.labels)
        copies = _copies(cluster, selection)
    else:
        copies = _copies(cluster, selection)
        found = _named_pods(cluster, selection, {copied_name(pod) for pod in copies}, missing)
    named = {(selection.namespace, ref.name) for ref in selection.refs if ref.kind == "pod"}
    named |= {_place(pod) for pod in found}
    found += [pod for pod in copies if (_place(pod)[0], copied_name(pod)) in named]
    pods = {str(pod["metadata"]["uid"]): pod for pod in found}
    return FoundPods(list(pods.values()), tuple(missing))


def _named_pods(
    cluster: Cluster, selection: Selection, copied: Collection[str | None], missing: list[Problem]
) -> list[Pod]:
    """A name that cannot be read keeps none of the others from being found."""
    found, namespace = list[Pod](), selection.namespace
    assert namespace is not None
    for ref in selection.refs:
        try:
            found += _named(cluster, ref, namespace, or_copies=ref.name in copied)
        except ClusterError as error:
            missing.append((ref.name if ref.kind == "pod" else str(ref), error))
    return found


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
