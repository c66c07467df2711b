"""A decided run: the load, the target, and what the load comes to there. Pure: no I/O."""

from dataclasses import dataclass

from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.targets.target import Target


@dataclass(frozen=True)
class MemorySize:
    """What a memory load comes to on its target; `note` says so to a person.

    None is not known yet: only the agent can tell what it is a share of. With a level,
    `size_bytes` is what is added to begin with, and there are no `step_bytes`.
    """

    size_bytes: int | None
    note: str
    step_bytes: tuple[int | None, ...] = ()
    level_bytes: int | None = None


@dataclass(frozen=True)
class CpuSize:
    """What a CPU load comes to on its target, in thousandths of a CPU; as `MemorySize`."""

    millicores: float | None
    note: str
    step_millicores: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A decided run; `memory` and `cpu` are there as in `spec`.

    `questions` are what a person must say yes to, each as the reason for asking.
    """

    target: Target
    spec: LoadSpec
    memory: MemorySize | None = None
    cpu: CpuSize | None = None
    notes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    join: Join = Join.EXEC

    @property
    def size_bytes(self) -> int | None:
        """Memory that the load adds; None where it adds none, or nobody can tell yet."""
        return self.memory.size_bytes if self.memory else None
