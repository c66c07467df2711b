"""What an agent is told while it holds, so that it goes on to the next step. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class LaterCommand:
    """A command that is due so many milliseconds after the one before; `text` says what it does."""

    wait_ms: int
    command: bytes
    text: str


def later_steps(hold_ms: int, steps: Sequence[tuple[bytes, str]]) -> tuple[LaterCommand, ...]:
    """The steps after the first, each as its command and what is held by it."""
    return tuple(
        LaterCommand(hold_ms, command, f"holding {what} (step {number})")
        for number, (command, what) in enumerate(steps, start=2)
    )
