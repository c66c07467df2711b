"""What Ctrl-C does to a load that runs."""

from contextlib import suppress

from kubectl_stress.agent.commands import STOP
from kubectl_stress.agent.samples import Phase
from kubectl_stress.errors import Interrupted
from kubectl_stress.session.agent_stream import SteeredAgent
from kubectl_stress.session.collector import Collector
from kubectl_stress.session.event_loop import Procedure
from kubectl_stress.session.intake import Intake

_PATIENCE_MS = 10_000  # an agent in 50m of CPU beside a busy app needs some seconds


def release(intake: Intake, agent: SteeredAgent) -> Procedure[None]:
    """Tell the agent to release, and wait until it has said so, or for another Ctrl-C.

    Raises Interrupted, always. Whatever the agent says, it releases once its stdin ends.
    """
    intake.say("releasing the load")
    agent.send(STOP)
    deadline_ms = intake.now_ms() + _PATIENCE_MS
    with suppress(KeyboardInterrupt):
        while not _is_over(intake.collector) and intake.now_ms() < deadline_ms:
            yield from intake.take_next()
    raise Interrupted(f"interrupted; the load {_what_became_of_it(intake.collector)}")


def _is_over(collector: Collector) -> bool:
    return _has_released(collector) or collector.ending is not None


def _what_became_of_it(collector: Collector) -> str:
    if _has_released(collector):
        return "has been released"
    if collector.ending is not None:
        return "has lost its connection, and releases itself"
    return "was told to stop and has not answered yet; it releases itself"


def _has_released(collector: Collector) -> bool:
    """What settles after a release are the kernel's counters: nobody who interrupts needs them."""
    last = collector.series.last
    return collector.bye is not None or (last is not None and last.phase is Phase.SETTLE)
