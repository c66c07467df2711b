"""What a run tells while it goes on, and what comes in from its threads. Values only."""

import queue
from dataclasses import dataclass

from kubectl_stress.agent.samples import Sample
from kubectl_stress.injection.probe import Reading
from kubectl_stress.plan.plan import Plan
from kubectl_stress.session.collector import Update
from kubectl_stress.session.pod_watcher import Seen
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.verdict.findings import Ending
from kubectl_stress.verdict.outcome import Expectation


@dataclass(frozen=True)
class LogLine:
    """A sentence on what is being done."""

    text: str


@dataclass(frozen=True)
class Started:
    """The load is about to begin: everything that the screen needs to know of it."""

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


Progress = LogLine | Started | StatusSeen | Ending | Afterwards | Update


@dataclass(frozen=True)
class Chunk:
    """Bytes of the agent's stdout."""

    data: bytes


@dataclass(frozen=True)
class StreamEnded:
    """The exec is over."""

    exit_code: int | None
    lost: str | None


Inbox = queue.Queue[Seen | Chunk | StreamEnded]
