"""Who owns a pod or a workload, as its manifest says. Pure: no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Owner:
    """The controller of the pod, as far as it could be read; `replicas` None: unknown."""

    kind: str
    name: str
    replicas: int | None = None

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name}"


def owner_of(manifest: Mapping[str, Any]) -> Owner | None:
    """The controller of a pod or a workload; there is at most one."""
    for reference in manifest["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return Owner(reference["kind"], reference["name"])
    return None


def replicas(workload: Mapping[str, Any]) -> int | None:
    """How many pods it wants; None for a kind that has no such number."""
    found: int | None = (workload.get("spec") or {}).get("replicas")
    return found


def labels(manifest: Mapping[str, Any]) -> Mapping[str, str]:
    """Its labels, `{}` where there are none."""
    return dict(manifest["metadata"].get("labels") or {})
