"""Random orders in which those around a load are killed or stopped."""

from __future__ import annotations

import random
from dataclasses import dataclass

VICTIMS = ("client", "supervisor", "worker", "holder", "target")
# Each of these ends the purpose of a load; without one of them it may rightly live on.
FATAL = {("client", "KILL"), ("client", "STOP"), ("supervisor", "KILL"), ("target", "KILL")}


@dataclass(frozen=True)
class Blow:
    """One signal, and how long until the next."""

    victim: str
    signal: str  # KILL or STOP
    pause_seconds: float


def kill_order(choice: random.Random) -> list[Blow]:
    """Between one and five blows, with at least one that ends the load's purpose."""
    while True:
        blows = [
            Blow(victim, choice.choice(("KILL", "STOP")), choice.choice((0, 0, 0.01, 0.1)))
            for victim in choice.sample(VICTIMS, choice.randint(1, len(VICTIMS)))
        ]
        if FATAL & {(blow.victim, blow.signal) for blow in blows}:
            return blows
