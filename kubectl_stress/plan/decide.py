"""Decides what will be done to a target, before anything is done. Pure: no I/O.

`make_plan` decides what the API server's word is enough for; `resolve` settles with the agent's
first reading what only the node knows (headroom, cgroup version, who is killed together).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from kubectl_stress.agent.commands import RunOptions
from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Sample
from kubectl_stress.plan import cpu, guards, memory
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.plan.later import LaterCommand
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.plan.stop_on import stop_words
from kubectl_stress.quantity import format_duration
from kubectl_stress.targets.target import Target

# memory.stat is flushed late by the kernel: what is read sooner after the release is still old.
SETTLE_MS = 3_000


class Resource(Protocol):
    """What a resource decides for its load: `plan.memory` and `plan.cpu` are two of it."""

    def is_asked(self, spec: LoadSpec) -> bool:
        """Whether it is loaded."""

    def declared(self, plan: Plan) -> Plan:
        """With the size as far as the API alone tells it; raises Refused."""

    def refuse(self, plan: Plan, /, *, force: bool) -> None:
        """Raise Refused where the load must not be."""

    def notes(self, plan: Plan) -> tuple[str, ...]:
        """What a person should know before the load begins."""

    def may_end_target(self, plan: Plan) -> bool:
        """Whether the container may end of it."""

    def settled(self, plan: Plan, hello: Hello, reading: Sample, /) -> Plan:
        """With the size, and with what the reading must have asked; raises Refused."""

    def node_notes(self, plan: Plan, hello: Hello) -> tuple[str, ...]:
        """As `notes`, of what only the agent could read."""

    def open_size(self, plan: Plan) -> bool:
        """Whether only the agent can tell the size."""

    def size_note(self, plan: Plan) -> str:
        """The size in words, with what it is a share of."""

    def describe(self, plan: Plan) -> str:
        """The load in a few words, with its size."""

    def describe_activity(self, plan: Plan) -> str:
        """What the load does beside being held, to follow its duration."""

    def describe_limit(self, target: Target) -> str:
        """The limit that the load meets."""


_RESOURCES: tuple[Resource, ...] = (memory, cpu)


def _of(spec: LoadSpec) -> Sequence[Resource]:
    return [resource for resource in _RESOURCES if resource.is_asked(spec)]


def make_plan(
    spec: LoadSpec, target: Target, *, force: bool = False, join: Join = Join.EXEC
) -> Plan:
    """Decide what can be decided from the API alone; raises Refused."""
    guards.refuse_small_pod(target)
    plan = with_load(Plan(guards.as_loaded(target, join), spec, join=join), spec)
    resources = _of(spec)
    for resource in resources:
        resource.refuse(plan, force=force)
    pod_level = (guards.POD_LEVEL_ONLY,) if join is Join.POD else ()
    notes = (note for resource in resources for note in resource.notes(plan))
    may_end = any(resource.may_end_target(plan) for resource in resources)
    return replace(
        plan,
        notes=(*target.start_doubts, *pod_level, *notes),
        questions=guards.questions(plan.target, join, may_reach_limit=may_end),
    )


def with_load(plan: Plan, spec: LoadSpec) -> Plan:
    """The plan with another load on the same target, as far as the API alone tells its size."""
    plan = replace(plan, spec=spec, memory=None, cpu=None)
    for resource in _of(spec):
        plan = resource.declared(plan)
    return plan


def resolve(plan: Plan, hello: Hello, reading: Sample) -> Plan:
    """The plan with its size, checked against the node; raises Refused before any load.

    Its questions are those that only the reading raises: the others have been answered.
    """
    guards.refuse_little_headroom(reading.memory.headroom_bytes, plan.target)
    guards.refuse_without_pressure(plan.spec.pressure_percent, reading.memory)
    plan = replace(plan, questions=())
    for resource in _of(plan.spec):
        plan = resource.settled(plan, hello, reading)
    return plan


def node_notes(plan: Plan, hello: Hello) -> tuple[str, ...]:
    """What a person should know before the load begins, of what only the agent could read."""
    return tuple(note for resource in _of(plan.spec) for note in resource.node_notes(plan, hello))


def sizes_read(before: Plan, after: Plan) -> tuple[str, ...]:
    """The sizes in words that only the reading has told."""
    resources = [resource for resource in _of(before.spec) if resource.open_size(before)]
    return tuple(f"size: {resource.size_note(after)}" for resource in resources)


def run_options(plan: Plan) -> RunOptions:
    """What the agent is told."""
    schedule = plan.spec.schedule
    return RunOptions(
        duration_ms=schedule.duration_ms + sum(later.wait_ms for later in later_commands(plan)),
        ramp_ms=schedule.ramp_ms,
        settle_ms=SETTLE_MS,
        memory=memory.agent_options(plan) if plan.memory else None,
        cpu=cpu.agent_options(plan) if plan.cpu else None,
        # Near a limit of the pod the load must grow as carefully as near the container's.
        pod_limit_bytes=plan.target.pod_limit_bytes,
    )


def later_commands(plan: Plan) -> tuple[LaterCommand, ...]:
    """What the agent is told while it holds, each after so many milliseconds more.

    It visits the sizes of a memory load by itself. Of two loads at once only one has steps.
    """
    return memory.later_commands(plan) or cpu.later_commands(plan)


def summary(plan: Plan) -> str:
    """The plan in one line."""
    spec, target, resources = plan.spec, plan.target, _of(plan.spec)
    loads = " and ".join(resource.describe(plan) for resource in resources)
    activity = "".join(resource.describe_activity(plan) for resource in resources)
    where = f'{"beside" if plan.join is Join.POD else "on"} container "{target.container}"'
    signs = " or ".join(stop_words(spec.stop_on, spec.pressure_percent))
    return (
        f'{loads} {where} of pod "{target.pod}" in namespace "{target.namespace}" ({limits(plan)}, '
        f"{target.qos_class}) {_how_long(spec)}{activity}"
        f"{signs and f', or until {signs}'}"
    )


def limits(plan: Plan) -> str:
    """The limits that the loads meet, in words."""
    return ", ".join(resource.describe_limit(plan.target) for resource in _of(plan.spec))


def _how_long(spec: LoadSpec) -> str:
    leak = spec.memory.leak if spec.memory else None
    if leak is not None:
        return f"for {format_duration(leak.longest_ms)} at most"
    ramp_ms = spec.schedule.ramp_ms
    ramp = f" after a ramp of {format_duration(ramp_ms)}" if ramp_ms else ""
    return f"for {format_duration(spec.schedule.duration_ms)}{ramp}"


def size_notes(plan: Plan) -> str:
    """All sizes in words."""
    return " and ".join(resource.size_note(plan) for resource in _of(plan.spec))


def command_of(spec: LoadSpec) -> str:
    """The command that runs such a load."""
    return "mem" if spec.memory else "cpu"


def asked_sizes(spec: LoadSpec) -> str:
    """The sizes as they were written."""
    return " and ".join(load.amount.text for load in (spec.memory, spec.cpu) if load)
