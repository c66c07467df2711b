"""When things happened in the bare machine, by its own clocks."""

from __future__ import annotations

import re

from tests.agent.guest import Guest

_STAMP = r"\[ *(\d+\.\d+)\] "


def oom_kill_time_ms(guest: Guest, pid: int) -> float:
    """Give the wall clock's time at which the kernel says that it killed the process for memory.

    The kernel's messages carry seconds since the boot. Lines of our own, which hold the wall
    clock's time as they are written, lead from one clock to the other.
    """
    text = guest.run(
        'for i in 1 2 3 4 5; do echo "clock $EPOCHREALTIME" > /dev/kmsg; done\n'
        f"dmesg | grep -E 'clock [0-9]|Killed process {pid} '"
    )
    kills = re.findall(rf"{_STAMP}.*: Killed process {pid} ", text)
    # A line is stamped after its text was made: the largest difference is the truest.
    boot = max(float(wall) - float(stamp) for stamp, wall in _marks(text))
    return 1000 * (boot + float(kills[-1]))


def _marks(text: str) -> list[tuple[str, str]]:
    return re.findall(rf"{_STAMP}clock (\d+\.\d+)", text)
