"""What is particular to a load of memory: its size, its notes, and what the agent is told. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from kubectl_stress.agent.commands import MemoryLoad
from kubectl_stress.agent.protocol import Hello
from kubectl_stress.errors import Refused
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.plan.spec import AfterOom, LoadKind, MemSpec
from kubectl_stress.quantity import PAGE_BYTES, format_bytes, format_duration
from kubectl_stress.targets.target import Target

# memory.stat is flushed late by the kernel: what is read sooner after the release is still old.
SETTLE_MS = 3_000

# The kernel never chooses a process at -1000; this is the lowest of those that it may choose.
_LOWEST_KILLABLE = -999


def declared_size(amount: Amount, target: Target, loaded: str) -> tuple[int | None, str]:
    """The size in bytes and in words; None while only the agent can tell what it is a share of.

    Raises Refused where what it is a share of is not set; `loaded` says whose limit it would be.
    """
    if amount.absolute_bytes is not None:
        return amount.absolute_bytes, format_bytes(amount.absolute_bytes)
    if amount.base is ShareBase.LIMIT:
        word = "pod's limit" if target.is_limited_by_pod else "limit"
        return _share(amount, target.effective_limit_bytes, word, loaded)
    if amount.base is ShareBase.REQUEST:
        return _share(amount, target.request_bytes, "request", loaded)
    assert amount.base is not None
    return None, f"{amount.percent}% of the {amount.base.value} (read once the agent has started)"


def _share(amount: Amount, base: int | None, word: str, loaded: str) -> tuple[int, str]:
    if base is None:
        raise Refused(
            f"{loaded} has no memory {word}, so {amount.text} cannot be computed: use an absolute "
            f"--size like 256Mi" + (" and --force" if word == "limit" else "")
        )
    return _sized(amount, base, word)


def size_read(amount: Amount, hello: Hello, headroom_bytes: int | None) -> tuple[int, str]:
    """The size of a share of what only the agent can read; raises Refused where it cannot."""
    is_node = amount.base is ShareBase.NODE
    base = hello.node_total_bytes if is_node else headroom_bytes
    word = "node's memory" if is_node else "headroom"
    if base is None:
        raise Refused(f"the {word} cannot be read: use an absolute --size like 256Mi")
    return _sized(amount, base, word)


def _sized(amount: Amount, base: int, word: str) -> tuple[int, str]:
    size = amount.of(base)
    share = f"{amount.percent}% of the {word} {format_bytes(base)}"
    if size < PAGE_BYTES:
        raise Refused(f"{share} is less than a page of memory (4 KiB): choose a larger --size")
    return size, f"{format_bytes(size)} ({share})"


def notes(spec: MemSpec, target: Target, size_bytes: int | None) -> tuple[str, ...]:
    """What a person should know before the load begins."""
    found, limit = [], target.effective_limit_bytes
    if spec.workers > 1 and size_bytes is not None:
        each = format_bytes(size_bytes // spec.workers)
        found.append(f"the size is the total of all {spec.workers} workers: each holds {each}")
    if is_page_cache(spec):
        found.append(
            "a load of kind file is page cache, written to the node's disk: it counts as "
            "ephemeral storage of the pod until the run ends"
        )
    elif size_bytes is not None and limit is not None and size_bytes >= limit:
        found.append("the size alone reaches the limit: expect an OOM kill")
    return tuple(found)


def is_page_cache(spec: MemSpec) -> bool:
    """Whether the kernel can take the load back before it kills anybody."""
    return spec.kind is LoadKind.FILE


def may_reach_limit(spec: MemSpec, target: Target, size_bytes: int | None) -> bool:
    """Whether the load may reach the limit, judged by what the container requests for itself."""
    limit = target.effective_limit_bytes
    if is_page_cache(spec):
        return False
    if size_bytes is None or limit is None:
        return True
    return size_bytes > limit - (target.request_bytes or 0)


def killable(spec: MemSpec, hello: Hello) -> MemSpec:
    """The spec with an oom_score_adj at which the kernel can kill the load.

    Copied from a target at -1000, neither load nor app could be killed at the limit, and the kernel
    would find nobody: every process there would hang in the allocation.
    """
    is_copied = spec.oom_score_adj is None and hello.target_oom_score_adj == -1000
    return replace(spec, oom_score_adj=_LOWEST_KILLABLE) if is_copied else spec


def node_notes(spec: MemSpec, hello: Hello) -> Iterator[str]:
    """What a person should know before the load begins, of what only the agent could read."""
    if killable(spec, hello) is not spec:
        yield (
            f"the target has oom_score_adj -1000 and is never OOM-killed: the load gets "
            f"{_LOWEST_KILLABLE}, so that the kernel can kill it at the limit"
        )
    if spec.after_oom is AfterOom.REPEAT:
        yield _repeats(spec, hello)


def _repeats(spec: MemSpec, hello: Hello) -> str:
    times = f"after an OOM kill the load is repeated, at most {spec.max_restarts} times"
    if hello.oom_group:
        return (
            f"{times}: each kill restarts the whole container (memory.oom.group), and each new "
            "load adds an ephemeral container that stays in the pod"
        )
    return f"{times}: only the killed process dies; usage drops and climbs again"


def agent_load(spec: MemSpec, size_bytes: int, step_bytes: tuple[int, ...] = ()) -> MemoryLoad:
    """What the agent is told."""
    return MemoryLoad(
        size_bytes=size_bytes,
        duration_ms=spec.duration_ms,
        ramp_ms=spec.ramp_ms,
        workers=spec.workers,
        oom_score_adj=spec.oom_score_adj,
        kind=spec.kind.value,
        dirty_bytes_per_s=spec.dirty_bytes_per_s,
        settle_ms=SETTLE_MS,
        steps_bytes=step_bytes,
        step_hold_ms=spec.step_hold_ms,
    )


def describe_load(spec: MemSpec, size_note: str) -> str:
    """The load in a few words, with its size."""
    kind = "" if spec.kind is LoadKind.ANON else f" (kind {spec.kind.value})"
    return f"memory load{kind} of {size_note}"


def describe_activity(spec: MemSpec) -> str:
    """What the load does beside being held, to follow its duration; empty where it only holds."""
    dirty, steps = spec.dirty_bytes_per_s, ", ".join(step.text for step in spec.steps)
    hold = format_duration(spec.step_hold_ms)
    return (
        f"{steps and f', after {steps} for {hold} each'}"
        f"{f', rewriting {format_bytes(dirty)} a second' if dirty else ''}"
    )
