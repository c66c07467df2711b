"""Creates a copy of a pod for one load, waits until it can be loaded, and removes it again.

The copy outlives nobody: its own deadline ends it where the client dies, and what is left of the
object then goes with the next run or `stop`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from kubectl_stress.clock import Clock
from kubectl_stress.errors import Forbidden, NotFound, NotRunning, StressError, TargetError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.preflight.find_target import owner_and_pods
from kubectl_stress.preflight.wait_for_target import wait_for
from kubectl_stress.quantity import format_duration
from kubectl_stress.targets.copy_start import await_reason, is_ready
from kubectl_stress.targets.pod import Pod, is_being_deleted
from kubectl_stress.targets.pod_copy import (
    COPY_SELECTOR,
    claims,
    copy_name,
    is_ended_copy,
    pod_copy,
    refuse_exclusive_claim,
    refuse_uncopyable,
)
from kubectl_stress.targets.ref import TargetRef

# The app's own grace period may be minutes, and nobody's data depends on the copy.
_GRACE_S = 5
_GONE_MS = 20_000
_POLL_S = 0.5
# For what the client does beside waiting and loading, on a slow cluster.
_RESERVE_MS = 60_000


@dataclass(frozen=True)
class CopyTimes:
    """How long the copy may take to start, and how long at most it is needed after that."""

    start_ms: int
    use_ms: int

    @property
    def deadline_s(self) -> int:
        """When the copy ends by itself, counted from when the kubelet has accepted it."""
        return -(-(self.start_ms + self.use_ms + _RESERVE_MS) // 1000)


def pod_to_copy(cluster: Cluster, ref: TargetRef) -> Pod:
    """The pod that is named, or one of its owner's, a ready one first; raises StressError."""
    if ref.kind == "pod":
        pod: Pod = cluster.get_pod(cluster.namespace, ref.name)
    else:
        _, pods = owner_and_pods(cluster, ref, cluster.namespace)
        pod = next((each for each in pods if is_ready(each)), pods[0])
    refuse_uncopyable(pod)
    _refuse_shared_volumes(cluster, pod)
    return pod


def _refuse_shared_volumes(cluster: Cluster, pod: Pod) -> None:
    for name in claims(pod):
        try:
            claim = cluster.get_object(
                "/api/v1", "persistentvolumeclaims", pod["metadata"]["namespace"], name
            )
        except Forbidden as error:
            raise TargetError(
                f'--copy: whether a copy may share the volume claim "{name}" is unknown ({error})'
            ) from error
        refuse_exclusive_claim(pod, claim)


@dataclass(frozen=True)
class PodCopy:
    """A copy that can be created: its manifest, what it is of, and how long it may take."""

    manifest: Mapping[str, Any]
    original: Pod
    times: CopyTimes

    @classmethod
    def of(cls, pod: Pod, suffix: str, times: CopyTimes) -> "PodCopy":
        """The copy of `pod` whose name ends in `suffix`."""
        name = copy_name(pod, suffix)
        return cls(pod_copy(pod, name, deadline_s=times.deadline_s), pod, times)

    def judge(self, cluster: Cluster) -> None:
        """Have the API server judge it, quotas included; raises Rejected."""
        cluster.create_pod(self.manifest, dry_run=True)

    @contextmanager
    def created(
        self, cluster: Cluster, *, clock: Clock, tell: Callable[[str], None]
    ) -> Iterator[TargetRef]:
        """The copy, ready as its pod is, for as long as the block lasts; `tell` hears each step.

        Raises TargetError where it does not start.
        """
        removal = _Removal(cluster, self.manifest["metadata"], clock, tell)
        try:
            cluster.create_pod(self.manifest)
            tell(self._description)
            find = partial(self._refuse_unstarted, cluster)
            wait_for(find, wait_ms=self.times.start_ms, clock=clock, tell=tell)
            yield TargetRef("pod", removal.name)
        except BaseException:
            removal.start()
            raise
        removal.start()
        removal.wait()

    @property
    def _description(self) -> str:
        name, original = self.manifest["metadata"]["name"], self.original["metadata"]["name"]
        longest = format_duration(self.times.deadline_s * 1000)
        return (
            f'created pod "{name}", a copy of pod "{original}" without labels; it ends by itself '
            f"after {longest} at the latest"
        )

    def _refuse_unstarted(self, cluster: Cluster) -> None:
        meta = self.manifest["metadata"]
        pod = cluster.get_pod(meta["namespace"], meta["name"])
        problem = await_reason(pod, must_be_ready=is_ready(self.original))
        if problem:
            raise NotRunning(f'copy "{meta["name"]}" {problem}')


class _Removal:
    """Removes the copy; what fails is told, since the error that ended the run matters more."""

    def __init__(
        self,
        cluster: Cluster,
        meta: Mapping[str, str],
        clock: Clock,
        tell: Callable[[str], None],
    ) -> None:
        self._cluster, self._clock, self._tell = cluster, clock, tell
        self._namespace, self.name = meta["namespace"], meta["name"]

    def start(self) -> None:
        """Delete it, also where nobody knows whether it was created."""
        try:
            pod = self._cluster.get_pod(self._namespace, self.name)
            _delete(self._cluster, pod)
            self._tell(f'removed the copy "{self.name}"')
        except NotFound:
            pass
        except StressError as error:
            self._tell(
                f'the copy "{self.name}" could not be removed ({error}): run kubectl delete pod '
                f"{self.name} -n {self._namespace}"
            )

    def wait(self) -> None:
        """Wait for its end, as long as a kubelet that lives takes."""
        deadline_ms = self._clock.now_ms() + _GONE_MS
        try:
            while self._clock.now_ms() < deadline_ms:
                self._cluster.get_pod(self._namespace, self.name)
                self._clock.sleep(_POLL_S)
        except StressError:  # NotFound, or told where it was deleted
            return


def _delete(cluster: Cluster, pod: Pod) -> None:
    meta, own = pod["metadata"], pod["spec"].get("terminationGracePeriodSeconds", _GRACE_S)
    grace_s = min(_GRACE_S, own)
    cluster.delete_pod(meta["namespace"], meta["name"], uid=meta["uid"], grace_s=grace_s)


def remove_copies(cluster: Cluster, copies: Iterable[Pod], tell: Callable[[str], None]) -> None:
    """Remove those that do not go already; one that may not be removed is told, with how to."""
    for pod in copies:
        if is_being_deleted(pod):
            continue
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        try:
            _delete(cluster, pod)
            tell(f'removed pod "{name}", a copy that a run made')
        except NotFound:
            continue
        except StressError as error:
            tell(
                f'pod "{name}" is a copy that a run made, and could not be removed ({error}): '
                f"run kubectl delete pod {name} -n {namespace}"
            )


def remove_ended_copies(
    cluster: Cluster, namespaces: Iterable[str], tell: Callable[[str], None]
) -> None:
    """Remove what runs left whose client died; nothing is wrong where it cannot be looked for."""
    for namespace in namespaces:
        with suppress(StressError):
            found = cluster.list_pods(namespace, COPY_SELECTOR)["items"]
            remove_copies(cluster, filter(is_ended_copy, found), tell)
