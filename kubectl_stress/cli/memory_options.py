"""The options of a memory load alone, and the LoadSpec that all of its options make."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from kubectl_stress.cli.load_options import schedule, step_hold_option
from kubectl_stress.cli.param_types import Command, with_options
from kubectl_stress.cli.stop_on_option import pressure_percent, stop_on
from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.spec import AfterOom, CpuLoad, Leak, LoadKind, LoadSpec, MemoryLoad, Metric
from kubectl_stress.quantity import parse_rate, parse_slow_rate

_DEFAULT_MAX_RESTARTS = 3
_A_DAY_MS = 24 * 3_600_000
_WHOLE_LIMIT = "100%"  # beside what the app uses it is more than fits: a leak ends at the limit
force_option = click.option(
    "--force", is_flag=True, help="Load a container that has no memory limit"
)
_OPTIONS = (
    click.option(
        "--size",
        metavar="AMOUNT",
        help=(
            "Memory to add, in total: 300Mi, 60% (of the limit), 60%request, 60%headroom or 60%node"
        ),
    ),
    click.option(
        "--to",
        metavar="LEVEL",
        help=(
            "Instead of --size: hold the whole container at this level, whatever the app does: 95% "
            "(of the limit), 480Mi or limit-20Mi"
        ),
    ),
    click.option(
        "--metric",
        type=click.Choice([metric.value for metric in Metric]),
        help="What --to is measured by  [default: working-set]",
    ),
    click.option(
        "--steps",
        metavar="AMOUNTS",
        help="Sizes, or levels with --metric, to hold one after another before --size or --to",
    ),
    step_hold_option,
    click.option(
        "--leak",
        metavar="RATE",
        help=(
            "Grow evenly at this rate, like 5Mi/s or 300Mi/h, until --size or --to (or else the "
            "limit) is reached, or --duration is over (a day at most)"
        ),
    ),
    click.option(
        "--cpu-load",
        metavar="AMOUNT",
        help="Load the CPU at the same time, by as much as cpu --load takes",
    ),
    click.option(
        "--cpu-steps",
        metavar="AMOUNTS",
        help="CPU loads to hold one after another before --cpu-load, each for --step-hold",
    ),
    click.option(
        "--workers",
        type=int,
        default=1,
        show_default=True,
        metavar="N",
        help="Number of processes that share the load",
    ),
    click.option(
        "--kind",
        type=click.Choice([kind.value for kind in LoadKind]),
        default=LoadKind.ANON.value,
        show_default=True,
        help="Kind of memory: anonymous (anon), shared (shm) or page cache (file)",
    ),
    click.option(
        "--dirty",
        metavar="RATE",
        help="Rewrite this much of the load each second, like 10Mi",
    ),
    click.option(
        "--oom-score-adj",
        metavar="same|N",
        default="same",
        show_default=True,
        help="oom_score_adj of the load; same copies the target's",
    ),
    click.option(
        "--after-oom",
        type=click.Choice([choice.value for choice in AfterOom]),
        default=AfterOom.STOP.value,
        show_default=True,
        help="After an OOM kill, stop the run or repeat the load",
    ),
    click.option(
        "--max-restarts",
        type=int,
        metavar="N",
        help="How often --after-oom repeat starts the load again  [default: 3]",
    ),
    force_option,
)


def memory_options(command: Command) -> Command:
    """Add what a memory load takes beside `load_options`; `mem_spec` makes the value of both."""
    return with_options(command, _OPTIONS)


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
    if given["size"] is not None:
        raise UsageError("--size is added, and --to is the level of the whole container: give one")
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
    try:
        value = int(text)
    except ValueError:
        value = 1001
    if not -999 <= value <= 1000:
        raise UsageError(f"--oom-score-adj {text}: must be same, or a number from -999 to 1000")
    return value


def _max_restarts(given: int | None, after_oom: AfterOom) -> int:
    if given is None:
        return _DEFAULT_MAX_RESTARTS
    if after_oom is not AfterOom.REPEAT:
        raise UsageError("--max-restarts requires --after-oom repeat")
    return given
