"""The pod's limit where other containers use it too, and what is known of their use. Pure."""

from dataclasses import dataclass

from kubectl_stress.agent.samples import Memory
from kubectl_stress.quantity import format_bytes
from kubectl_stress.targets.resources import Sibling
from kubectl_stress.targets.target import Target


@dataclass(frozen=True)
class SharedLimit:
    """The limit of the pod's cgroup, and the containers beside the target that count against it."""

    limit_bytes: int
    siblings: tuple[Sibling, ...]

    @property
    def used_bytes(self) -> int:
        """What the siblings are known to use."""
        return sum(sibling.usage_bytes or 0 for sibling in self.siblings)

    @property
    def unseen(self) -> tuple[Sibling, ...]:
        """The siblings of which nobody tells what they use."""
        return tuple(sibling for sibling in self.siblings if sibling.usage_bytes is None)

    @property
    def used_words(self) -> str:
        """What is known, as a part of a sum."""
        seen = [sibling for sibling in self.siblings if sibling.usage_bytes is not None]
        return "".join(
            f", {format_bytes(sibling.usage_bytes)} by {sibling.name} (metrics)" for sibling in seen
        )

    @property
    def unseen_words(self) -> str:
        """What is not known, after the sum."""
        if not self.unseen:
            return ""
        names = ", ".join(sibling.name for sibling in self.unseen)
        requested = sum(sibling.request_bytes or 0 for sibling in self.unseen)
        requests = f", which requests {format_bytes(requested)}" if requested else ""
        return f"; not counted: what {names} uses{requests}"


def shared_limit(target: Target, memory: Memory) -> SharedLimit | None:
    """The pod's limit, where it may be reached before the container's own; else None.

    That is so unless the siblings' own limits leave room for the container's.
    """
    limit, own = target.pod_cgroup_limit_bytes, memory.limit_bytes
    if limit is None or not target.siblings:
        return None
    shared = SharedLimit(limit, target.siblings)
    if own is None or limit <= own:
        return shared
    # What a sibling cannot exceed is room for the container.
    most = [sibling.limit_bytes for sibling in target.siblings if sibling.limit_bytes is not None]
    if len(most) == len(target.siblings) and sum(most) + own <= limit:
        return None
    return shared if limit - shared.used_bytes < own else None
