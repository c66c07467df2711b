"""What is told while targets are watched. Values only."""

from dataclasses import dataclass

from kubectl_stress.agent.protocol import Message
from kubectl_stress.agent.samples import Sample
from kubectl_stress.errors import StressError
from kubectl_stress.injection.probe import Reading
from kubectl_stress.plan.plan import Plan
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.targets.changes import Change
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.verdict.findings import Ending
from kubectl_stress.verdict.outcome import Expectation


@dataclass(frozen=True)
class LogLine:
    """A sentence on what is being done."""

    text: str


@dataclass(frozen=True)
class Milestone(LogLine):
    """A sentence that is shown where the steps of a long run have no room."""


@dataclass(frozen=True)
class NewTarget(LogLine):
    """The target has joined a run that goes on, in the place of another one."""


@dataclass(frozen=True)
class Task:
    """What goes on now, in a few words that the next ones replace."""

    text: str


@dataclass(frozen=True)
class Attached:
    """The holder is there."""

    holder: str


@dataclass(frozen=True)
class Started:
    """The load is about to begin: everything that is known before it."""

    plan: Plan
    reading: Reading
    before: ContainerStatus
    holder: str = ""
    expectation: Expectation | None = None


@dataclass(frozen=True)
class StatusSeen:
    """The container's latest status."""

    status: ContainerStatus


@dataclass(frozen=True)
class Afterwards:
    """A reading through the holder, after the stream broke off."""

    sample: Sample


@dataclass(frozen=True)
class Finished:
    """No more readings of this target; `error` says why where it was not meant.

    `outcome`: of its load, where there was one.
    """

    error: StressError | None = None
    outcome: str = ""


What = (
    LogLine
    | Task
    | Attached
    | Started
    | StatusSeen
    | Afterwards
    | Finished
    | Ending
    | Message
    | Change
)


@dataclass(frozen=True)
class Progress:
    """One step of one target, whose state has taken it in already."""

    target: TargetState
    what: What
