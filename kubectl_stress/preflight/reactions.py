"""Asks what else will react to a load on a pod: autoscalers and disruption budgets."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from kubectl_stress.errors import ClusterError, Forbidden, NotFound
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.preflight.at_once import at_once, both
from kubectl_stress.targets.hpa_vpa_pdb import (
    HPA,
    PDB,
    REACTOR_KINDS,
    VPA,
    OwnerName,
    ReactorKind,
    hpa_texts,
    pdb_texts,
    vpa_texts,
)
from kubectl_stress.targets.owner_kinds import owner_kind
from kubectl_stress.targets.owners import labels, owner_of
from kubectl_stress.targets.pod import Pod

Found = Sequence[Mapping[str, Any]] | str


def reactions(cluster: Cluster, namespace: str, pod: Pod) -> dict[str, str]:
    """In words, by the key of each kind: what there is, or why it could not be read."""
    lists, owners = both(
        lambda: at_once([partial(_listed, cluster, kind, namespace) for kind in REACTOR_KINDS]),
        lambda: _owners(cluster, namespace, pod),
    )
    found = {kind.key: each for kind, each in zip(REACTOR_KINDS, lists, strict=True)}
    texts = {
        HPA.key: lambda items: hpa_texts(items, owners),
        VPA.key: lambda items: vpa_texts(items, owners),
        PDB.key: lambda items: pdb_texts(items, labels(pod)),
    }
    return {
        key: items if isinstance(items, str) else "; ".join(texts[key](items)) or "none"
        for key, items in found.items()
    }


def _listed(cluster: Cluster, kind: ReactorKind, namespace: str) -> Found:
    """The objects of the kind, or why there are none."""
    try:
        answer = cluster.list_objects(kind.prefix, kind.plural, namespace)
    except Forbidden:
        return f"not readable ({kind.permission})"
    except NotFound:
        return "none (kind not installed in this cluster)"
    except ClusterError as error:
        return f"not readable ({error})"
    return list(answer["items"])


def _owners(cluster: Cluster, namespace: str, pod: Pod) -> list[OwnerName]:
    """The pod's controller and, of a ReplicaSet, its own: what an autoscaler refers to."""
    owner = owner_of(pod)
    if owner is None:
        return []
    found = [(owner.kind, owner.name)]
    kind = owner_kind(owner.kind)
    if kind is None or kind.name != "replicaset":
        return found
    try:
        workload = cluster.get_object(kind.api_prefix, kind.plural, namespace, owner.name)
    except ClusterError:
        # Without the right to read it, a Deployment's is named after it and a hash.
        return [*found, ("Deployment", owner.name.rpartition("-")[0])]
    above = owner_of(workload)
    return [*found, (above.kind, above.name)] if above else found
