"""Waits for a target that does not run yet."""

from collections.abc import Callable
from typing import TypeVar

from kubectl_stress.clock import Clock
from kubectl_stress.errors import NotRunning
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.preflight.find_target import find_target
from kubectl_stress.quantity import format_duration
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.target import Target

Found = TypeVar("Found")
_POLL_S = 0.5
_REMIND_MS = 15_000


def find_and_wait(
    cluster: Cluster,
    ref: TargetRef,
    container: str | None,
    *,
    wait_ms: int,
    clock: Clock,
    tell: Callable[[str], None],
) -> Target:
    """The target of `ref` in the cluster's namespace as soon as it runs; as `wait_for`."""

    def find() -> Target:
        return find_target(cluster, ref, namespace=cluster.namespace, container=container)

    return wait_for(find, wait_ms=wait_ms, clock=clock, tell=tell)


def wait_for(
    find: Callable[[], Found], *, wait_ms: int, clock: Clock, tell: Callable[[str], None]
) -> Found:
    """What `find` returns once it raises NotRunning no more; raises the last after `wait_ms`.

    `tell` hears each new problem, and again each 15 s what is still waited for.
    """
    started_ms = said_ms = clock.now_ms()
    last_problem = ""
    while True:
        try:
            return find()
        except NotRunning as error:
            waited_ms = clock.now_ms() - started_ms
            if waited_ms >= wait_ms:
                raise (error.after(format_duration(wait_ms)) if wait_ms else error) from None
            is_new = error.problem != last_problem
            if is_new or clock.now_ms() - said_ms >= _REMIND_MS:
                last_problem, said_ms = error.problem, clock.now_ms()
                since = "waiting" if is_new else f"still waiting after {format_duration(waited_ms)}"
                tell(f"{since}: {last_problem}")
        clock.sleep(_POLL_S)
