"""Time as a value that is handed in, so that waits are tested without waiting."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Time as the pipeline sees it: `now_ms` is monotonic, `sleep` takes seconds."""

    now_ms: Callable[[], int]
    sleep: Callable[[float], None]
