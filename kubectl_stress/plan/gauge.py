"""How the readings of a resource are shown: in a table, in a line, and as curves. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kubectl_stress.agent.cpu_use import CpuUse
from kubectl_stress.agent.samples import Sample
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target


@dataclass(frozen=True)
class Row:
    """What one row shows: the target with its latest sample and status.

    `oom_kills` counts this run's, and those since the container's start where there is no run; None
    where the cgroup took the counter with it. `spec` is the load that is run, None where there is
    none. `held` is the last sample under the whole load, where `sample` is one after it.
    `load_state` stands for what the load holds, where `sample` no longer tells it. `is_gone`: the
    pod was deleted, and so nothing is used or ready.
    """

    target: Target
    status: ContainerStatus
    sample: Sample | None = None
    peak_usage_bytes: int | None = None
    oom_kills: int | None = 0
    node_available_bytes: int | None = None
    cpu: CpuUse | None = None
    spec: LoadSpec | None = None
    held: Sample | None = None
    load_state: str = ""
    is_gone: bool = False

    @property
    def under_load(self) -> Sample | None:
        """The sample that tells what was asked for."""
        return self.held or self.sample


def at_the_end(state: str) -> str:
    """How a level was held in the end, for a row whose other figures are of after the load."""
    return f"{'met' if state == 'at' else state} at the end"


@dataclass(frozen=True)
class Column:
    """A heading, its cell, and whether it stays on a narrow terminal or needs `-o wide`.

    `of_load`: it says nothing where the resource is not loaded. `is_shown`: for which loads it is
    there, None for all.
    """

    heading: str
    cell: Callable[[Row], str]
    stays: bool = True
    wide_only: bool = False
    of_load: bool = False
    is_shown: Callable[[LoadSpec], bool] | None = None


@dataclass(frozen=True)
class Curve:
    """A line of the picture: its word in the legend, its class, and its value at a sample."""

    word: str
    kind: str
    value: Callable[[Sample], float | None]


@dataclass(frozen=True)
class Drawing:
    """What a picture needs to know of a resource.

    The first of `curves` is the usage, which is drawn where there is room for one alone; that of
    kind `load` is drawn as an area. `limit` is the one enforced at a sample, `planned_limit` what
    the API server tells of it. `unit` is by what the axis counts at this height, and its word;
    `text` a value for a person. The axis reaches at least to `least_top`.
    """

    title: str
    curves: tuple[Curve, ...]
    limit: Callable[[Sample], float | None]
    planned_limit: float | None
    peak: float
    unit: Callable[[float], tuple[float, str]]
    text: Callable[[float | None], str]
    least_top: float

    @property
    def usage(self) -> Curve:
        """The curve that meets the limit."""
        return self.curves[0]

    def moment(self, sample: Sample) -> list[str]:
        """The values of all curves in words."""
        words = [f"{curve.word} {self.text(curve.value(sample))}" for curve in self.curves]
        used = self.usage.value(sample)
        limit = self.limit(sample)
        if limit and used is not None:
            words[0] += f" ({100 * used / limit:.1f}%)"
        return words


class Gauge(Protocol):
    """One resource: `plan.memory_gauge` and `plan.cpu_gauge` are two of it."""

    COLUMNS: tuple[Column, ...]
    WIDE_COLUMNS: tuple[Column, ...]
    HAS_VICTIMS: bool

    def drawing(
        self, target: Target, spec: LoadSpec | None, samples: Sequence[Sample], /
    ) -> Drawing:
        """How samples are drawn; without a `spec` nothing is loaded."""

    def reading(self, sample: Sample, cpu: CpuUse | None, *, is_loaded: bool) -> str:
        """A reading in one line."""

    def holding(self, plan: Plan, held_bytes: int) -> str:
        """What is held from now on."""
