"""`--copy`: a load on a copy of the pod that no traffic reaches, instead of on the pod."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.wiring import now_ms, teller
from kubectl_stress.errors import UsageError

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.operations.copy import CopyTimes
    from kubectl_stress.targets.pod import Pod
    from kubectl_stress.targets.ref import TargetRef
    from kubectl_stress.targets.target import Target
    from kubectl_stress.targets.target_selection import TargetSelection

copy_option = click.option(
    "--copy",
    is_flag=True,
    help="Load a copy of the pod that gets no traffic, and remove it at the end",
)

# Pulling on another node, init containers and readiness take longer than an ephemeral container.
_STARTS = 3


def the_one_to_copy(asked: "TargetSelection") -> "TargetRef":
    """The target to copy; raises UsageError where several may be meant."""
    if not asked.may_be_single:
        raise UsageError(
            "--copy takes one TARGET (a pod, or an owner of which one pod is copied), and no --mode"
        )
    return asked.refs[0]


@contextmanager
def copy_of_target(
    cluster: "Cluster",
    ref: "TargetRef",
    *,
    use_ms: int,
    given: Mapping[str, Any],
    refuse: "Callable[[Target], object] | None" = None,
) -> "Iterator[TargetRef]":
    """The copy to load in place of `ref`, as long as the block lasts; raises StressError.

    `use_ms` is how long it is needed at most; `refuse` raises for what its load could not be.
    A dry run is of the pod itself: nothing is created.
    """
    import secrets

    from kubectl_stress.clock import Clock
    from kubectl_stress.operations.copy import PodCopy

    times = _times(given, use_ms)
    pod = _pod_to_copy(cluster, ref, given["container"], refuse)
    copy = PodCopy.of(pod, secrets.token_hex(3), times)
    tell, dry_run = teller(quiet=given["quiet"]), given.get("dry_run", "none")
    if dry_run != "client":
        copy.judge(cluster)
    if dry_run != "none":
        tell("note: a copy of the pod would be loaded")
        yield ref
    else:
        with copy.created(cluster, clock=Clock(now_ms, time.sleep), tell=tell) as created:
            yield created


def _times(given: Mapping[str, Any], use_ms: int) -> "CopyTimes":
    from kubectl_stress.operations.copy import CopyTimes

    start_ms = max(given["wait"], _STARTS * given["timeout"])
    # The ephemeral container may wait for the kubelet as long as its start may take.
    return CopyTimes(start_ms, 2 * given["timeout"] + use_ms)


def _pod_to_copy(
    cluster: "Cluster",
    ref: "TargetRef",
    container: str | None,
    refuse: "Callable[[Target], object] | None",
) -> "Pod":
    """The pod; raises StressError for what its manifest forbids, before a copy is created."""
    from kubectl_stress.errors import TargetError
    from kubectl_stress.operations.copy import pod_to_copy
    from kubectl_stress.preflight.admission import require
    from kubectl_stress.preflight.permissions import COPY
    from kubectl_stress.targets.target import Target, choose_container

    require(cluster, COPY, cluster.namespace)
    pod = pod_to_copy(cluster, ref)
    choose_container(pod, container)
    with suppress(TargetError):  # where it does not run, its copy may
        target = Target.from_pod(pod, container)
        if refuse is not None:
            refuse(target)
    return pod
