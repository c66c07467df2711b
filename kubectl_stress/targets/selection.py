"""Which pods a command means: by their names or owners, by labels, or all. Pure."""

from dataclasses import dataclass

from kubectl_stress.targets.ref import TargetRef


@dataclass(frozen=True)
class Selection:
    """Pods by `refs`, otherwise those with `labels` (the API's labelSelector; "" for all).

    `namespace` is None for all namespaces, as with kubectl's -A.
    """

    namespace: str | None
    refs: tuple[TargetRef, ...] = ()
    labels: str = ""

    @property
    def where(self) -> str:
        """In which namespaces, in words."""
        return within(self.namespace)


def within(namespace: str | None) -> str:
    """In which namespace something is meant, in words; None means all."""
    return f'in namespace "{namespace}"' if namespace else "in any namespace"
