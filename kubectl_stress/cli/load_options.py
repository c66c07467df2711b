"""What a load of any resource takes: its course in time, and how the run is shown and judged."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.introduction import no_events_option
from kubectl_stress.cli.param_types import DURATION, NEW_FILE, Command, with_options
from kubectl_stress.cli.stop_on_option import stop_on_option
from kubectl_stress.errors import UsageError
from kubectl_stress.verdict.outcome import Expectation

if TYPE_CHECKING:
    from kubectl_stress.plan.spec import Schedule

expect_option = click.option(
    "--expect",
    type=click.Choice([expectation.value for expectation in Expectation]),
    help="Expected outcome: the exit code says whether it was met",
)
plot_option = click.option(
    "--plot", is_flag=True, help="Draw usage against the limit at the end of the run"
)

step_hold_option = click.option(
    "--step-hold",
    type=DURATION,
    metavar="TIME",
    help="How long each of --steps is held; the last size is held for --duration  [default: 10s]",
)

_COURSE_OPTIONS = (
    click.option(
        "--duration",
        type=DURATION,
        metavar="TIME",
        help="How long to hold the load  [default: 60s]",
    ),
    click.option(
        "--ramp",
        type=DURATION,
        default="0s",
        metavar="TIME",
        help="Time in which the load grows evenly to its size",
    ),
    stop_on_option,
)
_RUN_OPTIONS = (
    expect_option,
    click.option(
        "--dry-run",
        type=click.Choice(["none", "client", "server"]),
        default="none",
        show_default=True,
        help="Print the plan, for one target with its permissions, facts and the patch, and attach "
        "nothing; server also validates the patch",
    ),
    click.option(
        "--record",
        type=NEW_FILE,
        metavar="FILE",
        help="Record the run to a new FILE, for kubectl stress report",
    ),
    plot_option,
    no_events_option,
    click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation"),
)


def load_options(command: Command) -> Command:
    """Add what every load takes."""
    return with_options(command, (*_COURSE_OPTIONS, *_RUN_OPTIONS))


def run_options(command: Command) -> Command:
    """Add how a run is shown, recorded and judged, whatever describes its load."""
    return with_options(command, _RUN_OPTIONS)


def schedule(given: Mapping[str, Any]) -> "Schedule":
    """The course of the load, by the words that the options took; raises UsageError."""
    from kubectl_stress.plan.spec import Schedule

    steps = given["steps"] or given.get("cpu_steps")
    if steps is None and given["step_hold"] is not None:
        raise UsageError("--step-hold requires --steps")
    held_ms = {} if given["step_hold"] is None else {"step_hold_ms": given["step_hold"]}
    lasting = {} if given["duration"] is None else {"duration_ms": given["duration"]}
    return Schedule(ramp_ms=given["ramp"], **lasting, **held_ms)
