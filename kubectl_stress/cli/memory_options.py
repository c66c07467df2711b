"""The options of a memory load alone."""

import click

from kubectl_stress.cli.load_options import step_hold_option
from kubectl_stress.cli.param_types import Command, WholeNumberType, with_options
from kubectl_stress.plan.load_words import AfterOom, LoadKind, Metric

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
        help="Sizes, or levels with --to, to hold one after another before --size or --to",
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
        help="Load the CPU at the same time, with an AMOUNT as for cpu --load",
    ),
    click.option(
        "--cpu-steps",
        metavar="AMOUNTS",
        help="CPU loads to hold one after another before --cpu-load, each for --step-hold",
    ),
    click.option(
        "--workers",
        type=WholeNumberType(1, 64),
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
        type=WholeNumberType(1, 100),
        metavar="N",
        help="How often --after-oom repeat starts the load again  [default: 3]",
    ),
    force_option,
)


def memory_options(command: Command) -> Command:
    """Add what a memory load takes beside `load_options`; `mem_spec` makes the value of both."""
    return with_options(command, _OPTIONS)
