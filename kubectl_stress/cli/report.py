"""`kubectl stress report`: a recorded run, judged anew, without a cluster."""

from dataclasses import replace
from typing import BinaryIO

import click

from kubectl_stress.cli.output_options import quiet_option
from kubectl_stress.cli.print_report import REPORT_FORMATS, answer
from kubectl_stress.verdict.outcome import Expectation, Outcome

_PLOT_NOTE = "note: --plot draws one target only: for a picture of each use -o html"


@click.command()
@click.argument("file", metavar="FILE", type=click.File("rb"))
@click.option(
    "-o",
    "--output",
    type=click.Choice(REPORT_FORMATS),
    default="table",
    show_default=True,
    help="Output format",
)
@click.option(
    "--expect",
    type=click.Choice([expectation.value for expectation in Expectation]),
    help="Expected outcome, instead of the one recorded with the run",
)
@click.option("--plot", "with_plot", is_flag=True, help="Draw usage against the limit")
@quiet_option
def report(file: BinaryIO, output: str, expect: str | None, with_plot: bool, quiet: bool) -> None:
    """Show a run recorded with --record FILE, and judge it again. FILE - is stdin.

    A damaged or incomplete recording is shown as far as it can be read, and an interrupted run up
    to there. Exit codes are those of the run. A search recorded by find-limit is shown with its
    answer; --expect and --plot do not apply to it.

    \b
    kubectl stress report run.jsonl --plot
    kubectl stress report run.jsonl -o html > run.html
    """
    from kubectl_stress.results.fleet_recording import is_fleet_recording
    from kubectl_stress.results.limit_record import is_limit_record
    from kubectl_stress.results.recording import read_recording, to_report

    data = file.read()
    if is_limit_record(data):
        click.get_current_context().exit(_report_search(data, output))
    if is_fleet_recording(data):
        if with_plot and not quiet:
            click.echo(_PLOT_NOTE, err=True)
        click.get_current_context().exit(_fleet(data, file.name, output, expect, quiet=quiet))
    recording = read_recording(data)
    found = to_report(recording)
    if expect is not None:
        found = replace(found, expectation=Expectation(expect))
    if not quiet:
        _tell_differences(file.name, recording.damage, recording.outcome, found.verdict.outcome)
    answer(found, output, with_plot=with_plot)
    click.get_current_context().exit(found.exit_code)


def _report_search(data: bytes, output: str) -> int:
    """Print what a search found; the exit code is its own."""
    from kubectl_stress.cli.print_limit import answer as print_limit
    from kubectl_stress.results.limit_record import read_limit_record

    found = read_limit_record(data).result
    print_limit(found, output)
    return found.exit_code


def _fleet(data: bytes, name: str, output: str, expect: str | None, *, quiet: bool) -> int:
    """Show a run over several targets; its exit code."""
    from kubectl_stress.cli.print_report import answer_fleet
    from kubectl_stress.results.fleet_recording import read_fleet_recording

    fleet, damage = read_fleet_recording(data)
    if expect is not None:
        fleet = fleet.expecting(Expectation(expect))
    for text in [] if quiet else damage:
        click.echo(f"warning: {name}: {text}", err=True)
    answer_fleet(fleet, output)
    return fleet.exit_code


def _tell_differences(
    name: str, damage: str | None, recorded: str | None, outcome: Outcome
) -> None:
    if damage is not None:
        click.echo(f"warning: {name}: {damage}", err=True)
    if recorded not in (None, outcome.value):
        click.echo(f"note: now judged {outcome.value}, recorded as {recorded}", err=True)
