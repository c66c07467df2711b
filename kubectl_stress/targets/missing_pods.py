"""Why a workload has no pod that runs, and what changes that. Pure: no I/O."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from kubectl_stress.errors import NotRunning, TargetError
from kubectl_stress.targets.owned_pods import phase
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.ref import TargetRef


def refuse_missing_pods(
    workload: Mapping[str, Any], ref: TargetRef, namespace: str, pods: Sequence[Pod]
) -> NoReturn:
    """Raise NotRunning, or TargetError for a Job that has ended: its pods never run again.

    `pods` are those of the workload that do not run yet.
    """
    spec, status = workload.get("spec") or {}, workload.get("status") or {}
    where = f'{ref} in namespace "{namespace}"'
    if spec.get("replicas") == 0:
        scale = f"kubectl scale {ref} --replicas 1 -n {namespace}"
        raise NotRunning(f"{where} is scaled to 0 and has no pods", remedy=f"run {scale}")
    if spec.get("suspend"):
        raise NotRunning(f"{where} is suspended", remedy="set its spec.suspend to false")
    ended = _end(status)
    if ended:
        raise TargetError(f"{where} has ended ({ended}): its pods do not run again")
    if status.get("desiredNumberScheduled") == 0:
        raise NotRunning(f"{where} has no pods: no node matches")
    states = ", ".join(f"{pod['metadata']['name']} is {phase(pod)}" for pod in pods)
    raise NotRunning(
        f"{where} has no running pod{states and f' ({states})'}",
        remedy=f"see kubectl describe {ref} -n {namespace}",
        wait="use --wait 1m to wait for one",
    )


def _end(status: Mapping[str, Any]) -> str:
    """`Complete` or `Failed`, of a Job that has ended."""
    for condition in status.get("conditions") or ():
        if condition.get("type") in ("Complete", "Failed") and condition.get("status") == "True":
            return str(condition["type"])
    return ""
