"""Asks the API server for the pods that a selection means."""

from collections.abc import Iterator

from kubectl_stress.errors import Rejected, UsageError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.targets.label_selector import as_query
from kubectl_stress.targets.owned_pods import owned_pods
from kubectl_stress.targets.owner_kinds import owner_kind
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.selection import Selection


def find_pods(cluster: Cluster, selection: Selection) -> list[Pod]:
    """Each pod once; raises NotFound for a name that is none, UsageError for a bad selector."""
    if not selection.refs:
        return _listed(cluster, selection)
    assert selection.namespace is not None
    found = [pod for ref in selection.refs for pod in _named(cluster, ref, selection.namespace)]
    return list({str(pod["metadata"]["uid"]): pod for pod in found}.values())


def _listed(cluster: Cluster, selection: Selection) -> list[Pod]:
    try:
        return list(cluster.list_pods(selection.namespace, selection.labels)["items"])
    except Rejected as error:
        if not selection.labels:
            raise
        raise UsageError(f'selector "{selection.labels}": {error}') from error


def _named(cluster: Cluster, ref: TargetRef, namespace: str) -> Iterator[Pod]:
    """The pod, or all that the owner has."""
    kind = owner_kind(ref.kind)
    if kind is None:
        yield cluster.get_pod(namespace, ref.name)
        return
    owner = cluster.get_object(kind.api_prefix, kind.plural, namespace, ref.name)
    query = as_query(owner["spec"].get("selector") or {})
    yield from owned_pods(ref, cluster.list_pods(namespace, query)["items"])
