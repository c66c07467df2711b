"""A run that ends in a way that is known before, since its end is brought about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.pods import Pods, pod

MIB = 1 << 20


@dataclass(frozen=True)
class Case:
    """A run that ends in `outcome`; `disturb` does something to the pod once the load is held.

    `or_outcome` is what it ends in where the kernel did not wait for a first victim's memory. Which
    of the two it was is for the second opinion to say, from the node's own log. `words` stand in
    the verdict, `log` in the story on stderr. `is_ready` False: the pod never becomes Ready.
    `limit_mib` is the limit that the container has once it has been disturbed.
    """

    name: str
    outcome: str
    manifest: dict[str, Any]
    options: tuple[str, ...]
    disturb: Callable[[Pods], None] | None = None
    words: str = ""
    or_outcome: str = ""
    prepare: Callable[[Pods], None] = field(default=lambda _pods: None)
    log: str = ""
    is_ready: bool = True
    limit_mib: int | None = None


def signalled(name: str, container: str = "app") -> Callable[[Pods], None]:
    """Sends the first process of a container a signal, as root on the node."""
    return lambda pods: pods.memory("app", container).signal_app(name)


def shell(flavour: str, *traps: str, **values: Any) -> dict[str, Any]:
    """A pod whose shell does what its traps say, like `exit 143; TERM`, and nothing else."""
    told = "".join(
        f"trap '{does}' {name}; " for does, _, name in (t.partition("; ") for t in traps)
    )
    work = f"{told}while true; do sleep 3600 & wait; done"
    return pod(flavour, command=["sh", "-c", work], **values)
