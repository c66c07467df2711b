"""Asks the API server for the pods that a selector means."""

from collections.abc import Iterator

from kubectl_stress.errors import NotFound
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.selector import NodeLabels, PodSelector, Query


def select_pods(cluster: Cluster, selector: PodSelector) -> list[Pod]:
    """In the order of namespace and name. A pod that is named and not there is left out."""
    answers = [pod for query in selector.queries() for pod in _answer(cluster, query)]
    return selector.select(answers, _node_labels(cluster) if selector.node_labels else {})


def _answer(cluster: Cluster, query: Query) -> Iterator[Pod]:
    if query.name is None:
        yield from cluster.list_pods(query.namespace, query.label_selector, query.field_selector)[
            "items"
        ]
        return
    try:
        yield cluster.get_pod(query.namespace, query.name)
    except NotFound:
        return


def _node_labels(cluster: Cluster) -> NodeLabels:
    nodes = cluster.list_objects("/api/v1", "nodes", "")["items"]
    return {node["metadata"]["name"]: node["metadata"].get("labels") or {} for node in nodes}
