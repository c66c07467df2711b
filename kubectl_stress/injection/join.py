"""The ways into a cgroup, from a holder that is there to a load that runs.

`exec`: the load is exec'd in the target, as /proc/HOLDER_PID/root/agent, so that the runtime itself
places it in the target's cgroup. `cgroup`: it is exec'd in the holder, and moves itself into the
target's cgroup. `pod`: it stays in the holder. Nothing here goes from one to another by itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubectl_stress.agent.commands import end_arguments, probe_arguments
from kubectl_stress.agent.identity import RunIdentity
from kubectl_stress.clock import Clock
from kubectl_stress.errors import InjectionError, Silent, StressError
from kubectl_stress.injection.copy_agent import bring_in_target_image
from kubectl_stress.injection.ephemeral_container import (
    bring_holder,
    refuse_changed_target,
    reused_holder,
)
from kubectl_stress.injection.probe import (
    Reading,
    hear_exec,
    read_by_attach,
    read_first,
    reading_by,
    shared_id,
    take_reading,
)
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.decide import run_options
from kubectl_stress.plan.holder import AGENT_PATH
from kubectl_stress.plan.holder_spec import HolderSpec, Join
from kubectl_stress.plan.plan import Plan
from kubectl_stress.preflight.admission import beyond_exec
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.target import Target

if TYPE_CHECKING:
    from kubectl_stress.kube.exec.stream import ExecStream

JOINING = {
    Join.EXEC: "joining the target's cgroup by exec",
    Join.CGROUP: "moving the load into the target's cgroup",
    Join.POD: "starting the load beside the target",
}
_READING = "reading the target's memory and processes"


@dataclass(frozen=True)
class JoinedHolder:
    """A holder from which a load gets into its cgroup, and the first reading through it.

    `target` is the one asked for, with its user where that had to be found out. `is_blind`: the
    holder cannot look into the target, whose readings are then taken by exec.
    """

    target: Target
    join: Join
    holder: str
    reading: Reading
    cannot_read_target: bool = False
    agent_path: str = AGENT_PATH

    @property
    def holder_pid(self) -> int:
        """The holder as the target's process namespace has it."""
        assert self.reading.hello.holder_pid is not None
        return self.reading.hello.holder_pid

    @property
    def agent_in_target(self) -> str:
        """The agent's path as seen from the target."""
        return f"/proc/{self.holder_pid}/root{self.agent_path}"

    @property
    def target_pid(self) -> int:
        """The target's first process there; at pod level the holder stands for it."""
        return self.holder_pid if self.join is Join.POD else self.reading.hello.target_pid or 1

    def probe(self, duration_ms: int = 0, sample_interval_ms: int = 1_000) -> tuple[str, list[str]]:
        """Container and command of a reading, or of readings that go on."""
        is_pid_known = self.cannot_read_target or self.join is Join.POD
        words = probe_arguments(
            container_id=None if is_pid_known else shared_id(self.target),
            target_pid=self.target_pid if is_pid_known else None,
            duration_ms=duration_ms,
            sample_interval_ms=sample_interval_ms,
        )
        if self.cannot_read_target:
            return self.target.container, [self.agent_in_target, *words]
        return self.holder, [self.agent_path, *words]


class Joiner:
    """Prepares joins of one cluster; `tell` hears what is done in the pod.

    Without `reads_log` each reading takes a stream, as a load does.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        clock: Clock,
        tell: Callable[[str], None],
        reads_log: bool = True,
    ) -> None:
        self._cluster, self._clock, self._tell = cluster, clock, tell
        self._reads_log = reads_log

    def enter(self, target: Target, holder: HolderSpec) -> JoinedHolder:
        """A holder that fits, live or new; raises InjectionError where there is no way in.

        The one place that may add a second holder, and only where nobody says as whom the target
        runs and the guess was wrong.
        """
        joined = self._with_holder(target, holder)
        if holder.join is Join.POD:
            return self._at_pod_level(joined)
        if not joined.reading.cannot_read_target:
            return joined
        if holder.join is Join.EXEC:
            return self._from_inside(joined, holder)
        raise InjectionError(
            "the target's cgroup cannot be read, even by a privileged ephemeral container: its "
            "container runtime is not supported"
        )

    def reuse(self, pod: Pod, target: Target, holder: HolderSpec) -> JoinedHolder | None:
        """As `enter`, where that takes no more than an attach to a live holder; else None."""
        takes_exec = holder.uses_target_image or holder.join is Join.POD
        if takes_exec or not target.has_own_pid_namespace:
            return None
        name = reused_holder(pod, target, holder, tell=self._tell)
        if name is None:
            return None
        self._tell(_READING)
        reading = read_by_attach(self._cluster, target, name, clock=self._clock)
        if reading is None or reading.cannot_read_target:
            return None
        return _joined(JoinedHolder(target, holder.join, name, reading))

    def read_again(self, joined: JoinedHolder) -> Reading | None:
        """A new reading in the same way, or None where the holder is gone or out of reach."""
        container, command = joined.probe()
        try:
            return reading_by(self._cluster, joined.target, container, command, clock=self._clock)
        except StressError:
            return None

    def _with_holder(self, target: Target, holder: HolderSpec) -> JoinedHolder:
        cluster, clock, tell = self._cluster, self._clock, self._tell
        if holder.uses_target_image:
            is_new = False  # the agent came after the container, which had a log by then
            name, agent_path = bring_in_target_image(
                cluster, target, holder, clock=clock, tell=tell
            )
        else:
            agent_path = AGENT_PATH
            name, is_new = bring_holder(cluster, target, holder, clock=clock, tell=tell)
        tell(_READING)
        reading = read_first(cluster, target, name) if is_new and self._reads_log else None
        if reading is None:
            reading = take_reading(cluster, target, name, agent_path=agent_path, clock=clock)
        return _joined(JoinedHolder(target, holder.join, name, reading, agent_path=agent_path))

    def _at_pod_level(self, joined: JoinedHolder) -> JoinedHolder:
        """What the load will be part of is the holder's own cgroup."""
        container, command = joined.probe()
        reading = reading_by(self._cluster, joined.target, container, command, clock=self._clock)
        return replace(joined, reading=reading)

    def _from_inside(self, joined: JoinedHolder, holder: HolderSpec) -> JoinedHolder:
        """The holder sees nothing: the target has capabilities, or another user than its exec has.

        Neither is in the way of the exec itself, which goes by the configured user.
        """
        target, seeing = joined.target, replace(joined, cannot_read_target=True)
        self._tell("the ephemeral container cannot read the target; reading it by exec")
        container, command = seeing.probe()
        try:
            reading = reading_by(self._cluster, target, container, command, clock=self._clock)
        except Silent:
            raise  # a slow node has refused nothing: neither another user nor another join helps
        except InjectionError as error:
            found = _found_user(joined)
            if target.user is None and found is not None:
                return self._attached_again(joined, holder, found)
            raise InjectionError(
                f"{error}. {beyond_exec(self._cluster, target, holder)}"
            ) from error
        return replace(seeing, reading=reading)

    def _attached_again(
        self, joined: JoinedHolder, holder: HolderSpec, user: tuple[int, int]
    ) -> JoinedHolder:
        """A second holder, as the user whom the first one found; there is no third."""
        uid, gid = user
        self._tell(
            f"the target turns out to run as {uid}:{gid}: ending ephemeral container "
            f"{joined.holder}, whose entry stays, and adding one as that user"
        )
        _end_holder(self._cluster, joined, clock=self._clock)
        target = replace(joined.target, user=user)
        again = self._with_holder(target, holder)
        return self._from_inside(again, holder) if again.reading.cannot_read_target else again


def _joined(found: JoinedHolder) -> JoinedHolder:
    """The same; raises InjectionError where it does not share the target's processes."""
    if found.reading.hello.holder_pid in (None, 1):
        raise InjectionError(
            f"the container runtime ignored targetContainerName: {found.holder} does not share the "
            f'process namespace of "{found.target.container}"'
        )
    return found


def _found_user(joined: JoinedHolder) -> tuple[int, int] | None:
    """As whom the target's first process runs, if the holder is somebody else."""
    hello = joined.reading.hello
    if hello.target_uid is None or hello.target_gid is None:
        return None
    found = hello.target_uid, hello.target_gid
    return None if found == (hello.uid, hello.gid) else found


def _end_holder(cluster: Cluster, joined: JoinedHolder, *, clock: Clock) -> None:
    """Ask a holder to end; the exec that asks ends with it, one way or the other."""
    where = joined.target.namespace, joined.target.pod, joined.holder
    hear_exec(cluster, where, [joined.agent_path, *end_arguments()], clock=clock)


def start_load(
    cluster: Cluster,
    plan: Plan,
    joined: JoinedHolder,
    identity: RunIdentity,
    extra_words: Sequence[str] = (),
) -> "ExecStream":
    """Exec the agent with the load; the caller reads the stream, beats, and closes it.

    The pod is looked at again first: the exec goes by the container's name, and a restarted one
    has other processes. Raises TargetError, or a ClusterError.
    """
    target = plan.target
    refuse_changed_target(cluster.get_pod(target.namespace, target.pod), target)
    load = run_options(plan).arguments(joined.holder_pid)
    words = [*load, *identity.arguments(), *_whereabouts(joined), *extra_words]
    is_exec = joined.join is Join.EXEC
    container = target.container if is_exec else joined.holder
    agent = joined.agent_in_target if is_exec else joined.agent_path
    return cluster.exec(target.namespace, target.pod, container, [agent, *words], stdin=True)


def _whereabouts(joined: JoinedHolder) -> list[str]:
    """Whose cgroup the load verifies to be in, and which one it moves to."""
    target_pid = str(joined.target_pid)
    moved = ["--join-pid", target_pid] if joined.join is Join.CGROUP else []
    return ["--target-pid", target_pid, *moved]
