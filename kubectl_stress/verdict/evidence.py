"""The facts that a verdict rests on, as sentences. Pure: no I/O.

Every fact keeps its time and its source; a counter that could not be read is unknown, never 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from kubectl_stress.agent.samples import Memory, Sample
from kubectl_stress.plan.cpu_gauge import asked_millicores
from kubectl_stress.plan.load_words import LoadKind
from kubectl_stress.plan.plan import Plan
from kubectl_stress.quantity import format_bytes, format_millicores
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.verdict.findings import Findings, events, is_pods_limit, of_kind

# The load grows in steps of at most 0.5% of the limit near it, each after a sample; what the app
# takes meanwhile comes on top.
_NEAR_PERCENT = 90
_RESIZE_MS = 30_000
_BEFORE_A_KILL_MS = 3_000
_WORTH_TELLING_BYTES = 1 << 20


@dataclass(frozen=True)
class Evidence:
    """One fact: when (since the run's start by the client's clock), from where, what."""

    at_ms: int
    source: str
    text: str


def as_evidence(changes: Iterable[Change]) -> tuple[Evidence, ...]:
    """Changes as facts, in their own words."""
    return tuple(Evidence(change.at_ms, change.source, change.text) for change in changes)


def worker_kills(findings: Findings) -> tuple[Evidence, ...]:
    """The deaths of workers as their supervisor reports them."""
    return tuple(
        Evidence(
            kill.at_ms,
            "agent",
            f"worker {kill.pid} killed by signal {kill.signal} holding "
            f"{format_bytes(kill.held_bytes)}, oom_kill {_counter(kill.oom_kill_before)} → "
            f"{_counter(kill.oom_kill_after)}",
        )
        for kill in findings.kills
    )


def _counter(value: int | None) -> str:
    return "unknown" if value is None else str(value)


def where_it_ran_out(plan: Plan, findings: Findings) -> str:
    """At whose limit the memory ran out, as far as the last sample shows it."""
    last = _fullest_at_a_kill(findings)
    if last is None or last.memory.usage_bytes is None:
        return "at the limit"
    usage, limit = last.memory.usage_bytes, last.memory.limit_bytes
    is_pods = is_pods_limit(plan, findings)
    if is_pods and plan.target.is_limited_by_pod:
        return "at the pod's limit"
    if limit is not None and usage * 100 >= limit * _NEAR_PERCENT:
        return "at the limit"
    if is_pods:
        return "at the pod's limit"
    if limit is None:
        return "because the node ran out of memory (the container has no limit)"
    return (
        f"while the last sample shows only {100 * usage // limit}% of the limit: its memory rose "
        "faster than it was sampled, or the node ran out"
    )


def kept_by_restart(plan: Plan, findings: Findings) -> tuple[Evidence, ...]:
    """The memory that is there after the restart again: what lies in a tmpfs that outlives it.

    An emptyDir of medium Memory lives as long as the pod (KEP-1967); its pages stay charged, to the
    pod's cgroup once the container's is gone.
    """
    last, volumes = findings.samples.last, plan.target.memory_volumes
    if last is None or not volumes or not of_kind(findings, ChangeKind.TERMINATED):
        return ()
    load = plan.spec.memory
    of_load = last.held_bytes if load and load.kind is LoadKind.SHM else 0
    kept = (last.memory.shmem_bytes or 0) - of_load
    if kept < _WORTH_TELLING_BYTES:
        return ()
    names = ", ".join(volumes)
    text = (
        f"shmem {format_bytes(kept)}: a restart of the container does not free what lies in its "
        f"memory volumes ({names}); it stays charged to the pod"
    )
    return (Evidence(last.at_ms, "agent", text),)


def _fullest_at_a_kill(findings: Findings) -> Sample | None:
    """The last sample; where the load's supervisor told a kill, the fullest of the moments before.

    It samples on, and what it sees then has lost the memory of who was killed.
    """
    times = [kill.at_ms for kill in findings.kills]
    near = [
        sample
        for sample in findings.samples.samples
        if any(0 <= at_ms - sample.at_ms <= _BEFORE_A_KILL_MS for at_ms in times)
    ]
    return max(near, key=_share_of_limit, default=findings.samples.last)


def _share_of_limit(sample: Sample) -> float:
    limit = sample.memory.limit_bytes
    return (sample.memory.usage_bytes or 0) / limit if limit else 0.0


def after_a_resize(findings: Findings) -> str:
    """That a resize shortly before may have been the cause: the limit fell, or was to be changed.

    A kernel that kills while the limit is being lowered leaves no sample with the new one.
    """
    last = findings.samples.last
    if last is None:
        return ""
    since_ms = last.at_ms - _RESIZE_MS
    lowered = [
        f"{format_bytes(old)} to {format_bytes(new)}"
        for before, after in pairwise(findings.samples.samples)
        if (old := before.memory.limit_bytes) and (new := after.memory.limit_bytes)
        if new < old and after.at_ms >= since_ms
    ]
    if lowered:
        return f", after a resize had lowered it from {lowered[-1]}"
    started = [c for c in events(findings, "ResizeStarted") if c.at_ms >= since_ms]
    return ", while a resize of the pod was under way" if started else ""


def resizes(findings: Findings) -> tuple[Evidence, ...]:
    """What was seen of resizes: the limit in the cgroup, and the kubelet's words."""
    words = ("ResizeStarted", "ResizeCompleted", "ResizeError")
    seen = [*of_kind(findings, ChangeKind.RESIZED), *events(findings, *words)]
    return as_evidence(sorted(seen, key=lambda change: change.at_ms))


def _level(memory: Memory) -> str:
    text = f"usage {format_bytes(memory.usage_bytes)}"
    if memory.limit_bytes and memory.usage_bytes is not None:
        percent = 100 * memory.usage_bytes / memory.limit_bytes
        text += f" ({percent:.1f}% of the limit {format_bytes(memory.limit_bytes)})"
    return text


def _held(sample: Sample) -> str:
    asked = asked_millicores(sample.cpu_load)
    if asked is None:
        return f"held {format_bytes(sample.held_bytes)}"
    of_memory = f"held {format_bytes(sample.held_bytes)} and " if sample.held_bytes else ""
    return f"{of_memory}asked for {format_millicores(asked)} CPU"


def load_words(findings: Findings) -> str:
    """The most that was loaded."""
    peak, loads = findings.samples.peak_held_bytes, findings.samples.samples
    asked = max((asked_millicores(one.cpu_load) or 0 for one in loads), default=0)
    words = [format_bytes(peak)] if peak or not asked else []
    return " and ".join([*words, *([f"{format_millicores(asked)} CPU"] if asked else [])])


def last_sample(findings: Findings) -> tuple[Evidence, ...]:
    """The last thing that the agent said, perhaps right before it was killed."""
    last = findings.samples.last
    if last is None:
        return ()
    text = f"last sample: {_level(last.memory)}, the load {_held(last)}"
    return (Evidence(last.at_ms, "agent", text),)


def peak(findings: Findings) -> tuple[Evidence, ...]:
    """The highest sampled usage, and the counters at the end."""
    usages = [s for s in findings.samples.samples if s.memory.usage_bytes is not None]
    if not usages:
        return ()
    top = max(usages, key=lambda sample: sample.memory.usage_bytes or 0)
    level = _level(top.memory)
    if top.memory.limit_bytes != usages[-1].memory.limit_bytes:
        level = f"{level.removesuffix(')')} at that moment)"
    text = f"peak sample: {level}, the load {_held(top)}"
    return (*resizes(findings), Evidence(top.at_ms, "agent", text), counters_after(findings))


def stream_end(findings: Findings) -> tuple[Evidence, ...]:
    """That the stream broke off, where it did."""
    ending = findings.ending
    if ending.bye is not None:
        return ()
    code = ending.lost if ending.exit_code is None else f"exit code {ending.exit_code}"
    return (
        Evidence(
            ending.at_ms, "stream", f"the agent's stream ended without a final message ({code})"
        ),
    )


def counters_after(findings: Findings) -> Evidence:
    """The kernel's counters at the end, or that they are gone with the cgroup: never invented."""
    is_replaced = bool(of_kind(findings, ChangeKind.TERMINATED))
    last = findings.afterwards or findings.samples.last
    if is_replaced or last is None or last.memory.oom_kill is None:
        text = (
            "oom_kill unknown (cgroup gone)" if is_replaced else "oom_kill unknown (not readable)"
        )
        return Evidence(findings.ending.at_ms, "cgroup", text)
    first = findings.samples.first or last
    text = (
        f"oom_kill {_counter(first.memory.oom_kill)} → {last.memory.oom_kill}, oom_group_kill "
        f"{_counter(first.memory.oom_group_kill)} → {_counter(last.memory.oom_group_kill)}"
    )
    return Evidence(last.at_ms, "cgroup", text)
