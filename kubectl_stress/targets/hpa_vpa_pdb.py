"""What else will react to a load on a pod: autoscalers and disruption budgets. Pure: no I/O.

Each as its manifest says; whether one can be read at all depends on the user's rights.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_stress.text import clean

# What each updateMode does to a pod that runs (autoscaling.k8s.io/v1, UpdateMode).
_VPA_DOES = {
    "Off": "only recommends",
    "Initial": "sets the requests of new pods, and leaves this one alone",
    "Recreate": "may evict the pod",
    "InPlaceOrRecreate": "may resize the pod in place, or evict it",
    "InPlace": "may resize the pod in place",
}

# Its recommender takes OOMKilled from the status and Evicted from the events, whatever the mode
# (vertical-pod-autoscaler/pkg/recommender/input/oom/observer.go), and keeps them: autoscaler#9521.
_VPA_KEEPS = "an OOM kill or eviction of this run raises its recommendation for days"

Manifest = Mapping[str, Any]
OwnerName = tuple[str, str]  # kind and name, as in a targetRef


@dataclass(frozen=True)
class ReactorKind:
    """A kind of object, where the API has it, and what it is called."""

    key: str
    prefix: str
    plural: str

    @property
    def permission(self) -> str:
        """What it takes to read them."""
        return f"list {self.plural}.{self.prefix.split('/')[2]}"


HPA = ReactorKind("hpa", "/apis/autoscaling/v2", "horizontalpodautoscalers")
VPA = ReactorKind("vpa", "/apis/autoscaling.k8s.io/v1", "verticalpodautoscalers")
PDB = ReactorKind("pdb", "/apis/policy/v1", "poddisruptionbudgets")
REACTOR_KINDS = (HPA, VPA, PDB)


def hpa_texts(found: Iterable[Manifest], owners: Sequence[OwnerName]) -> list[str]:
    """The HorizontalPodAutoscalers of these owners."""
    texts = []
    for item in found:
        spec = item.get("spec") or {}
        if _refers_to(spec.get("scaleTargetRef"), owners):
            replicas = f"{spec.get('minReplicas', 1)} to {spec.get('maxReplicas')} replicas"
            metrics = _metrics(spec)
            acts = "; the load counts as the app's own memory" if "memory" in metrics else ""
            texts.append(f"{_name(item)} scales on {', '.join(metrics)}, {replicas}{acts}")
    return texts


def _metrics(spec: Mapping[str, Any]) -> list[str]:
    words = []
    for metric in spec.get("metrics") or ():
        kind = str(metric.get("type", ""))
        source = metric.get(kind[:1].lower() + kind[1:]) or {}
        name = source.get("name") or (source.get("metric") or {}).get("name") or kind
        words.append(clean(str(name)))
    return words or ["cpu"]


def vpa_texts(found: Iterable[Manifest], owners: Sequence[OwnerName]) -> list[str]:
    """The VerticalPodAutoscalers of these owners."""
    texts = []
    for item in found:
        spec = item.get("spec") or {}
        if _refers_to(spec.get("targetRef"), owners):
            mode = clean(str((spec.get("updatePolicy") or {}).get("updateMode", "Auto")))
            does = _VPA_DOES.get(mode, "may resize or evict the pod")
            texts.append(f"{_name(item)} has updateMode {mode}: {does}; {_VPA_KEEPS}")
    return texts


def pdb_texts(found: Iterable[Manifest], labels: Mapping[str, str]) -> list[str]:
    """The PodDisruptionBudgets that select a pod with these labels."""
    texts = []
    for item in found:
        from kubectl_stress.targets.label_selector import selects  # most pods have no budget

        if selects((item.get("spec") or {}).get("selector"), labels):
            allowed = (item.get("status") or {}).get("disruptionsAllowed", 0)
            texts.append(
                f"{_name(item)} allows {allowed} disruptions; it prevents neither OOM kills nor "
                f"evictions by the kubelet"
            )
    return texts


def _name(item: Manifest) -> str:
    return clean(str((item.get("metadata") or {}).get("name", "")))


def _refers_to(reference: Mapping[str, Any] | None, owners: Sequence[OwnerName]) -> bool:
    wanted = reference or {}
    return any(
        (kind.lower(), name) == (str(wanted.get("kind", "")).lower(), wanted.get("name"))
        for kind, name in owners
    )
