"""The one result value of a run, and its JSON form. Pure: no I/O.

`SCHEMA` names the shape; it changes when a key goes or changes its meaning, not when one is added.
Sizes are whole bytes, times whole milliseconds, units stand in the keys.
"""

from dataclasses import asdict, dataclass
from typing import Any

from kubectl_stress.agent.cpu_use import held_use
from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Phase, Process, Sample
from kubectl_stress.agent.series import Series
from kubectl_stress.errors import Interrupted
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.prediction import victim_at_limit, victim_now
from kubectl_stress.plan.stop_on import stop_words
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.findings import Findings, kill_counts
from kubectl_stress.verdict.outcome import Expectation, Outcome, Verdict, meets

SCHEMA = "kubectl-stress/report/v1"
INCONCLUSIVE_CODE = 4
_ENDS = (ChangeKind.TERMINATED, ChangeKind.EVICTED, ChangeKind.DELETED)


@dataclass(frozen=True)
class Report:
    """What was asked, what was seen and what it means, for one target."""

    plan: Plan
    findings: Findings
    verdict: Verdict
    before: ContainerStatus
    after: ContainerStatus
    holder: str
    processes: tuple[Process, ...] = ()
    processes_before: tuple[Process, ...] = ()
    expectation: Expectation | None = None

    @property
    def is_as_expected(self) -> bool | None:
        """None where nothing was expected."""
        return None if self.expectation is None else meets(self.verdict, self.expectation)

    @property
    def exit_code(self) -> int:
        """0 as expected, or nothing was; 3 not as expected; 4 inconclusive; 130 interrupted."""
        if self.findings.interrupted:
            return Interrupted.exit_code
        if self.verdict.outcome is Outcome.INCONCLUSIVE:
            return INCONCLUSIVE_CODE
        return 3 if self.is_as_expected is False else 0

    @property
    def is_cut_short(self) -> bool:
        """Whether it was interrupted before anything had happened."""
        is_open = self.verdict.outcome is Outcome.INCONCLUSIVE
        return bool(self.findings.interrupted) and is_open

    @property
    def predicted_victim(self) -> Process | None:
        """The predicted first victim at the limit; None where the agent sent nothing."""
        hello, first = self.findings.hello, self.findings.samples.first
        if hello is None or first is None:
            return None
        return victim_at_limit(self.plan, hello, first, self.processes_before)

    @property
    def first_victim_pid(self) -> int | None:
        """Of the process table: who would have died first; None where nobody can tell.

        Where something has ended, the verdict says what, and a prediction would contradict it.
        """
        hello, sample = self.findings.hello, self.findings.samples.last
        if hello is None or sample is None or self._has_ended:
            return None
        victim = victim_now(self.plan.target, hello, sample.memory, self.processes)
        return victim.pid if victim else None

    @property
    def _has_ended(self) -> bool:
        """Whether the load was killed, or the container or its pod ended during the run."""
        seen = self.findings
        return bool(seen.kills) or any(change.kind in _ENDS for change in seen.changes)

    @property
    def restarts(self) -> int:
        """Restarts of the container during the run."""
        return self.after.restart_count - self.before.restart_count

    @property
    def oom_kills(self) -> int | None:
        """Counted OOM kills; None where the counter cannot be read, or went with its cgroup."""
        seen = self.findings
        if any(change.kind is ChangeKind.TERMINATED for change in seen.changes):
            return None
        last = seen.afterwards or seen.samples.last
        is_readable = last is not None and last.memory.oom_kill is not None
        return kill_counts(seen) if is_readable or seen.kills else None

    def to_dict(self) -> dict[str, Any]:
        """The report for `-o json` and `-o yaml`."""
        return {
            "schema": SCHEMA,
            "target": target_dict(self.plan.target, self.findings.hello, self.holder),
            "plan": _plan(self.plan),
            "memory": _memory(self.findings),
            "cpu": _cpu(self.findings),
            "status": _status(self),
            "processes": [asdict(process) for process in self.processes],
            "other_loads": [asdict(load) for load in self.findings.other_loads],
            "predicted_first_victim": victim_dict(self.predicted_victim),
            "worker_kills": [asdict(kill) for kill in self.findings.kills],
            "changes": [change_dict(change) for change in self.findings.changes],
            "verdict": {
                "outcome": self.verdict.outcome.value,
                "sentence": self.verdict.sentence,
                "evidence": [asdict(fact) for fact in self.verdict.evidence],
                "expected": self.expectation.value if self.expectation else None,
                "is_as_expected": self.is_as_expected,
            },
        }


def target_dict(target: Target, hello: Hello | None, holder: str | None) -> dict[str, Any]:
    """Who is looked at, and what an agent there said of it; sizes in bytes."""
    return {
        "namespace": target.namespace,
        "pod": target.pod,
        "pod_uid": target.pod_uid,
        "copy_of": target.copy_of or None,
        "container": target.container,
        "container_id": target.container_id,
        "node": target.node,
        "qos_class": target.qos_class,
        "limit_bytes": target.limit_bytes,
        "pod_limit_bytes": target.pod_limit_bytes,
        "request_bytes": target.request_bytes,
        "cpu_limit_millicores": target.effective_limit_millicores,
        "cpu_request_millicores": target.request_millicores,
        "cgroup_version": hello.cgroup_version if hello else None,
        "memory_oom_group": hello.oom_group if hello else None,
        "oom_score_adj": hello.target_oom_score_adj if hello else None,
        "ephemeral_container": holder,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    spec, schedule = plan.spec, plan.spec.schedule
    return {
        **_memory_plan(plan),
        "cpu": _cpu_plan(plan),
        "stop_on": list(stop_words(spec.stop_on, spec.pressure_percent)),
        "step_hold_ms": schedule.step_hold_ms if spec.step_count else None,
        "ramp_ms": schedule.ramp_ms,
        "duration_ms": schedule.duration_ms,
        "join": plan.join.value,
    }


def _memory_plan(plan: Plan) -> dict[str, Any]:
    """Each None where no memory is loaded."""
    load, size = plan.spec.memory, plan.memory
    return {
        "size": load.amount.text if load and load.metric is None else None,
        "level": load.amount.text if load and load.metric else None,
        "level_bytes": size and size.level_bytes,
        "metric": load and load.metric and load.metric.value,
        "leak_bytes_per_s": load and load.leak and load.leak.bytes_per_s,
        "size_bytes": plan.size_bytes,
        "workers": load and load.workers,
        "kind": load and load.kind.value,
        "dirty_bytes_per_s": load and load.dirty_bytes_per_s,
        "oom_score_adj": load and load.oom_score_adj,
        "after_oom": load and load.after_oom.value,
        "steps_bytes": list(size.step_bytes) if size else [],
    }


def _cpu_plan(plan: Plan) -> dict[str, Any] | None:
    load, size = plan.spec.cpu, plan.cpu
    if load is None or size is None:
        return None
    return {
        "load": load.amount.text,
        "load_millicores": size.millicores,
        "is_level": load.is_level,
        "workers": load.workers,
        "steps_millicores": list(size.step_millicores),
    }


def _memory(findings: Findings) -> dict[str, Any]:
    series = findings.samples
    return {
        "before": _reading(series.first),
        "under_load": _reading(under_load(series)),
        "difference": difference(series),
        "last": _reading(findings.afterwards or series.last),
        "peak_usage_bytes": series.peak_usage_bytes,
        "peak_load_bytes": series.peak_held_bytes,
        "samples": series.count,
        "loads": findings.loads,
    }


def _cpu(findings: Findings) -> dict[str, Any]:
    """What was used while the last size was held, on average; None where nothing was."""
    use = held_use(findings.samples.samples)
    return {
        "under_load": asdict(use) | {"throttled_percent": use.throttled_percent} if use else None
    }


def under_load(series: Series) -> Sample | None:
    """The last sample in which the whole load was held."""
    held = [sample for sample in series.samples if sample.phase is Phase.HOLD]
    return held[-1] if held else None


def difference(series: Series) -> dict[str, int]:
    """How much more each part of the usage is under the load than before, in bytes.

    The parts are anonymous memory, page cache and kernel memory (page tables and slab among it);
    `usage` itself moves in batches of 256 KiB a CPU.
    """
    before, under = series.first, under_load(series)
    if before is None or under is None:
        return {}
    found = {}
    for part in ("usage", "anon", "file", "kernel"):
        old, new = (getattr(one.memory, f"{part}_bytes") for one in (before, under))
        if old is not None and new is not None:
            found[f"{part}_bytes"] = new - old
    return {**found, "load_bytes": under.held_bytes - before.held_bytes}


def _reading(sample: Sample | None) -> dict[str, Any] | None:
    return None if sample is None else sample_dict(sample)


def _status(report: Report) -> dict[str, Any]:
    after, last = report.after, report.after.last_end
    return {
        "container_id": after.container_id,
        "state": after.state,
        "reason": after.reason,
        "ready": after.ready,
        "restart_count_before": report.before.restart_count,
        "restart_count": after.restart_count,
        "last_state": asdict(last) if last else None,
        "oom_kills": report.oom_kills,
    }


def victim_dict(victim: Process | None) -> dict[str, Any] | None:
    """A predicted victim as a JSON object."""
    if victim is None:
        return None
    return {
        "pid": victim.pid or None,  # a worker that is yet to come has none
        "command": victim.command,
        "role": victim.role,
        "badness_bytes": victim.badness_bytes,
    }


def sample_dict(sample: Sample) -> dict[str, Any]:
    """One sample as a JSON object of `-o jsonl`."""
    return {
        "type": "sample",
        "at_ms": sample.at_ms,
        "time_ms": sample.time_ms,
        "phase": sample.phase.value,
        "load_size_bytes": sample.size_bytes,
        "load_held_bytes": sample.held_bytes,
        "load_level_bytes": sample.level_bytes,
        "load_level_state": sample.level_state,
        "working_set_bytes": sample.memory.working_set_bytes,
        **asdict(sample.memory),
        "cpu": asdict(sample.cpu),
        "cpu_load": asdict(sample.cpu_load) if sample.cpu_load else None,
    }


def change_dict(change: Change) -> dict[str, Any]:
    """One change as a JSON object of `-o jsonl`."""
    end = change.termination
    return {
        "type": "change",
        "at_ms": change.at_ms,
        "kind": change.kind.value,
        "source": change.source,
        "reason": change.reason,
        "text": change.text,
        "termination": asdict(end) if end else None,
    }
