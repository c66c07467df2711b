"""`kubectl stress report` and `kubectl stress help`: what a run meant, without a cluster."""

import sys
from dataclasses import replace
from typing import BinaryIO

import click

from kubectl_stress.cli.print_report import REPORT_FORMATS, answer
from kubectl_stress.errors import UsageError
from kubectl_stress.verdict.outcome import Expectation, Outcome


@click.command()
@click.argument("file", metavar="FILE", type=click.File("rb"))
@click.option(
    "-o",
    "--output",
    type=click.Choice(REPORT_FORMATS),
    default="table",
    show_default=True,
    help="Format of the answer on stdout",
)
@click.option(
    "--expect",
    type=click.Choice([expectation.value for expectation in Expectation]),
    help="Make the exit code say whether this happened, instead of what the run was told",
)
@click.option("--plot", "with_plot", is_flag=True, help="Draw the level against the limit")
@click.option("-q", "--quiet", is_flag=True, help="Tell nothing on stderr but errors")
def report(file: BinaryIO, output: str, expect: str | None, with_plot: bool, quiet: bool) -> None:
    """Show the run that FILE keeps (mem --record FILE), judged anew; - reads stdin.

    What is damaged or missing at its end is said on stderr; the exit codes are those of the run.

    \b
    kubectl stress report run.jsonl --plot
    kubectl stress report run.jsonl -o html > run.html
    """
    from kubectl_stress.results.recording import read_recording, to_report

    recording = read_recording(file.read())
    found = to_report(recording)
    if expect is not None:
        found = replace(found, expectation=Expectation(expect))
    if not quiet:
        _tell_differences(file.name, recording.damage, recording.outcome, found.verdict.outcome)
    answer(found, output, with_plot=with_plot)
    sys.exit(found.exit_code)


def _tell_differences(
    name: str, damage: str | None, recorded: str | None, outcome: Outcome
) -> None:
    if damage is not None:
        click.echo(f"warning: {name}: {damage}", err=True)
    if recorded not in (None, outcome.value):
        click.echo(f"note: judged {outcome.value} now, and {recorded} when recorded", err=True)


@click.command("help")
@click.argument("word", metavar="[OUTCOME]", required=False)
@click.pass_context
def help_command(context: click.Context, word: str | None) -> None:
    """Say what OUTCOME means and what to do about it; without it, list them all.

    \b
    kubectl stress help group-oom-killed
    """
    from kubectl_stress.verdict.meanings import MEANINGS, listing

    if word is None:
        click.echo(listing())
        return
    parent = context.parent
    assert parent is not None
    assert isinstance(parent.command, click.Group)
    command = parent.command.get_command(parent, word)
    known = [outcome.value for outcome in Outcome]
    if word in known:
        click.echo(click.wrap_text(MEANINGS[Outcome(word)], width=80))
    elif command is not None:
        with click.Context(command, info_name=word, parent=parent) as inner:
            click.echo(command.get_help(inner))
    else:
        raise UsageError(f'"{word}" is no outcome: use one of {", ".join(known)}')
