"""The figures side by side, and against the goals."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from cgroup import MIB
from tools import BARE, OURS, OURS_ONE_THREAD, STRESS_NG, STRESS_NG_BEST

SIZES = (64 * MIB, 512 * MIB, 1024 * MIB, 4096 * MIB)


@dataclass
class Figures:
    """What one tool did, over all rounds."""

    fill_seconds: dict[int, list[float]] = field(default_factory=dict)
    error_kib: dict[int, float] = field(default_factory=dict)
    beyond_kib: float = 0.0
    mapped_beyond_kib: float = 0.0
    cpu_percent: float = 0.0
    processes: int = 0


def print_fill(found: dict[str, Figures]) -> None:
    """Seconds until the cgroup has been charged with the size."""
    heads = [f"fill {size // MIB} MiB" for size in SIZES]
    print(f"{'':21}" + "".join(f"{head:>15}" for head in heads) + "   (median s; fastest)")
    for name, figures in found.items():
        cells = [_cell(figures.fill_seconds.get(size)) for size in SIZES]
        print(f"{name:21}" + "".join(f"{cell:>15}" for cell in cells))


def _cell(seconds: list[float] | None) -> str:
    return f"{statistics.median(seconds):8.3f}; {min(seconds):.3f}" if seconds else "not filled"


def print_rest(found: dict[str, Figures]) -> None:
    """What each takes beyond the size, and while it holds it."""
    print(
        f"\n{'holding':21}{'error, 64 MiB':>16}{'error, 1 GiB':>16}{'PSS beyond':>14}"
        f"{'processes':>11}{'CPU':>10}"
    )
    for name, figures in found.items():
        errors = (f"{kib:.0f} KiB" for kib in figures.error_kib.values())
        print(
            f"{name:21}"
            + "".join(f"{error:>16}" for error in errors)
            + f"{figures.beyond_kib:10.0f} KiB{figures.processes:11}{figures.cpu_percent:8.3f} %"
        )


def print_goals(found: dict[str, Figures]) -> None:
    """Each goal of a native node, and whether it was met in this run."""
    print("\ngoals on a native node; speed by the medians, and by the fastest of all rounds")
    for size in SIZES:
        for other, goal in ((STRESS_NG, 2.4), (STRESS_NG_BEST, 1.25), (BARE, 1.2)):
            _print_speed(
                f"fill {size // MIB} MiB, against {other}", found, (size, OURS, other), goal
            )
    for size in SIZES:
        what = f"fill {size // MIB} MiB with one thread, against {BARE}"
        _print_speed(what, found, (size, OURS_ONE_THREAD, BARE), None)
    print_overhead(found)
    percent = found[OURS].cpu_percent
    print(f"  CPU while holding: {percent:.3f} %, goal below 0.2: {_met(percent < 0.2)}")


def print_overhead(found: dict[str, Figures]) -> None:
    """The PSS beyond the size, against that of stress-ng."""
    ours, theirs = found[OURS].beyond_kib, found[STRESS_NG].beyond_kib
    overhead = theirs / max(ours, 1)
    print(
        f"  overhead: {ours:.0f} KiB, 1/{overhead:.0f} of stress-ng's {theirs:.0f} KiB,"
        f" goal 1/85: {_met(overhead >= 85)}"
    )
    ours, theirs = found[OURS].mapped_beyond_kib, found[STRESS_NG].mapped_beyond_kib
    print(
        f"  the same where no other process maps the libraries of stress-ng: {ours:.0f} KiB,"
        f" 1/{theirs / max(ours, 1):.0f} of {theirs:.0f} KiB"
    )


def _print_speed(
    what: str, found: dict[str, Figures], case: tuple[int, str, str], goal: float | None
) -> None:
    size, ours, other = case
    mine, theirs = (found[name].fill_seconds.get(size, []) for name in (ours, other))
    if not mine or not theirs:
        print(f"  {what}: not measured, since one of them was not filled")
        return
    median, best = statistics.median(theirs) / statistics.median(mine), min(theirs) / min(mine)
    judged = "" if goal is None else f"; goal {goal}: {_met(median >= goal)}, {_met(best >= goal)}"
    print(f"  {what}: {median:.2f}×, {best:.2f}×{judged}")


def _met(is_met: bool) -> str:
    return "met" if is_met else "MISSED"
