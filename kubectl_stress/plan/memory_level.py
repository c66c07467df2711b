"""A memory load that holds the whole container at a level, as `--to` asks. Pure.

The loop itself runs in the agent, which reads the limit again at each of its turns.
"""

from dataclasses import replace

from kubectl_stress.agent.commands import level_command
from kubectl_stress.agent.samples import Memory
from kubectl_stress.errors import Refused
from kubectl_stress.plan import guards
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.later import LaterCommand, later_steps
from kubectl_stress.plan.load_words import Metric
from kubectl_stress.plan.plan import MemorySize, Plan
from kubectl_stress.plan.spec import MemoryLoad
from kubectl_stress.quantity import format_bytes
from kubectl_stress.targets.target import Target


def declared_level(plan: Plan, load: MemoryLoad) -> Plan:
    """The plan with the level in bytes; raises Refused where there is nothing that it is of."""
    assert load.metric is not None
    level = level_of(load.amount, plan)
    note = f"{_words(load.amount, level, plan.target)} of {METRIC_WORDS[load.metric]}"
    for step in load.steps:
        level_of(step, plan)
    return replace(plan, memory=MemorySize(None, note, level_bytes=level))


METRIC_WORDS = {Metric.WORKING_SET: "working set", Metric.USAGE: "usage"}


def level_of(amount: Amount, plan: Plan) -> int:
    """The level in bytes; raises Refused where there is nothing that it is of."""
    if amount.absolute_bytes is not None:
        return amount.absolute_bytes
    limit = plan.target.effective_limit_bytes
    if limit is None:
        raise Refused(
            f"{guards.describe_loaded(plan.target, plan.join)} has no memory limit, so --to "
            f"{amount.text} cannot be computed: use an absolute level like 256Mi and --force"
        )
    level = limit - amount.below_limit_bytes if amount.below_limit_bytes else amount.of(limit)
    if level <= 0:
        raise Refused(f"--to {amount.text}: the limit is only {format_bytes(limit)}")
    return level


def _words(amount: Amount, level: int, target: Target) -> str:
    limit = format_bytes(target.effective_limit_bytes)
    if amount.below_limit_bytes is not None:
        below = format_bytes(amount.below_limit_bytes)
        return f"{format_bytes(level)} ({below} below the limit {limit})"
    share = "" if amount.percent is None else f" ({amount.percent}% of the limit {limit})"
    return f"{format_bytes(level)}{share}"


def settled_level(size: MemorySize, load: MemoryLoad, memory: Memory) -> MemorySize:
    """With what is to be added to begin with."""
    now = measured_bytes(load, memory)
    assert size.level_bytes is not None
    return replace(size, size_bytes=max(0, size.level_bytes - (now or 0)))


def measured_bytes(load: MemoryLoad, memory: Memory) -> int | None:
    """What the level is of."""
    return memory.usage_bytes if load.metric is Metric.USAGE else memory.working_set_bytes


def level_word(amount: Amount) -> str:
    """The level as the agent takes it."""
    if amount.absolute_bytes is not None:
        return str(amount.absolute_bytes)
    if amount.below_limit_bytes is not None:
        return f"limit-{amount.below_limit_bytes}"
    return f"{amount.percent:f}%"


def level_commands(load: MemoryLoad, hold_ms: int) -> tuple[LaterCommand, ...]:
    """The levels after the first one, each after so many milliseconds more."""
    assert load.metric is not None
    metric = load.metric.value
    levels = (*load.steps, load.amount)[1:]
    steps = [
        (level_command(level_word(level), metric), f"a level of {level.text}") for level in levels
    ]
    return later_steps(hold_ms, steps)


def may_end_by_level(plan: Plan) -> bool:
    """Whether the app may cross the limit by taking at once what it requests for itself."""
    limit = plan.target.effective_limit_bytes
    level = plan.memory.level_bytes if plan.memory else None
    if limit is None or not level:
        return True
    return (plan.target.request_bytes or 0) > limit - level or level >= limit


def at_level(level: int, load: MemoryLoad, memory: Memory) -> str:
    """What the level means beside what is used now; without the kernel's choice."""
    now = measured_bytes(load, memory)
    assert load.metric is not None
    metric = METRIC_WORDS[load.metric]
    if now is not None and now > level:
        return (
            f"the {metric} {format_bytes(now)} is above the level {format_bytes(level)} already: "
            "nothing is added until it falls"
        )
    return f"the {metric} will be held at {format_bytes(level)} ({format_bytes(now)} now)"
