"""How several targets are loaded in one run. Pure."""

from dataclasses import dataclass

_MOST_AT_FULL_RATE = 10
FULL_RATE_INTERVAL_MS, _SLOWEST_INTERVAL_MS = 100, 1_000


@dataclass(frozen=True)
class Together:
    """What was asked of a run over several targets.

    `parallel`: how many ephemeral containers are started on a node at the same time; None adapts to
    the node. `stagger_ms` lies between one load's start and the next one's; 0 starts all at once.
    """

    parallel: int | None = None
    keep_going: bool = False
    stagger_ms: int = 0
    force: bool = False


def sample_interval_ms(target_count: int) -> int:
    """How often each agent reports: 100 readings a second over all targets, each at most 10."""
    if target_count <= _MOST_AT_FULL_RATE:
        return FULL_RATE_INTERVAL_MS
    return min(_SLOWEST_INTERVAL_MS, target_count * FULL_RATE_INTERVAL_MS // _MOST_AT_FULL_RATE)
