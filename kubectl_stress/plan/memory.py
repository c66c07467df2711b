"""What is particular to a load of memory: its size, its notes, and what the agent is told. Pure.

As `plan.cpu`, a `Resource` of `plan.decide`.
"""

from dataclasses import replace

from kubectl_stress.agent.commands import MemoryOptions
from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Sample
from kubectl_stress.errors import Refused
from kubectl_stress.plan import guards
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.plan.later import LaterCommand
from kubectl_stress.plan.leak import grown, leak_words, leaked
from kubectl_stress.plan.load_words import AfterOom, LoadKind
from kubectl_stress.plan.memory_level import (
    declared_level,
    level_commands,
    level_of,
    level_word,
    may_end_by_level,
    settled_level,
)
from kubectl_stress.plan.plan import MemorySize, Plan
from kubectl_stress.plan.spec import LoadSpec, MemoryLoad
from kubectl_stress.quantity import PAGE_BYTES, format_bytes, format_duration
from kubectl_stress.targets.target import Target

# The kernel never chooses a process at -1000; this is the lowest of those that it may choose.
_LOWEST_KILLABLE = -999


def is_asked(spec: LoadSpec) -> bool:
    """Whether there is a memory load."""
    return spec.memory is not None


def _load(plan: Plan) -> MemoryLoad:
    assert plan.spec.memory is not None
    return plan.spec.memory


def _size(plan: Plan) -> MemorySize:
    assert plan.memory is not None
    return plan.memory


def declared(plan: Plan) -> Plan:
    """The plan with the size as far as the API alone tells it; raises Refused."""
    loaded, load = guards.describe_loaded(plan.target, plan.join), _load(plan)
    if load.metric is not None:
        return declared_level(plan, load)
    size, note = _declared_size(load.amount, plan.target, loaded)
    steps = tuple(_declared_size(step, plan.target, loaded)[0] for step in load.steps)
    return replace(plan, memory=MemorySize(size, note, steps))


def refuse(plan: Plan, *, force: bool) -> None:
    """Raise Refused where the load must not be."""
    if not (_load(plan).amount.is_absolute and force):
        guards.refuse_without_limit(plan.target, plan.join)


def settled(plan: Plan, hello: Hello, reading: Sample) -> Plan:
    """The plan with its size, and with what the reading must have asked; raises Refused."""
    headroom, load = reading.memory.headroom_bytes, _load(plan)
    if load.metric is not None:
        size = settled_level(_size(plan), load, reading.memory)
    else:
        size = _settled_size(_size(plan), load, hello, headroom)
    assert size.size_bytes is not None
    if headroom is None:
        guards.refuse_beyond_node(plan.target, size.size_bytes, hello)
    growth = size.size_bytes if headroom is None else min(size.size_bytes, headroom)
    is_asked = not is_page_cache(plan.spec)
    asked = guards.node_questions(plan.target, growth, hello) if is_asked else ()
    size, schedule = leaked(size, load, plan.spec.schedule)
    return replace(
        plan,
        spec=replace(plan.spec, memory=_killable(load, hello), schedule=schedule),
        memory=size,
        questions=(*plan.questions, *asked),
    )


def _settled_size(
    size: MemorySize, load: MemoryLoad, hello: Hello, headroom: int | None
) -> MemorySize:
    steps = tuple(
        _size_read(step, hello, headroom)[0] if known is None else known
        for step, known in zip(load.steps, size.step_bytes, strict=True)
    )
    if size.size_bytes is None:
        return MemorySize(*_size_read(load.amount, hello, headroom), steps)
    return replace(size, step_bytes=steps)


def _declared_size(amount: Amount, target: Target, loaded: str) -> tuple[int | None, str]:
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


def _size_read(amount: Amount, hello: Hello, headroom_bytes: int | None) -> tuple[int, str]:
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


def notes(plan: Plan) -> tuple[str, ...]:
    """What a person should know before the load begins."""
    found, limit = [], plan.target.effective_limit_bytes
    load, size_bytes = _load(plan), plan.size_bytes
    if load.metric is not None:
        size_bytes = _size(plan).level_bytes
        if limit is not None and size_bytes is not None and grown(size_bytes, load) >= limit:
            found.append("the level reaches the limit: expect an OOM kill")
    elif load.workers > 1 and size_bytes is not None:
        each = format_bytes(size_bytes // load.workers)
        found.append(f"the size is the total of all {load.workers} workers: each holds {each}")
    if is_page_cache(plan.spec):
        found.append(
            "a load of kind file is page cache, written to the node's disk: it counts as "
            "ephemeral storage of the pod until the run ends"
        )
    elif load.metric is None and size_bytes and limit and grown(size_bytes, load) >= limit:
        found.append("the size alone reaches the limit: expect an OOM kill")
    return tuple(found)


def is_page_cache(spec: LoadSpec) -> bool:
    """Whether the kernel can take the load back before it kills anybody."""
    return spec.memory is not None and spec.memory.kind is LoadKind.FILE


def may_end_target(plan: Plan) -> bool:
    """Whether the load may reach the limit, judged by what the container requests for itself."""
    limit, size_bytes = plan.target.effective_limit_bytes, plan.size_bytes
    if is_page_cache(plan.spec):
        return False
    if _load(plan).metric is not None:
        return may_end_by_level(plan)
    if size_bytes is None or limit is None:
        return True
    return size_bytes > limit - (plan.target.request_bytes or 0)


def _killable(load: MemoryLoad, hello: Hello) -> MemoryLoad:
    """The load with an oom_score_adj at which the kernel can kill it.

    Copied from a target at -1000, neither load nor app could be killed at the limit, and the kernel
    would find nobody: every process there would hang in the allocation.
    """
    is_copied = load.oom_score_adj is None and hello.target_oom_score_adj == -1000
    return replace(load, oom_score_adj=_LOWEST_KILLABLE) if is_copied else load


def node_notes(plan: Plan, hello: Hello) -> tuple[str, ...]:
    """What a person should know before the load begins, of what only the agent could read."""
    load, found = _load(plan), []
    if _killable(load, hello) is not load:
        found.append(
            f"the target has oom_score_adj -1000 and is never OOM-killed: the load gets "
            f"{_LOWEST_KILLABLE}, so that the kernel can kill it at the limit"
        )
    if load.after_oom is AfterOom.REPEAT:
        found.append(_repeats(load, hello))
    return tuple(found)


def _repeats(load: MemoryLoad, hello: Hello) -> str:
    times = f"after an OOM kill the load is repeated, at most {load.max_restarts} times"
    if hello.oom_group:
        return (
            f"{times}: each kill restarts the whole container (memory.oom.group), and each new "
            "load adds an ephemeral container that stays in the pod"
        )
    return f"{times}: only the killed process dies; usage drops and climbs again"


def agent_options(plan: Plan) -> MemoryOptions:
    """What the agent is told."""
    load, size = _load(plan), _size(plan)
    first = (*load.steps, load.amount)[0]
    return MemoryOptions(
        size_bytes=None if load.metric else size.size_bytes,
        level=_level_word(plan, first) if load.metric else None,
        level_metric=load.metric.value if load.metric else None,
        workers=load.workers,
        oom_score_adj=load.oom_score_adj,
        kind=load.kind.value,
        dirty_bytes_per_s=load.dirty_bytes_per_s,
        steps_bytes=tuple(step for step in size.step_bytes if step is not None),
        step_hold_ms=plan.spec.schedule.step_hold_ms,
    )


def _level_word(plan: Plan, first: Amount) -> str:
    """As it was asked for, so that it moves with the limit; one that time cuts short in bytes."""
    level = _size(plan).level_bytes
    is_cut = _load(plan).leak is not None and level != level_of(first, plan)
    return str(level) if is_cut else level_word(first)


def open_size(plan: Plan) -> bool:
    """Whether only the agent can tell the size."""
    return plan.size_bytes is None and _load(plan).metric is None


def later_commands(plan: Plan) -> tuple[LaterCommand, ...]:
    """What the agent is told while it holds: levels, since it visits sizes by itself."""
    load = plan.spec.memory
    if load is None or load.metric is None:
        return ()
    return level_commands(load, plan.spec.schedule.step_hold_ms)


def describe(plan: Plan) -> str:
    """The load in a few words, with its size."""
    kind = _load(plan).kind
    words = "" if kind is LoadKind.ANON else f" (kind {kind.value})"
    load = _load(plan)
    if load.leak is not None:
        return f"memory load{words} that grows by {leak_words(load.leak)} up to {size_note(plan)}"
    what = "of" if load.metric is None else "up to a level of"
    return f"memory load{words} {what} {size_note(plan)}"


def size_note(plan: Plan) -> str:
    """The size in words, with what it is a share of."""
    return _size(plan).note


def describe_activity(plan: Plan) -> str:
    """What the load does beside being held, to follow its duration; empty where it only holds."""
    load = _load(plan)
    dirty, steps = load.dirty_bytes_per_s, ", ".join(step.text for step in load.steps)
    hold = format_duration(plan.spec.schedule.step_hold_ms)
    return (
        f"{steps and f', after {steps} for {hold} each'}"
        f"{f', rewriting {format_bytes(dirty)} a second' if dirty else ''}"
    )


def describe_limit(target: Target) -> str:
    """The limit that the load meets."""
    limit = target.effective_limit_bytes
    return "no limit" if limit is None else f"limit {format_bytes(limit)}"
