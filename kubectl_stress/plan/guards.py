"""What refuses a run, and what is asked before one. Pure: no I/O.

`mem` and `check` ask these same guards, so that a check says what a run would do.
"""

from typing import TYPE_CHECKING, NoReturn

from kubectl_stress.errors import Refused
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.quantity import format_bytes
from kubectl_stress.targets.target import Target

if TYPE_CHECKING:
    from kubectl_stress.agent.protocol import Hello
    from kubectl_stress.agent.samples import Memory

# An exec costs the target about 1.75 MiB for half a second (runc on cgroup v2): with less than this
# the exec itself could bring the kernel to kill the app.
MIN_HEADROOM_BYTES = 8 << 20
# Under CRI-O conmon and the runtime run in the pod's cgroup, and runc takes 20 to 22 MB there while
# it creates a container or executes in one (kubernetes/kubernetes#135680). Not tested here.
_CRI_O_PREFIX, _CRI_O_HEADROOM_BYTES = "cri-o://", 24 << 20

# The kubelet's default hard eviction threshold, memory.available<100Mi (pkg/kubelet/eviction/
# defaults_linux.go); the node's own cannot be read with rights in one namespace.
DEFAULT_EVICTION_THRESHOLD_BYTES = 100 << 20

POD_LEVEL_ONLY = "the load is only in the pod's cgroup: it tests the pod-level limit or the node"


def as_loaded(target: Target, join: Join) -> Target:
    """The target with the limits that a load which joins in this way meets."""
    return target.at_pod_level() if join is Join.POD else target


def describe_loaded(target: Target, join: Join) -> str:
    """Whose limit the load meets."""
    return f'pod "{target.pod}"' if join is Join.POD else f'container "{target.container}"'


def refuse_without_limit(target: Target, join: Join) -> None:
    """Raise Refused where nothing but the node bounds the load."""
    if target.effective_limit_bytes is None:
        raise Refused(
            f"{describe_loaded(target, join)} has no memory limit, so the load could exhaust node "
            f'"{target.node}": set a limit, or use --force with an absolute --size'
        )


def needed_headroom_bytes(target: Target) -> int:
    """What the container's runtime needs to start the agent, with a reserve."""
    is_cri_o = target.container_id.startswith(_CRI_O_PREFIX)
    return _CRI_O_HEADROOM_BYTES if is_cri_o else MIN_HEADROOM_BYTES


def refuse_little_headroom(headroom_bytes: int | None, target: Target) -> None:
    """Raise Refused where the exec that joins could itself bring the kernel to kill the app."""
    needed = needed_headroom_bytes(target)
    if headroom_bytes is not None and headroom_bytes < needed:
        raise Refused(
            f"only {format_bytes(headroom_bytes)} of headroom: starting the agent alone could "
            f"cause an OOM kill ({format_bytes(needed)} required)"
        )


def refuse_small_pod(target: Target) -> None:
    """Raise Refused where adding the ephemeral container alone could fill the pod's cgroup."""
    limit, needed = target.pod_cgroup_limit_bytes, needed_headroom_bytes(target)
    if limit is not None and limit <= needed:
        raise Refused(
            f'the limit of pod "{target.pod}" is {format_bytes(limit)}: starting the agent alone '
            f"could cause an OOM kill ({format_bytes(needed)} required)"
        )


def refuse_without_pressure(asked_percent: float | None, memory: "Memory") -> None:
    """Raise Refused where --stop-on waits for a pressure that this node never tells.

    PSI is of cgroup v2 alone, and the kernel may be built or started without (psi=0).
    """
    if asked_percent is not None and memory.pressure_some_avg10_percent is None:
        refuse_node_without_pressure()


def refuse_node_without_pressure() -> NoReturn:
    """Raise Refused: --stop-on would wait for ever."""
    raise Refused(
        "the node has no pressure stall information (cgroup v1, or a kernel before 4.20 or with "
        "psi=0), so --stop-on memory-pressure would never release the load: use another sign"
    )


def refuse_beyond_node(target: Target, size_bytes: int, hello: "Hello") -> None:
    """Raise Refused where a load without a limit is more than its node has."""
    available = hello.node_available_bytes
    if available is not None and size_bytes >= available:
        raise Refused(
            f"{format_bytes(size_bytes)} is more than the {format_bytes(available)} that node "
            f'"{target.node}" has available, and no memory limit would stop the load: use a '
            "smaller --size"
        )


def questions(target: Target, join: Join, *, may_reach_limit: bool) -> tuple[str, ...]:
    """What a person must say yes to, each as the reason for asking."""
    found, owner = [], target.owner
    if target.is_critical:
        found.append(f"{target.namespace}/{target.pod} is a critical pod of the cluster")
    if owner and owner.replicas == 1 and may_reach_limit:
        found.append(f"{owner} has a single replica, and the load may bring it down")
    if join is Join.CGROUP:
        found.append(
            f'--join cgroup adds a privileged container to pod "{target.pod}", which is root on '
            f'node "{target.node}" while it runs'
        )
    return tuple(found)


def node_questions(target: Target, growth_bytes: int, hello: "Hello") -> tuple[str, ...]:
    """What must be asked where a load that grows so far leaves the node little memory."""
    if hello.node_available_bytes is None:
        return ()
    left = hello.node_available_bytes - growth_bytes
    if left >= DEFAULT_EVICTION_THRESHOLD_BYTES:
        return ()
    return (
        f'the load leaves node "{target.node}" {format_bytes(max(0, left))}, less than the '
        "kubelet's default eviction threshold of 100 MiB: other pods may be evicted",
    )
