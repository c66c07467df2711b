"""Finds by which selector a StressChaos means what TARGET means."""

from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.targets.label_selector import rules
from kubectl_stress.targets.owner_kinds import owner_kind
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.selector import PodSelector
from kubectl_stress.targets.target import choose_container


def find_selection(
    cluster: Cluster, ref: TargetRef, namespace: str, container: str | None
) -> tuple[PodSelector, str]:
    """The pod by its name, or an owner's pods by its labels; and the container that is loaded.

    Raises NotFound, and TargetError where there is no such container.
    """
    if ref.kind == "pod":
        pod = cluster.get_pod(namespace, ref.name)
        return PodSelector(pods=((namespace, ref.name),)), choose_container(pod, container)[0]
    kind = owner_kind(ref.kind)
    assert kind is not None
    spec = cluster.get_object(kind.api_prefix, kind.plural, namespace, ref.name)["spec"]
    template = spec["template"]
    metadata = {**(template.get("metadata") or {}), "name": ref.name}
    labels = tuple(rules(spec.get("selector") or {}))
    return PodSelector((namespace,), labels), choose_container(
        {**template, "metadata": metadata}, container
    )[0]
