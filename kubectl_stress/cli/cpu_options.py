"""The options of a CPU load alone, and the LoadSpec that all of its options make."""

from collections.abc import Mapping
from typing import Any

import click

from kubectl_stress.cli.load_options import schedule, step_hold_option
from kubectl_stress.cli.param_types import Command, with_options
from kubectl_stress.cli.stop_on_option import pressure_percent, stop_on
from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.spec import CpuLoad, LoadSpec

_OPTIONS = (
    click.option(
        "--load",
        metavar="AMOUNT",
        help="CPU time to add, in total: 500m, 1.5, 60% (of the limit), 60%request or 60%node",
    ),
    click.option(
        "--to",
        metavar="LEVEL",
        help="Instead of --load: hold the whole container, app included, at this CPU use, like 80%",
    ),
    click.option(
        "--steps",
        metavar="AMOUNTS",
        help="Loads, or levels with --to, to hold one after another before --load or --to",
    ),
    step_hold_option,
    click.option(
        "--workers",
        type=int,
        metavar="N",
        help="Number of processes that share the load  [default: one for each CPU of it]",
    ),
)


def cpu_options(command: Command) -> Command:
    """Add what a CPU load takes beside `load_options`; `cpu_spec` makes the value of both."""
    return with_options(command, _OPTIONS)


def cpu_spec(given: Mapping[str, Any]) -> LoadSpec:
    """The load that was asked for, by the words that the options took; raises UsageError."""
    if given["load"] is not None and given["to"] is not None:
        raise UsageError("--load is added, and --to is the level of the whole container: give one")
    last = given["load"] if given["to"] is None else given["to"]
    texts = [*(given["steps"].split(",") if given["steps"] is not None else ()), last]
    amounts = [Amount.parse_cpu(text) for text in texts if text is not None]
    if not amounts:
        raise UsageError("--load, --to or --steps is required")
    is_level = given["to"] is not None
    return LoadSpec(
        cpu=CpuLoad(amounts[-1], tuple(amounts[:-1]), given["workers"], is_level),
        schedule=schedule(given),
        stop_on=stop_on(given["stop_on"]),
        pressure_percent=pressure_percent(given["stop_on"]),
    )
