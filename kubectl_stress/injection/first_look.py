"""What is seen of a target, and by a holder that lives in it, before a load is agreed to.

It is seen while the API server is still asked what may be done: reading the pod and attaching to a
holder start no process and change nothing, so that a pod that will not be loaded stays as it is.
"""

from dataclasses import dataclass

from kubectl_stress.clock import Clock
from kubectl_stress.errors import StressError
from kubectl_stress.injection.ephemeral_container import refuse_changed_target
from kubectl_stress.injection.join import JoinedHolder, Joiner
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target

# What the load's own exec needs is judged by this reading; a person's answer takes longer.
_FRESH_MS = 500


@dataclass(frozen=True)
class FirstLook:
    """The target's status, and the holder that is reused, with its reading.

    `joined` is None where a holder must be added first or the target be read by exec. `lines`
    say what was done, for whoever hears of the target.
    """

    at_ms: int
    status: ContainerStatus
    joined: JoinedHolder | None
    lines: tuple[str, ...]

    def is_fresh(self, now_ms: int) -> bool:
        """Whether a load may rest on it."""
        return now_ms - self.at_ms <= _FRESH_MS


def first_look(
    cluster: Cluster, target: Target, holder: HolderSpec, *, clock: Clock
) -> FirstLook | None:
    """None where it cannot be had: whoever prepares the target then tells why."""
    lines = list[str]()
    joiner = Joiner(cluster, clock=clock, tell=lines.append)
    try:
        pod = cluster.get_pod(target.namespace, target.pod)
        refuse_changed_target(pod, target)
        joined = joiner.reuse(pod, target, holder)
    except StressError:
        return None
    status = ContainerStatus.from_pod(pod, target.container)
    return FirstLook(clock.now_ms(), status, joined, tuple(lines))
