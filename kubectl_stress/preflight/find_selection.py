"""Finds by which selector a StressChaos means what a command line means."""

from collections.abc import Iterable
from typing import NamedTuple

from kubectl_stress.errors import TargetError, UsageError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.preflight.list_selected import list_selected
from kubectl_stress.targets.label_selector import rules
from kubectl_stress.targets.owner_kinds import owner_kind
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.selector import PodSelector
from kubectl_stress.targets.target import choose_container
from kubectl_stress.targets.target_selection import TargetSelection
from kubectl_stress.targets.written_selectors import field_values, label_rules


class FoundSelection(NamedTuple):
    """The selector, the container that is loaded in each pod, and a word for the whole."""

    selector: PodSelector
    container: str
    name: str


def find_selection(cluster: Cluster, asked: TargetSelection) -> FoundSelection:
    """Pods by their names, an owner's by its labels, or those that selectors mean.

    Raises NotFound, TargetError where there is no such container, and UsageError for what one
    StressChaos cannot express.
    """
    if asked.has_selector:
        return _by_selectors(cluster, asked)
    if len(asked.refs) > 1 or asked.refs[0].kind == "pod":
        return _by_names(cluster, asked)
    (ref,), namespace = asked.refs, cluster.namespace
    kind = owner_kind(ref.kind)
    assert kind is not None
    spec = cluster.get_object(kind.api_prefix, kind.plural, namespace, ref.name)["spec"]
    template = spec["template"]
    metadata = {**(template.get("metadata") or {}), "name": ref.name}
    labels = tuple(rules(spec.get("selector") or {}))
    container = _container([{**template, "metadata": metadata}], asked.container)
    return FoundSelection(PodSelector((namespace,), labels), container, ref.name)


def _by_names(cluster: Cluster, asked: TargetSelection) -> FoundSelection:
    owners = [str(ref) for ref in asked.refs if ref.kind != "pod"]
    if owners:
        raise UsageError(
            f"one StressChaos cannot express {owners[0]} beside other TARGETs: use one command for "
            "each"
        )
    names = [ref.name for ref in asked.refs]
    pods = [cluster.get_pod(cluster.namespace, name) for name in names]
    selector = PodSelector(pods=tuple((cluster.namespace, name) for name in names))
    return FoundSelection(selector, _container(pods, asked.container), names[0])


def _by_selectors(cluster: Cluster, asked: TargetSelection) -> FoundSelection:
    if asked.all_namespaces:
        raise UsageError("a StressChaos cannot express -A: give one namespace with -n")
    labels, fields = label_rules(asked.label_selector), field_values(asked.field_selector)
    selector = PodSelector((cluster.namespace,), labels, fields=fields)
    pods = list_selected(cluster, cluster.namespace, asked.label_selector, asked.field_selector)
    if not pods and asked.container is None:
        raise TargetError(f"no pod matches {asked}, so its container is unknown: name it with -c")
    container = _container(pods, asked.container) if pods else str(asked.container)
    word = next((value for rule in labels for value in rule.values if value), "pods")
    return FoundSelection(selector, container, word.lower().replace("_", "-").replace(".", "-"))


def _container(pods: Iterable[Pod], wanted: str | None) -> str:
    """The one that is loaded in each of them."""
    names = sorted({choose_container(pod, wanted)[0] for pod in pods})
    if len(names) > 1:
        raise UsageError(f"the pods have other containers ({', '.join(names)}): name one with -c")
    return names[0]
