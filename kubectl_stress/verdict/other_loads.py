"""Loads of other runs in the same container, as the process tables show them. Pure: no I/O."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from kubectl_stress.agent.samples import Process
from kubectl_stress.quantity import format_bytes

_NOTED_BYTES = 1 << 20


@dataclass(frozen=True)
class OtherLoad:
    """A load of another run: who started it, where it says so, and the most memory that it held.

    One of CPU, or one that has not begun to grow, holds next to nothing.
    """

    run: str
    started_by: str | None
    held_bytes: int

    def __str__(self) -> str:
        who = f", started by {self.started_by}" if self.started_by else ""
        size = f"{format_bytes(self.held_bytes)}, " if self.held_bytes >= _NOTED_BYTES else ""
        return f"another load ({size}run {self.run}{who})"


def other_loads(
    tables: Iterable[Sequence[Process]], own_runs: Collection[str]
) -> tuple[OtherLoad, ...]:
    """Each run but our own, with what all of its processes held in the table where it was most."""
    found: dict[str, OtherLoad] = {}
    for table in tables:
        for run in dict.fromkeys(process.run for process in table if process.role == "load"):
            if run is None or run in own_runs:  # version 1 of the protocol named no runs
                continue
            rows = [process for process in table if process.run == run]
            held = sum(process.rss_bytes or 0 for process in rows)
            before = found.get(run)
            most = max(held, before.held_bytes if before else 0)
            found[run] = OtherLoad(run, rows[0].started_by, most)
    return tuple(found.values())


def already_running(processes: Sequence[Process], container: str) -> tuple[str, ...]:
    """What must be asked before a load is added to those that a reading shows."""
    return tuple(
        f'container "{container}" is already under {load}' for load in other_loads([processes], ())
    )
