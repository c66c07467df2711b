"""Where a target of a run is, and whose place it took. Pure."""

from dataclasses import dataclass
from typing import Self

from kubectl_stress.targets.target import Target


@dataclass(frozen=True)
class Place:
    """Where one target is; `pod` is its owner, like `deployment/web`, where it has no pod.

    `container` and `node` are empty where nothing tells them.
    """

    namespace: str
    pod: str
    container: str
    node: str

    @classmethod
    def of(cls, target: Target) -> Self:
        """The place of a target."""
        return cls(target.namespace, target.pod, target.container, target.node)

    @classmethod
    def awaited(cls, lost: Target) -> Self:
        """That of the pod which is to replace a lost one."""
        return cls(lost.namespace, str(lost.owner), lost.container, "")

    def __str__(self) -> str:
        if "/" in self.pod:
            return f"{self.pod} (namespace {self.namespace})"
        return "/".join(filter(None, (self.namespace, self.pod, self.container)))


@dataclass(frozen=True)
class Replaced:
    """The target whose pod was replaced: its number in the run, and its pod."""

    target_number: int
    pod: str
