"""Finds the pods that owners create in the place of lost ones."""

import threading
from collections.abc import Iterable
from dataclasses import replace

from kubectl_stress.errors import NotRunning
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.preflight.find_target import owner_and_pods, read_owner
from kubectl_stress.targets.copy_start import await_reason
from kubectl_stress.targets.owners import Owner, replicas
from kubectl_stress.targets.pod import Pod, describe
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.replacement import may_replace, refuse_unreplaced
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target


class Replacements:
    """Gives each new pod once. Pods that run when this is made are not new; from any thread."""

    def __init__(self, cluster: Cluster, targets: Iterable[Target]) -> None:
        self._cluster, self._lock = cluster, threading.Lock()
        owners = dict.fromkeys((target.namespace, _ref(target)) for target in targets)
        running = (owner_and_pods(cluster, ref, namespace)[1] for namespace, ref in owners)
        self._given = {_uid(pod) for pods in running for pod in pods}

    def find(self, lost: Target, *, must_be_ready: bool) -> Target:
        """The same container of the new pod; raises NotRunning while there is none that runs."""
        ref = _ref(lost)
        workload, pods = read_owner(self._cluster, ref, lost.namespace)
        new = [pod for pod in pods if _uid(pod) not in self._given and may_replace(pod, lost)]
        if not new:
            refuse_unreplaced(workload, lost, len(pods))
            raise NotRunning(f"{ref} has no new pod yet")
        problems = []
        for pod in new:
            if problem := _problem(pod, lost.container, must_be_ready=must_be_ready):
                problems.append(f"{describe(pod)} {problem}")
                continue
            target = Target.from_pod(pod, lost.container)
            if self._take(pod):
                return replace(target, owner=Owner(ref.kind, ref.name, replicas(workload)))
        raise NotRunning("; ".join(problems) or f"{ref} has no new pod yet")

    def _take(self, pod: Pod) -> bool:
        """Whether nobody else has it."""
        with self._lock:
            is_free = _uid(pod) not in self._given
            self._given.add(_uid(pod))
        return is_free


def _problem(pod: Pod, container: str, *, must_be_ready: bool) -> str:
    """What it still waits for, "" for nothing."""
    if problem := await_reason(pod, must_be_ready=False):
        return problem
    is_ready = ContainerStatus.from_pod(pod, container).ready
    return "runs and is not ready" if must_be_ready and not is_ready else ""


def _ref(target: Target) -> TargetRef:
    assert target.owner is not None
    return TargetRef(target.owner.kind, target.owner.name)


def _uid(pod: Pod) -> str:
    return str(pod["metadata"]["uid"])
