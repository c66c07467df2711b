"""Which pods a selector means, and how much of that the API server can be asked. Pure.

The rules are those of Chaos Mesh's pod selector (pkg/selector/{pod,generic} of chaos-mesh at
608b61e7c) and of the API's label and field selectors (k8s.io/apimachinery pkg/labels, pkg/fields).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from kubectl_stress.errors import UsageError
from kubectl_stress.targets.pod import Pod

# What the API server selects pods by (k8s.io/kubernetes pkg/registry/core/pod/strategy.go).
SELECTABLE_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
)
PHASES = ("Pending", "Running", "Succeeded", "Failed", "Unknown")

_LABEL_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_LABEL_VALUE = re.compile(rf"({_LABEL_NAME})?")
_LABEL_KEY = re.compile(rf"([a-z0-9]([-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_LABEL_NAME}")
_FIELD_SPECIAL = re.compile(r"([\\,=])")

# Labels by the name of their node.
NodeLabels = Mapping[str, Mapping[str, str]]


class Operator(Enum):
    """How a rule compares a label."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"

    @property
    def takes_values(self) -> bool:
        return self in (Operator.IN, Operator.NOT_IN)


def is_label_value(text: str) -> bool:
    """Whether the API server accepts it as the value of a label."""
    return _LABEL_VALUE.fullmatch(text) is not None


@dataclass(frozen=True)
class LabelRule:
    """One requirement on labels; str() is what the API's `labelSelector` takes."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if _LABEL_KEY.fullmatch(self.key) is None:
            raise UsageError(f'"{self.key}" is not a label key')
        if self.operator.takes_values and not self.values:
            raise UsageError(f"operator {self.operator.value} needs values")
        if self.values and not self.operator.takes_values:
            raise UsageError(f"operator {self.operator.value} takes no values")
        for value in self.values:
            if not is_label_value(value):
                raise UsageError(f'"{value}" is not a label value')

    @classmethod
    def equal(cls, key: str, value: str) -> "LabelRule":
        """The label is there with this value."""
        return cls(key, Operator.IN, (value,))

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it; NotIn is met by a label that is not there, as in the API."""
        if self.operator is Operator.EXISTS:
            return self.key in labels
        if self.operator is Operator.DOES_NOT_EXIST:
            return self.key not in labels
        is_one = self.key in labels and labels[self.key] in self.values
        return is_one is (self.operator is Operator.IN)

    def __str__(self) -> str:
        if self.operator is Operator.EXISTS:
            return self.key
        if self.operator is Operator.DOES_NOT_EXIST:
            return f"!{self.key}"
        if self.operator is Operator.IN and len(self.values) == 1:
            return f"{self.key}={self.values[0]}"
        word = "in" if self.operator is Operator.IN else "notin"
        return f"{self.key} {word} ({','.join(self.values)})"


@dataclass(frozen=True)
class Query:
    """What to ask the API server of one namespace ("": all); `name` asks for one pod alone."""

    namespace: str
    label_selector: str = ""
    field_selector: str = ""
    name: str | None = None


@dataclass(frozen=True)
class PodSelector:
    """Pods by all of these properties; what is empty selects everything.

    `pods` (namespace and name) stands alone: where it is set, nothing else counts. A pod is on a
    wanted node where `nodes` names it or its node has all `node_labels`.
    """

    namespaces: tuple[str, ...] = ()
    labels: tuple[LabelRule, ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    phases: tuple[str, ...] = ()
    excluded_phases: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    node_labels: tuple[tuple[str, str], ...] = ()
    pods: tuple[tuple[str, str], ...] = ()

    def select(self, pods: Iterable[Pod], node_labels: NodeLabels | None = None) -> list[Pod]:
        """The pods it means, in the order of namespace and name, each once."""
        found = {_identity(pod): pod for pod in pods if self.matches(pod, node_labels or {})}
        return [found[identity] for identity in sorted(found)]

    def matches(self, pod: Pod, node_labels: NodeLabels) -> bool:
        """Whether it means this pod; `node_labels` is needed where the selector has some."""
        if self.pods:
            return _identity(pod) in self.pods
        metadata = pod["metadata"]
        if self.namespaces and metadata["namespace"] not in self.namespaces:
            return False
        labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
        return (
            all(rule.matches(labels) for rule in self.labels)
            and all(annotations.get(key) == value for key, value in self.annotations)
            and all(_field(pod, name) == value for name, value in self.fields)
            and self._is_of_phase(_field(pod, "status.phase"))
            and self._is_on_node(_field(pod, "spec.nodeName"), node_labels)
        )

    def _is_of_phase(self, phase: str) -> bool:
        return phase not in self.excluded_phases and (not self.phases or phase in self.phases)

    def _is_on_node(self, node: str, node_labels: NodeLabels) -> bool:
        if not self.nodes and not self.node_labels:
            return True
        wanted = dict(self.node_labels).items()
        has_labels = bool(wanted) and wanted <= dict(node_labels.get(node, {})).items()
        return node in self.nodes or has_labels

    def unfound(self, pods: Iterable[Pod]) -> list[tuple[str, str]]:
        """Namespace and name of each that is named and is not among these."""
        found = set(map(_identity, pods))
        return [identity for identity in self.pods if identity not in found]

    def queries(self) -> Iterator[Query]:
        """What to ask, so that the answers hold every pod that it means; `select` does the rest."""
        if self.pods:
            yield from (Query(namespace, name=name) for namespace, name in self.pods)
            return
        labels = ",".join(str(rule) for rule in self.labels)
        fields = ",".join(self._field_terms())
        for namespace in dict.fromkeys(self.namespaces or ("",)):
            yield Query(namespace, labels, fields)

    def _field_terms(self) -> Iterator[str]:
        for name, value in self.fields:
            yield f"{name}={_escaped(value)}"
        # The API's field selectors know "and" alone.
        if len(self.phases) == 1:
            yield f"status.phase={self.phases[0]}"
        yield from (f"status.phase!={phase}" for phase in self.excluded_phases)
        if len(self.nodes) == 1 and not self.node_labels:
            yield f"spec.nodeName={_escaped(self.nodes[0])}"


def _escaped(value: str) -> str:
    return _FIELD_SPECIAL.sub(r"\\\1", value)


def _identity(pod: Pod) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]


def _field(pod: Pod, name: str) -> str:
    """One of SELECTABLE_FIELDS; "" where the pod does not have it, as for the API server."""
    part, _, key = name.partition(".")
    if name == "status.podIP":
        ips = pod.get("status", {}).get("podIPs") or ()
        return str(ips[0].get("ip", "")) if ips else ""
    return str((pod.get(part) or {}).get(key) or "")
