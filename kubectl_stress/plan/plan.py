"""What will be done to the target, decided before anything is done. Pure: no I/O.

`make_plan` decides what the API server's word is enough for; `resolve` settles with the agent's
first reading what only the node knows (headroom, cgroup version, who is killed together).
"""

from dataclasses import dataclass, replace

from kubectl_stress.agent.commands import MemoryLoad
from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Sample
from kubectl_stress.plan import guards, memory
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.plan.spec import MemSpec
from kubectl_stress.plan.stop_on import stop_words
from kubectl_stress.quantity import format_bytes, format_duration
from kubectl_stress.targets.target import Target


@dataclass(frozen=True)
class Plan:
    """A decided run; `size_bytes` is None while only the agent can tell what it is a share of.

    So is each of `step_bytes`, the sizes that are visited before.
    """

    target: Target
    spec: MemSpec
    size_bytes: int | None
    size_note: str
    notes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    join: Join = Join.EXEC
    step_bytes: tuple[int | None, ...] = ()

    def load(self) -> MemoryLoad:
        """What the agent is told."""
        assert self.size_bytes is not None
        steps = tuple(step for step in self.step_bytes if step is not None)
        load = memory.agent_load(self.spec, self.size_bytes, steps)
        # Near a limit of the pod the load must grow as carefully as near the container's.
        return replace(load, pod_limit_bytes=self.target.pod_limit_bytes)


def make_plan(
    spec: MemSpec, target: Target, *, force: bool = False, join: Join = Join.EXEC
) -> Plan:
    """Decide what can be decided from the API alone; raises Refused."""
    plan = with_load(Plan(guards.as_loaded(target, join), spec, None, "", join=join), spec)
    if spec.amount.absolute_bytes is None or not force:
        guards.refuse_without_limit(plan.target, join)
    pod_level = (guards.POD_LEVEL_ONLY,) if join is Join.POD else ()
    reaches = memory.may_reach_limit(spec, plan.target, plan.size_bytes)
    return replace(
        plan,
        notes=(*pod_level, *memory.notes(spec, plan.target, plan.size_bytes)),
        questions=guards.questions(plan.target, join, may_reach_limit=reaches),
    )


def with_load(plan: Plan, spec: MemSpec) -> Plan:
    """The plan with another load on the same target, as far as the API alone tells its size."""
    loaded = guards.describe_loaded(plan.target, plan.join)
    size, note = memory.declared_size(spec.amount, plan.target, loaded)
    steps = tuple(memory.declared_size(step, plan.target, loaded)[0] for step in spec.steps)
    return replace(plan, spec=spec, size_bytes=size, size_note=note, step_bytes=steps)


def resolve(plan: Plan, hello: Hello, reading: Sample) -> Plan:
    """The plan with its size, checked against the node; raises Refused before any load.

    Its questions are those that only the reading raises: the others have been answered.
    """
    headroom, size, note = reading.memory.headroom_bytes, plan.size_bytes, plan.size_note
    guards.refuse_little_headroom(headroom)
    guards.refuse_without_pressure(plan.spec.pressure_percent, reading.memory)
    if size is None:
        size, note = memory.size_read(plan.spec.amount, hello, headroom)
    steps = tuple(
        memory.size_read(step, hello, headroom)[0] if known is None else known
        for step, known in zip(plan.spec.steps, plan.step_bytes, strict=True)
    )
    if headroom is None:
        guards.refuse_beyond_node(plan.target, size, hello)
    growth = size if headroom is None else min(size, headroom)
    is_asked = not memory.is_page_cache(plan.spec)
    asked = guards.node_questions(plan.target, growth, hello) if is_asked else ()
    spec = memory.killable(plan.spec, hello)
    return replace(
        plan, spec=spec, size_bytes=size, size_note=note, questions=asked, step_bytes=steps
    )


def summary(plan: Plan) -> str:
    """The plan in one line."""
    spec, target = plan.spec, plan.target
    where = f'{"beside" if plan.join is Join.POD else "on"} container "{target.container}"'
    limit = format_bytes(target.effective_limit_bytes)
    signs = " or ".join(stop_words(spec.stop_on, spec.pressure_percent))
    return (
        f"{memory.describe_load(spec, plan.size_note)} {where} of pod "
        f'"{target.pod}" in namespace "{target.namespace}" (limit {limit}, {target.qos_class}) '
        f"for {format_duration(spec.duration_ms)}{memory.describe_activity(spec)}"
        f"{signs and f', or until {signs}'}"
    )
