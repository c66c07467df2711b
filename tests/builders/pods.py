"""Small builders of what the pure core takes: pods, samples, findings."""

from typing import Any, Self

from kubectl_stress.agent.hold_command import hold_arguments
from kubectl_stress.agent.protocol import Bye, EndReason, Hello, WorkerKilled
from kubectl_stress.agent.samples import Memory, Phase, Sample
from kubectl_stress.agent.series import Series
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.plan import Plan
from kubectl_stress.results.report import Report
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.status import ContainerStatus, Termination
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.findings import Ending, Findings
from kubectl_stress.verdict.judge import judge
from tests.builders.loads import memory_load

MIB = 1 << 20


class PodBuilder:
    """A running pod as the API server shows it: `pod("web").container("app", limit="128Mi")`."""

    def __init__(self, name: str, namespace: str = "default") -> None:
        self.dict: dict[str, Any] = {
            "metadata": {"name": name, "namespace": namespace, "uid": f"uid-of-{name}"},
            "spec": {"nodeName": "node-1", "containers": []},
            "status": {"phase": "Running", "qosClass": "Burstable", "containerStatuses": []},
        }

    def container(
        self, name: str, *, limit: str | None = None, request: str | None = None, **spec: Any
    ) -> Self:
        resources: dict[str, Any] = {}
        if limit:
            resources["limits"] = {"memory": limit}
        if request:
            resources["requests"] = {"memory": request}
        entry = {"name": name, "image": "app:1", "resources": resources, **spec}
        self.dict["spec"]["containers"].append(entry)
        self.dict["status"]["containerStatuses"].append(
            {
                "name": name,
                "containerID": f"containerd://{name}-1",
                "restartCount": 0,
                "ready": True,
                "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
                "user": {"linux": {"uid": 1000, "gid": 1000}},
            }
        )
        return self

    def with_metadata(self, **values: Any) -> Self:
        self.dict["metadata"].update(values)
        return self

    def with_spec(self, **values: Any) -> Self:
        self.dict["spec"].update(values)
        return self

    def with_status(self, **values: Any) -> Self:
        self.dict["status"].update(values)
        return self

    def with_container_status(self, **values: Any) -> Self:
        self.dict["status"]["containerStatuses"][-1].update(values)
        return self

    def with_holder(self, name: str = "kubectl-stress-abc", **values: Any) -> Self:
        entry: dict[str, Any] = {"name": name, "image": "agent:1", "targetContainerName": "app"}
        entry["command"] = ["/agent", *hold_arguments(600_000)]
        entry |= {"securityContext": {"runAsUser": 1000, "runAsGroup": 1000}, **values}
        self.dict["spec"].setdefault("ephemeralContainers", []).append(entry)
        status = {"name": name, "state": {"running": {}}}
        self.dict["status"].setdefault("ephemeralContainerStatuses", []).append(status)
        return self


def pod(name: str = "web", namespace: str = "default") -> PodBuilder:
    return PodBuilder(name, namespace)


def target(limit: str | None = "128Mi", request: str | None = "64Mi") -> Target:
    return Target.from_pod(pod().container("app", limit=limit, request=request).dict)


def plan(size: str = "50Mi", **given: Any) -> Plan:
    spec = given.pop("spec", memory_load(Amount.parse(size)))
    return make_plan(spec, given.pop("target", target()), **given)


def memory(usage_mib: float = 10, **values: Any) -> Memory:
    defaults: dict[str, Any] = {
        "usage_bytes": int(usage_mib * MIB),
        "limit_bytes": 128 * MIB,
        "inactive_file_bytes": 0,
        "oom_kill": 0,
        "oom_group_kill": 0,
        "high_events": 0,
    }
    return Memory(**{**defaults, **values})


def sample(usage_mib: float = 10, *, at_ms: int = 0, held_mib: float = 0, **values: Any) -> Sample:
    return Sample(
        elapsed_ms=at_ms,
        time_ms=at_ms,
        phase=Phase(values.pop("phase", "hold")),
        size_bytes=50 * MIB,
        held_bytes=int(held_mib * MIB),
        cgroup_same=values.pop("cgroup_same", None),
        memory=memory(usage_mib, **values),
        at_ms=at_ms,
    )


def hello(**values: Any) -> Hello:
    defaults: dict[str, Any] = {
        "protocol": 2,
        "version": "0.1.0",
        "elapsed_ms": 0,
        "pid": 30,
        "cgroup_version": 2,
        "cpus": 2,
        "oom_score_adj": 998,
        "target_oom_score_adj": 998,
        "oom_group": True,
        "node_total_bytes": 2048 * MIB,
        "node_available_bytes": 1500 * MIB,
        "node_swap_total_bytes": 0,
        "membership": {"cgroup": "same"},
        "holder_pid": 23,
    }
    return Hello(**{**defaults, **values})


def bye(reason: str = "duration", exit_code: int = 0) -> Bye:
    return Bye(20_000, EndReason(reason), exit_code, 50 * MIB, 0)


def worker_killed(before: int = 0, after: int = 1) -> WorkerKilled:
    return WorkerKilled(5_000, 41, 9, 100 * MIB, before, after, 0, 0, at_ms=5_000)


def terminated(reason: str, exit_code: int, *, at_ms: int = 6_000) -> Change:
    end = Termination("containerd://app-1", reason, exit_code, "", "2026-01-01T00:01:00Z")
    text = f"container terminated: {end}"
    return Change(at_ms, ChangeKind.TERMINATED, text, "status", reason, end)


def event(reason: str, message: str, *, at_ms: int = 5_000) -> Change:
    return Change(at_ms, ChangeKind.EVENT, f"{reason}: {message}", "event", reason)


def findings(*samples: Sample, **values: Any) -> Findings:
    defaults: dict[str, Any] = {
        "samples": Series(list(samples) or [sample(), sample(60, at_ms=2_000, held_mib=50)]),
        "changes": (),
        "ending": Ending(bye(), 0),
        "hello": hello(),
    }
    return Findings(**{**defaults, **values})


def report(seen: Findings | None = None, **values: Any) -> Report:
    """The report that a run of these findings ends with; `size` is what was asked for."""
    asked, seen = plan(values.pop("size", "50Mi")), seen or findings()
    status = ContainerStatus.from_pod(pod().container("app", limit="128Mi").dict, "app")
    defaults: dict[str, Any] = {
        "before": status,
        "after": status,
        "holder": "kubectl-stress-abc",
    }
    return Report(asked, seen, judge(asked, seen), **{**defaults, **values})
