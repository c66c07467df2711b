"""`kubectl stress top`: the memory of containers and who would die first, without a load."""

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.connection_options import connection_options
from kubectl_stress.cli.holder_options import holder_options, holder_spec
from kubectl_stress.cli.output_options import output_options, wants_color
from kubectl_stress.cli.param_types import DURATION
from kubectl_stress.cli.plan_targets import choose_targets, refuse_problems
from kubectl_stress.cli.selection_options import optional_targets
from kubectl_stress.cli.streams import terminal_width
from kubectl_stress.cli.target_options import selector_options, target_selection
from kubectl_stress.cli.wiring import connect, now_ms

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.kube.connection import ConnectionFlags
    from kubectl_stress.results.target_state import TargetState
    from kubectl_stress.targets.target import Target

_LIVE = ("table", "wide")


@click.command()
@optional_targets
@selector_options
@click.option(
    "--duration",
    type=DURATION,
    metavar="TIME",
    help="How long to read; 0s reads once  [default: until Ctrl-C on a terminal, else once]",
)
@holder_options
@output_options
@connection_options
def top(flags: "ConnectionFlags", targets: tuple[str, ...], **given: Any) -> None:
    """Show the memory of each TARGET, or of pods selected with -l, live and without a load.

    It is what the container's cgroup counts, read from an ephemeral container, which costs the
    target nothing; one that may not look into the target reads it by exec. If none is running, one
    is added, and its entry stays in the pod. LOAD is the memory
    held by any running load of kubectl stress. OOM KILLS counts from the container's start; PEAK is
    the highest reading.

    On a terminal top runs until Ctrl-C, a day at most; elsewhere, and for json, yaml, csv and name,
    it reads once.

    Exit codes: 0 all targets were read, 1 a target could not be read, 2 usage, 130 interrupted
    before --duration was over, or by a signal.

    \b
    kubectl stress top deploy/hello
    kubectl stress top -l app=web --duration 10s -o jsonl
    """
    asked = target_selection(targets, given)
    cluster = connect(flags)
    chosen = choose_targets(cluster, asked, seed=0, given=given)
    problems = [(one.place.pod, one.problem) for one in chosen.missing]
    refuse_problems(problems, len(chosen.targets) + len(problems))
    states = _read(cluster, list(chosen.targets), given=given)
    width = terminal_width()
    click.get_current_context().exit(_answer(states, given["output"], width=width))


def _read(
    cluster: "Cluster", targets: "list[Target]", *, given: dict[str, Any]
) -> "list[TargetState]":
    from kubectl_stress.clock import Clock
    from kubectl_stress.live.listeners import listening
    from kubectl_stress.operations.top import Sampling, Top
    from kubectl_stress.session.event_loop import EventLoop

    sampling = Sampling(_duration_ms(given))
    with listening(
        quiet=given["quiet"],
        output=given["output"],
        color=wants_color(given["color"]),
        now_ms=now_ms,
        target_count=len(targets),
        has_samples=not sampling.is_once,
    ) as tell:
        top = Top(cluster, holder_spec(given), EventLoop(Clock(now_ms, time.sleep)), tell=tell)
        return top(targets, sampling)


def _duration_ms(given: dict[str, Any]) -> int | None:
    """What was asked for; else without an end where somebody sees it go on, and once elsewhere."""
    if given["duration"] is not None:
        return int(given["duration"])
    is_shown = sys.stderr.isatty() and not given["quiet"] and given["output"] in _LIVE
    is_streamed = given["output"] == "jsonl"
    return None if sys.stdout.isatty() and (is_shown or is_streamed) else 0


def _answer(states: "list[TargetState]", output: str, *, width: int | None) -> int:
    """Print the last state; the exit code: that of the first error."""
    from kubectl_stress.formats.top_text import render_top

    errors = [state.error for state in states if state.error is not None]
    if errors and not any(state.hello for state in states):
        raise errors[0]
    click.echo(render_top(states, output, width=width))
    return errors[0].exit_code if errors else 0
