"""How long a tool takes until the cgroup has been charged with its size, and why it did not."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from cgroup import KIB, MIB, Cgroup

SLACK = 512 * KIB  # usage moves in batches of up to 256 KiB a CPU
_SPARE = 1024 * MIB  # what the machine needs beside a load
_STANDS_STILL_SECONDS = 60.0


class NotFilled(Exception):
    """The reason, for the report: one tool that fails does not end the measurement of others."""


def refuse_what_does_not_fit(size: int) -> None:
    """Raises NotFilled where the machine has less than the size and a GiB to give."""
    available = _available_bytes()
    if available < size + _SPARE:
        raise NotFilled(
            f"the machine has {available // MIB} MiB available, and {(size + _SPARE) // MIB} MiB"
            " are needed"
        )


def seconds_to_fill(
    cgroup: Cgroup,
    process: subprocess.Popen[bytes],
    size: int,
    before: int,
    *,
    still_seconds: float = _STANDS_STILL_SECONDS,
) -> float:
    """Seconds until usage has grown from `before` by the size, for as long as it goes on growing.

    How long that takes depends on who else wants the CPUs. Raises NotFilled.
    """
    start = last_growth = time.monotonic()
    most = 0
    while (charged := cgroup.usage_bytes() - before) < size - SLACK:
        now = time.monotonic()
        if charged > most:
            most, last_growth = charged, now
        if process.poll() is not None:
            raise NotFilled(_where(charged, f"it ended with exit code {process.returncode}"))
        if now - last_growth > still_seconds:
            raise NotFilled(_where(charged, f"nothing came for {still_seconds:g} s"))
        time.sleep(0.001)
    return time.monotonic() - start


def _where(charged: int, why: str) -> str:
    return (
        f"{why}, with {charged // MIB} MiB charged; {_available_bytes() // MIB} MiB are available"
        " on the machine"
    )


def _available_bytes() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * KIB for line in lines if line.startswith("MemAvailable:"))
