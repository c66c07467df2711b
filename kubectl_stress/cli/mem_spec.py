"""The LoadSpec that the options of a memory load make; apart from them, since Tab reads those."""

from collections.abc import Callable, Mapping
from typing import Any

from kubectl_stress.cli.load_options import schedule
from kubectl_stress.cli.stop_on_option import pressure_percent, stop_on
from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.load_words import AfterOom, LoadKind, Metric
from kubectl_stress.plan.spec import CpuLoad, Leak, LoadSpec, MemoryLoad
from kubectl_stress.quantity import parse_rate, parse_slow_rate
from kubectl_stress.text import whole_number

_DEFAULT_MAX_RESTARTS = 3
_A_DAY_MS = 24 * 3_600_000
_WHOLE_LIMIT = "100%"  # beside what the app uses it is more than fits: a leak ends at the limit


def mem_spec(given: Mapping[str, Any]) -> LoadSpec:
    """The load that was asked for, by the words that the options took; raises UsageError."""
    after_oom, metric = AfterOom(given["after_oom"]), _metric(given)
    amount, steps = _sizes(given, Amount.parse_level if metric else Amount.parse)
    load = MemoryLoad(
        amount=amount,
        steps=steps,
        workers=given["workers"],
        oom_score_adj=_oom_score_adj(given["oom_score_adj"]),
        kind=LoadKind(given["kind"]),
        dirty_bytes_per_s=0 if given["dirty"] is None else parse_rate(given["dirty"]),
        after_oom=after_oom,
        max_restarts=_max_restarts(given["max_restarts"], after_oom),
        metric=metric,
        leak=_leak(given),
    )
    return LoadSpec(
        memory=load,
        cpu=_cpu_load(given),
        schedule=schedule(given),
        stop_on=stop_on(given["stop_on"]),
        pressure_percent=pressure_percent(given["stop_on"]),
    )


def _metric(given: Mapping[str, Any]) -> Metric | None:
    """What the level is measured by; None where a size is added."""
    if given["to"] is None and given["metric"] is None:
        return None
    if given["size"] is not None and given["to"] is not None:
        raise UsageError("--size is added, and --to is the level of the whole container: give one")
    if given["size"] is not None:
        raise UsageError("--metric is what a level is measured by, and --size is added: use --to")
    return Metric(given["metric"] or Metric.WORKING_SET.value)


def _sizes(
    given: Mapping[str, Any], parse: Callable[[str], Amount]
) -> tuple[Amount, tuple[Amount, ...]]:
    """The size or level, and the steps before it."""
    last = given["size"] if given["to"] is None else given["to"]
    if last is None and given["leak"] is not None:
        last = _WHOLE_LIMIT
    texts = [*(given["steps"].split(",") if given["steps"] is not None else ()), last]
    amounts = [parse(text) for text in texts if text is not None]
    if not amounts:
        raise UsageError("--size, --to or --steps is required")
    return amounts[-1], tuple(amounts[:-1])


def _leak(given: Mapping[str, Any]) -> Leak | None:
    if given["leak"] is None:
        return None
    if given["ramp"]:
        raise UsageError("--leak says how fast the load grows: it takes no --ramp")
    longest_ms = _A_DAY_MS if given["duration"] is None else given["duration"]
    return Leak(parse_slow_rate(given["leak"]), longest_ms)


def _cpu_load(given: Mapping[str, Any]) -> CpuLoad | None:
    """The load beside the memory; only one of the two may change while they are held."""
    last, steps = given["cpu_load"], given["cpu_steps"]
    if steps is None:
        return None if last is None else CpuLoad(Amount.parse_cpu(last))
    for option in ("steps", "leak"):
        if given[option] is not None:
            raise UsageError(
                f"--{option} with --cpu-steps: hold one of the two loads while the other changes"
            )
    texts = [*steps.split(","), *([last] if last is not None else [])]
    amounts = [Amount.parse_cpu(text) for text in texts]
    return CpuLoad(amounts[-1], tuple(amounts[:-1]))


def _oom_score_adj(text: str) -> int | None:
    if text == "same":
        return None
    size = whole_number(text.removeprefix("-"))
    value = size if size is None or not text.startswith("-") else -size
    if value is None or not -999 <= value <= 1000:
        raise UsageError(f"--oom-score-adj {text}: must be same or a number from -999 to 1000")
    return value


def _max_restarts(given: int | None, after_oom: AfterOom) -> int:
    if given is None:
        return _DEFAULT_MAX_RESTARTS
    if after_oom is not AfterOom.REPEAT:
        raise UsageError("--max-restarts requires --after-oom repeat")
    return given
