"""How the agent is brought in, and into which cgroup the load goes. Pure."""

from dataclasses import dataclass
from enum import Enum


class Join(Enum):
    """How the load enters a cgroup: the target's own, or only that of the pod."""

    EXEC = "exec"
    CGROUP = "cgroup"
    POD = "pod"


@dataclass(frozen=True)
class HolderSpec:
    """How the agent is brought in: by which image, into which cgroup, and how long it lingers."""

    image: str
    pull_policy: str | None = None
    linger_ms: int = 600_000
    is_writable: bool = False  # a load of kind file has its file there
    start_timeout_ms: int = 60_000
    join: Join = Join.EXEC

    @property
    def is_privileged(self) -> bool:
        """Whether the ephemeral container is root on the node."""
        return self.join is Join.CGROUP
