"""The options of a CPU load alone."""

import click

from kubectl_stress.cli.load_options import step_hold_option
from kubectl_stress.cli.param_types import Command, WholeNumberType, with_options

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
        type=WholeNumberType(1, 64),
        metavar="N",
        help="Number of processes that share the load  [default: one for each CPU of it]",
    ),
)


def cpu_options(command: Command) -> Command:
    """Add what a CPU load takes beside `load_options`; `cpu_spec` makes the value of both."""
    return with_options(command, _OPTIONS)
