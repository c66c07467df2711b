"""How the agent is brought in, and into which cgroup the load goes. Pure."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from kubectl_stress.agent.image import TARGET_IMAGE

if TYPE_CHECKING:
    from kubectl_stress.plan.interpreter import Interpreter


class Join(Enum):
    """How the load enters a cgroup: the target's own, or only that of the pod."""

    EXEC = "exec"
    CGROUP = "cgroup"
    POD = "pod"


@dataclass(frozen=True)
class HolderSpec:
    """How the agent is brought in: by which image, into which cgroup, and how long it lingers.

    `interpreter` receives the agent where the image is the target's own; None is the first choice.
    """

    image: str
    pull_policy: str | None = None
    linger_ms: int = 600_000
    is_writable: bool = False  # a load of kind file has its file there
    start_timeout_ms: int = 60_000
    join: Join = Join.EXEC
    interpreter: "Interpreter | None" = None

    @property
    def is_privileged(self) -> bool:
        """Whether the ephemeral container is root on the node."""
        return self.join is Join.CGROUP

    @property
    def uses_target_image(self) -> bool:
        """Whether the ephemeral container runs the target's image, and the agent is copied in."""
        return self.image == TARGET_IMAGE
