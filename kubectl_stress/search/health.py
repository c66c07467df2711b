"""What a user's own health checks saw, and when that means too slow. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kubectl_stress.errors import UsageError
from kubectl_stress.text import whole_number

# One slow answer tells nothing: a collector ran, or a packet was lost.
_IN_A_ROW = 2
# From the end of one to the start of the next.
CHECKED_EVERY_MS = 1_000


@dataclass(frozen=True)
class HealthUrl:
    """A path, and the port on which the pod serves it over HTTP."""

    path: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "HealthUrl":
        """`/healthz:8080`; raises UsageError."""
        path, _, digits = text.rpartition(":")
        port = whole_number(digits)
        if not path.startswith("/") or not port or port > 65_535:
            raise UsageError(f'--health-url {text}: give a path and a port, like "/healthz:8080"')
        if any(char.isspace() or not char.isprintable() for char in path):
            raise UsageError(f"--health-url {text}: not a path")
        return cls(path, port)


# A URL, or a command with its arguments.
Health = HealthUrl | tuple[str, ...]


@dataclass(frozen=True)
class Check:
    """One check, which ended at `at_ms` after `latency_ms`; `problem` is None where it passed."""

    at_ms: int
    latency_ms: int
    problem: str | None = None


@dataclass(frozen=True)
class Checked:
    """The checks of some time together; nothing where there were none."""

    slowest_ms: int | None = None
    failed: int = 0
    too_slow: str | None = None

    @classmethod
    def of(cls, checks: Iterable[Check], most_ms: int | None) -> "Checked":
        """`too_slow` says why it counts: two in a row that failed, or took more than `most_ms`."""
        found = tuple(checks)
        slowest = max((one.latency_ms for one in found), default=None)
        failed = sum(one.problem is not None for one in found)
        return cls(slowest, failed, _too_slow(found, most_ms))


def _too_slow(checks: Sequence[Check], most_ms: int | None) -> str | None:
    row = 0
    for one in checks:
        is_slow = most_ms is not None and one.latency_ms > most_ms
        row = row + 1 if one.problem is not None or is_slow else 0
        if row >= _IN_A_ROW:
            if one.problem is not None:
                return f"{row} health checks in a row failed: {one.problem}"
            return f"{row} health checks in a row took longer than {most_ms} ms"
    return None
