"""What an hour of 100 targets at 10 Hz takes of the client's memory: `tests.bench.long_run`.

The targets are made up and so is the clock; the resident memory is that of this process.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from kubectl_stress.agent.protocol import Processes
from kubectl_stress.agent.samples import Process
from kubectl_stress.session.collector import Collector
from kubectl_stress.targets.status import ContainerStatus
from tests.builders.pods import MIB, pod, sample

_TARGETS, _SHOWN_MINUTES = 100, (1, 5, 10, 20, 30, 40, 50, 60)


def resident_mib() -> float:
    """Of this process (statm counts pages)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def one_second(collectors: list[Collector], second: int) -> None:
    """Ten samples of each target, and a table of eight processes."""
    for tenth in range(10):
        at_ms = 1_000 * second + 100 * tenth
        seen = sample(10 + second % 60, at_ms=at_ms, held_mib=5)
        for collector in collectors:
            collector.take(replace(seen, memory=replace(seen.memory)), at_ms=at_ms)
    for collector in collectors:
        rows = (Process(pid, "app", "other", pid * MIB, 0, MIB) for pid in range(8))
        collector.take(Processes(0, tuple(rows)), at_ms=1_000 * second)


def main() -> None:
    """Print the memory as the hour goes on."""
    status = ContainerStatus.from_pod(pod().container("app", limit="128Mi").dict, "app")
    collectors = [Collector(status, "app") for _ in range(_TARGETS)]
    for minute in range(1, 61):
        for second in range(60):
            one_second(collectors, 60 * (minute - 1) + second)
        if minute in _SHOWN_MINUTES:
            kept = len(collectors[0].series.samples)
            print(
                f"minute {minute}: {resident_mib():.0f} MiB for {_TARGETS} targets, each with "
                f"{kept} of {collectors[0].series.count} samples",
                flush=True,
            )


if __name__ == "__main__":
    main()
