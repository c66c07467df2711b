"""`spec.stressors` → the loads that are meant. Pure.

Sources: chaos-mesh api/v1alpha1/stresschaos_types.go (Normalize) and pkg/chaosdaemon at 608b61e7c;
chaos-mesh/memStress main.go at 6583ea9.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from kubectl_stress.errors import UsageError
from kubectl_stress.manifest.diagnostic import Diagnostics
from kubectl_stress.manifest.field import Field
from kubectl_stress.manifest.go_values import parse_duration_ms, parse_size
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.quantity import LARGEST_BYTES, PAGE_BYTES

MAX_WORKERS = 64  # of this tool's agent; Chaos Mesh takes 8192
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)%", re.ASCII)
# Options of stress-ng that only say how its workers spend the time they are given.
HARMLESS_CPU_OPTIONS = ("--cpu-method", "--cpu-load-slice")


@dataclass(frozen=True)
class MemoryStressor:
    """A total over all workers, reached evenly over `ramp_ms`; None: the target's own score."""

    amount: Amount
    workers: int = 1
    ramp_ms: int = 0
    oom_score_adj: int | None = None


@dataclass(frozen=True)
class CpuStressor:
    """Each worker loads one CPU to `load_percent`."""

    workers: int
    load_percent: int


@dataclass(frozen=True)
class MemoryOptions:
    """What `options` say to memStress, over the fields; each where it stands."""

    size: tuple[Field, str] | None = None
    workers: tuple[Field, str] | None = None
    time: tuple[Field, str] | None = None


def read_memory(
    memory: Field, percent_of: ShareBase, diagnostics: Diagnostics
) -> MemoryStressor | None:
    """None where something is wrong that has been reported."""
    options = memory_options(memory["options"], diagnostics)
    workers = _workers(memory, options.workers, diagnostics)
    size_at, size = options.size or (memory["size"], memory["size"].written)
    amount = diagnostics.attempt(size_at, lambda: _amount(size, percent_of))
    time_at, time = options.time or (memory["time"], memory["time"].written)
    ramp_ms = diagnostics.attempt(time_at, lambda: parse_duration_ms(time)) if time else 0
    score = _oom_score_adj(memory["oomScoreAdj"], diagnostics)
    if amount is None or workers is None or ramp_ms is None:
        return None
    return MemoryStressor(amount, workers, ramp_ms, score)


def read_cpu(cpu: Field, diagnostics: Diagnostics) -> CpuStressor | None:
    """None where something is wrong that has been reported."""
    for option, flag in cpu_flags(cpu["options"]):
        if flag not in HARMLESS_CPU_OPTIONS:
            hint = "; spec.duration ends the load" if flag in ("--timeout", "-t") else ""
            diagnostics.error(option, f"{flag} is an option of stress-ng: not supported{hint}")
    workers = _workers(cpu, None, diagnostics)
    load = int(cpu["load"].written) if cpu["load"] else 100
    if not 0 <= load <= 100:
        diagnostics.error(cpu["load"], f"{load} is not a percentage from 0 to 100")
    if load == 0:
        diagnostics.error(cpu["load"], "0 is no load: give a percentage from 1 to 100")
    return None if workers is None else CpuStressor(workers, load)


def cpu_flags(options: Field) -> Iterator[tuple[Field, str]]:
    """The options of stress-ng, without their values; each where it stands."""
    for option in options.items():
        for word in option.written.split():
            if word.startswith("-"):
                yield option, word.partition("=")[0]


def memory_options(options: Field, diagnostics: Diagnostics) -> MemoryOptions:
    """The flags of memStress in `options`; the last of each counts, as for Go's flag package."""
    found: dict[str, tuple[Field, str]] = {}
    words = [(option, word) for option in options.items() for word in option.written.split()]
    at = 0
    while at < len(words):
        option, word = words[at]
        name, equals, value = word.lstrip("-").partition("=")
        at += 1 if equals else 2
        if not word.startswith("-") or name not in ("size", "workers", "time"):
            diagnostics.error(
                option,
                f'"{word}" is not an option of memStress, so nothing would be loaded: memory '
                "options are --size, --workers and --time",
            )
        elif not equals and at > len(words):
            diagnostics.error(option, f"{word} needs a value")
        else:
            found[name] = (option, value) if equals else words[at - 1]
    return MemoryOptions(**found)


def _workers(
    stressor: Field, override: tuple[Field, str] | None, diagnostics: Diagnostics
) -> int | None:
    at, written = override or (stressor["workers"], stressor["workers"].written)
    if not at:
        return 1
    return diagnostics.attempt(at, lambda: _worker_number(written))


def _worker_number(written: str) -> int:
    if not _INTEGER.fullmatch(written):
        raise UsageError(f'"{written}" is not a number of workers')
    number = int(written)
    if number == 0:
        raise UsageError(
            "0 workers load nothing; Chaos Mesh skips the stressor and still reports Injected"
        )
    if not 1 <= number <= MAX_WORKERS:
        raise UsageError(f"{number} workers: give a number from 1 to {MAX_WORKERS}")
    return number


def _amount(size: str, percent_of: ShareBase) -> Amount:
    if not size:
        raise UsageError(
            "missing: without a size, the workers of Chaos Mesh fail and restart forever"
        )
    if size.endswith("%"):
        share = _SHARE.fullmatch(size)
        if share is None or Decimal(share[1]) == 0:
            raise UsageError(f'"{size}" is not a share: write a percentage like 50%')
        suffix = "" if percent_of is ShareBase.LIMIT else percent_of.value
        return Amount.parse(f"{size}{suffix}")
    size_bytes = parse_size(size)
    if size_bytes < PAGE_BYTES:
        raise UsageError(f'"{size}" is less than a page of memory (4 KiB): write one like 50MiB')
    if size_bytes > LARGEST_BYTES:
        raise UsageError(f'"{size}" is more than any machine has: write one like 50MiB')
    return Amount(size, absolute_bytes=size_bytes)


def _oom_score_adj(score: Field, diagnostics: Diagnostics) -> int | None:
    """0 is "as inherited" for Chaos Mesh too."""
    number = int(score.written) if score else 0
    if number == -1000:
        diagnostics.error(
            score,
            "-1000 exempts the load from the OOM killer, so that the kernel kills the app, or its "
            "neighbours, in its place: use -999 or more, or leave it out",
        )
    elif not -1000 <= number <= 1000:
        diagnostics.error(score, f"{number} is not an oom_score_adj from -999 to 1000")
    return number or None
