"""What is particular to a load of CPU time: its size, its notes, and what the agent is told. Pure.

As `plan.memory`, a `Resource` of `plan.decide`.
"""

import math
from dataclasses import replace

from kubectl_stress.agent.commands import CpuOptions, cpu_level_command, load_command
from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Sample
from kubectl_stress.errors import Refused
from kubectl_stress.plan import guards
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.plan.later import LaterCommand, later_steps
from kubectl_stress.plan.plan import CpuSize, Plan
from kubectl_stress.plan.spec import CpuLoad, LoadSpec
from kubectl_stress.quantity import format_duration, format_millicores
from kubectl_stress.targets.target import Target

_A_CPU = 1_000
_MOST_WORKERS = 64
_LEAST_MILLICORES = 0.01  # a thousandth of a percent, the least that the agent takes


def is_asked(spec: LoadSpec) -> bool:
    """Whether there is a CPU load."""
    return spec.cpu is not None


def _load(plan: Plan) -> CpuLoad:
    assert plan.spec.cpu is not None
    return plan.spec.cpu


def _size(plan: Plan) -> CpuSize:
    assert plan.cpu is not None
    return plan.cpu


def declared(plan: Plan) -> Plan:
    """The plan with the size as far as the API alone tells it; raises Refused."""
    load = _load(plan)
    millicores, note = _declared_size(load.amount, plan)
    steps = tuple(_declared_size(step, plan)[0] for step in load.steps)
    return _fitting(replace(plan, cpu=CpuSize(millicores, note, steps)))


def _declared_size(amount: Amount, plan: Plan) -> tuple[float | None, str]:
    if amount.absolute_millicores is not None:
        return amount.absolute_millicores, _words(amount.absolute_millicores)
    target = plan.target
    limit = target.effective_limit_millicores
    if amount.base is ShareBase.LIMIT and limit is not None:
        return _sized(amount, limit, "pod's CPU limit" if target.is_cpu_limited_by_pod else "limit")
    if amount.base is ShareBase.REQUEST:
        if target.request_millicores is None:
            raise Refused(
                f"{guards.describe_loaded(target, plan.join)} has no CPU request, so {amount.text} "
                "cannot be computed: use an absolute --load like 500m"
            )
        return _sized(amount, target.request_millicores, "request")
    return None, f"{amount.percent}% of the node's CPUs (read once the agent has started)"


def _sized(amount: Amount, base: float, word: str) -> tuple[float, str]:
    assert amount.percent is not None
    millicores = float(amount.percent) * base / 100
    share = f"{amount.percent}% of the {word} {format_millicores(base)}"
    if millicores < _LEAST_MILLICORES:
        raise Refused(f"{share} is too little to load: choose a larger --load")
    return millicores, f"{_words(millicores)} ({share})"


def _words(millicores: float) -> str:
    unit = "CPUs" if millicores > _A_CPU else "CPU"
    return f"{format_millicores(millicores)} {unit}"


def _fitting(plan: Plan) -> Plan:
    """The same; raises Refused where that many workers cannot use so much."""
    millicores, workers = _size(plan).millicores, _load(plan).workers
    if millicores is not None and millicores > (workers or _MOST_WORKERS) * _A_CPU:
        raise Refused(
            f"{_words(millicores)} needs more than {workers or _MOST_WORKERS} workers, since each "
            "uses one CPU at most: give more --workers or a smaller --load"
        )
    return plan


def refuse(_plan: Plan, *, force: bool) -> None:
    """A container without a CPU limit shares the node by its request, so nothing is refused."""


def notes(plan: Plan) -> tuple[str, ...]:
    """What a person should know before the load begins."""
    load, target, millicores = _load(plan), plan.target, _size(plan).millicores
    limit, found = target.effective_limit_millicores, []
    if limit is None:
        found.append(
            f"{guards.describe_loaded(target, plan.join)} has no CPU limit: nothing will throttle "
            f'it but the other work of node "{target.node}"'
            + (", and % is of the node's CPUs" if load.amount.base is ShareBase.LIMIT else "")
        )
    elif millicores is not None and millicores >= limit:
        found.append("the load alone reaches the CPU limit: expect throttling")
    if millicores is not None and (workers := _workers(load, millicores)) > 1:
        each = format_millicores(millicores / workers)
        found.append(f"the load is the total of all {workers} workers: each uses {each}")
    return tuple(found)


def may_end_target(plan: Plan) -> bool:
    """Whether the app may get so little that its liveness probe fails: below what it requests."""
    limit, millicores = plan.target.effective_limit_millicores, _size(plan).millicores
    if "liveness" not in plan.target.probes:
        return False
    if limit is None or millicores is None:
        return True
    return millicores > limit - (plan.target.request_millicores or 0)


def settled(plan: Plan, hello: Hello, _reading: Sample) -> Plan:
    """The plan with its size; raises Refused where it cannot be told."""
    size, load = _size(plan), _load(plan)
    if size.millicores is None:
        size = CpuSize(*_size_read(load.amount, hello), size.step_millicores)
    steps = tuple(
        _size_read(step, hello)[0] if known is None else known
        for step, known in zip(load.steps, size.step_millicores, strict=True)
    )
    return _fitting(replace(plan, cpu=replace(size, step_millicores=steps)))


def _size_read(amount: Amount, hello: Hello) -> tuple[float, str]:
    if hello.cpus is None:
        raise Refused("the node's CPUs cannot be read: use an absolute --load like 500m")
    return _sized(amount, hello.cpus * _A_CPU, "node's CPUs")


def node_notes(plan: Plan, hello: Hello) -> tuple[str, ...]:
    """What a person should know before the load begins, of what only the agent could read."""
    millicores = _size(plan).millicores
    if hello.cpus is None or millicores is None or millicores <= hello.cpus * _A_CPU:
        return ()
    return (
        f'{_words(millicores)} is more than the {hello.cpus} CPUs of node "{plan.target.node}": '
        "the load gets less than was asked for",
    )


def at_quota(plan: Plan, hello: Hello) -> str:
    """What the load will meet, in one clause."""
    limit, millicores = plan.target.effective_limit_millicores, _size(plan).millicores
    assert millicores is not None
    if _load(plan).is_level:
        return _at_level(limit, millicores)
    if limit is None:
        of_node = f" of the {hello.cpus} CPUs of the node" if hello.cpus else ""
        return f"the load will use {format_millicores(millicores)}{of_node}, without a quota"
    share = f"{100 * millicores / limit:.0f}% of the CPU limit {format_millicores(limit)}"
    if millicores >= limit:
        return f"the load asks for {share}: the quota will throttle it and the app together"
    left = format_millicores(limit - millicores)
    return f"the load will use {share}: the container is throttled once the app needs over {left}"


def _at_level(limit: float | None, millicores: float) -> str:
    level = format_millicores(millicores)
    if limit is None:
        return f"the container's CPU use will be held at {level}, without a quota"
    share = f"{100 * millicores / limit:.0f}% of the CPU limit {format_millicores(limit)}"
    if millicores >= limit:
        return f"the level {level} is {share}: the quota will throttle the container"
    return f"the container's CPU use will be held at {level}, {share}; the app keeps its own part"


def later_commands(plan: Plan) -> tuple[LaterCommand, ...]:
    """The loads or levels of the steps after the first, each after so many milliseconds more."""
    if plan.cpu is None:
        return ()
    command = cpu_level_command if _load(plan).is_level else load_command
    sizes = (*_size(plan).step_millicores, _size(plan).millicores)[1:]
    steps = [(command(agent_percent(plan, size)), _words(size)) for size in sizes if size]
    return later_steps(plan.spec.schedule.step_hold_ms, steps)


def agent_options(plan: Plan) -> CpuOptions:
    """What the agent is told at first: the load of the first step."""
    first = (*_size(plan).step_millicores, _size(plan).millicores)[0]
    assert first is not None
    return CpuOptions(agent_percent(plan, first), worker_count(plan), _load(plan).is_level)


def worker_count(plan: Plan) -> int:
    """As many as were asked for, or as the largest size needs."""
    millicores = _size(plan).millicores
    assert millicores is not None
    return _workers(_load(plan), millicores)


def _workers(load: CpuLoad, millicores: float) -> int:
    return load.workers or max(1, math.ceil(millicores / _A_CPU))


def agent_percent(plan: Plan, millicores: float) -> float:
    """In percent of one CPU: what each worker is told, or the level of the whole container."""
    shared_by = 1 if _load(plan).is_level else worker_count(plan)
    return 100 * millicores / _A_CPU / shared_by


def open_size(plan: Plan) -> bool:
    """Whether only the agent can tell the size."""
    return _size(plan).millicores is None


def size_note(plan: Plan) -> str:
    """The size in words, with what it is a share of."""
    return _size(plan).note


def describe(plan: Plan) -> str:
    """The load in a few words, with its size."""
    kind = "load up to a level" if _load(plan).is_level else "load"
    return f"CPU {kind} of {_size_of_load(plan)}"


def _size_of_load(plan: Plan) -> str:
    """As `size_note`, after words that say what it is a size of: 500m, and not 500m CPU."""
    millicores, note = _size(plan).millicores, size_note(plan)
    if millicores is None or millicores >= _A_CPU:
        return note
    return f"{format_millicores(millicores)}{note.removeprefix(_words(millicores))}"


def describe_activity(plan: Plan) -> str:
    """What comes before the last size; empty where there are no steps."""
    steps = ", ".join(step.text for step in _load(plan).steps)
    return steps and f", after {steps} for {format_duration(plan.spec.schedule.step_hold_ms)} each"


def describe_limit(target: Target) -> str:
    """The limit that the load meets."""
    limit = target.effective_limit_millicores
    return "no CPU limit" if limit is None else f"CPU limit {format_millicores(limit)}"
