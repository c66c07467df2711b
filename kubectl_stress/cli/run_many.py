"""A load on several targets at once: one question, one run, one report."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.confirm import confirm
from kubectl_stress.cli.introduction import introduce, make_run
from kubectl_stress.cli.output_options import wants_color
from kubectl_stress.cli.plan_targets import Planned, problems_of, refuse_problems
from kubectl_stress.cli.target_options import together
from kubectl_stress.cli.wiring import now_ms, teller
from kubectl_stress.errors import StressError, worst_exit_code
from kubectl_stress.plan.together import FEW
from kubectl_stress.verdict.outcome import Expectation

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.live.listeners import Listener
    from kubectl_stress.operations.load import Run
    from kubectl_stress.plan.holder_spec import HolderSpec
    from kubectl_stress.plan.plan import Plan
    from kubectl_stress.results.fleet_report import FleetReport

_PLOT_NOTE = (
    "note: --plot draws one target only: for a picture of each use --record FILE, "
    "then kubectl stress report FILE -o html"
)


def carry_out_many(
    cluster: "Cluster", planned: Sequence[Planned], holder: "HolderSpec", *, given: dict[str, Any]
) -> int:
    """The exit code of the plans carried out together, or of their dry run."""
    _refuse(planned, given)
    if given["dry_run"] != "none":
        return dry_run_of_many(cluster, planned, holder, given=given)
    return run_many(cluster, planned, holder, given=given).exit_code


def run_many(
    cluster: "Cluster", planned: Sequence[Planned], holder: "HolderSpec", *, given: dict[str, Any]
) -> "FleetReport":
    """The plans carried out together, and their report printed; raises StressError."""
    from kubectl_stress.cli.print_report import answer_fleet
    from kubectl_stress.plan.together import questions

    plans, admitted = _plans(planned), list[Planned]()
    if not given["quiet"]:
        _tell_plans(plans)
        if given["plot"]:
            click.echo(_PLOT_NOTE, err=True)
    announcer = introduce(
        cluster,
        [plan.target.namespace for plan in plans],
        given,
        beside=lambda: admitted.extend(_as_admitted(cluster, planned, holder)),
    )
    _refuse(admitted, given)
    if not given["quiet"]:
        _tell_left_out(admitted)
    ask = partial(confirm, yes=given["yes"])
    ask(questions(_plans(admitted), together(given)))
    # Those that cannot be loaded come last, so that the others are numbered as they run.
    ordered = sorted(admitted, key=lambda one: isinstance(one.plan, StressError))
    with announcer:
        fleet = _carry_out(partial(make_run, announcer, cluster, ask), ordered, holder, given)
    answer_fleet(fleet, given["output"])
    return fleet


def _refuse(planned: Sequence[Planned], given: dict[str, Any]) -> None:
    refuse_problems(problems_of(planned), len(planned), keep_going=given["keep_going"])


def _plans(planned: Sequence[Planned]) -> "list[Plan]":
    """Of those that can be loaded."""
    return [plan for _, plan in planned if not isinstance(plan, StressError)]


def _as_admitted(
    cluster: "Cluster", planned: Sequence[Planned], holder: "HolderSpec"
) -> list[Planned]:
    """The same, with what the API server says against the very patch."""
    from kubectl_stress.preflight.admission import admission_refusals

    targets = [plan.target for plan in _plans(planned)]
    refusals = iter(admission_refusals(cluster, targets, holder))
    return [
        one if isinstance(one.plan, StressError) else Planned(one.place, next(refusals) or one.plan)
        for one in planned
    ]


def _tell_left_out(planned: Sequence[Planned]) -> None:
    from kubectl_stress.plan.problems import problem_lines

    for line in problem_lines(problems_of(planned)):
        click.echo(f"note: left out: {line}", err=True)


def _carry_out(
    start_run: "Callable[..., Run]",
    planned: Sequence[Planned],
    holder: "HolderSpec",
    given: dict[str, Any],
) -> "FleetReport":
    from kubectl_stress.live.listeners import to_all
    from kubectl_stress.live.recorder import recording_to
    from kubectl_stress.results.fleet_report import fleet_report

    expect = Expectation(given["expect"]) if given["expect"] else None
    places, plans = [place for place, _ in planned], _plans(planned)
    refused = [plan for _, plan in planned if isinstance(plan, StressError)]
    with (
        recording_to(given["record"], is_fleet=True) as recorder,
        _listening(len(plans), given) as show,
    ):
        run = start_run(to_all([recorder, show]), say=teller(quiet=given["quiet"]))
        recorder.begin_fleet(places, expect, refused)
        found, followed = run.all(plans, holder, expect, together(given), reserved=len(refused))
        fleet = fleet_report(places, [*found, *refused], expect, followed)
        recorder.finish_fleet(fleet)
    return fleet


def _listening(count: int, given: dict[str, Any]) -> "AbstractContextManager[Listener]":
    from kubectl_stress.live.listeners import listening

    return listening(
        quiet=given["quiet"],
        output=given["output"],
        color=wants_color(given["color"]),
        now_ms=now_ms,
        target_count=count + together(given).follow,  # a pod that joins is told from the others
        is_fleet=count > FEW,
    )


def _tell_plans(plans: "Sequence[Plan]") -> None:
    from kubectl_stress.plan.decide import summary
    from kubectl_stress.plan.together import FULL_RATE_INTERVAL_MS, sample_interval_ms

    for plan in plans[:FEW]:
        click.echo(summary(plan), err=True)
    if len(plans) > FEW:
        click.echo(f"and likewise on {len(plans) - FEW} more", err=True)
    notes = dict.fromkeys(note for plan in plans for note in plan.notes)
    interval_ms = sample_interval_ms(len(plans))
    if interval_ms > FULL_RATE_INTERVAL_MS:
        notes[f"{len(plans)} targets: each is read every {interval_ms} ms instead of 100"] = None
    for note in notes:
        click.echo(f"note: {note}", err=True)


def dry_run_of_many(
    cluster: "Cluster", planned: Sequence[Planned], holder: "HolderSpec", *, given: dict[str, Any]
) -> int:
    """Prints what would be done and asked; the exit code is that of what is left out."""
    from kubectl_stress.formats.fleet_dry_run import fleet_dry_run
    from kubectl_stress.plan.together import questions

    if given["dry_run"] == "server":
        planned = _as_admitted(cluster, planned, holder)
        _refuse(planned, given)
    refused = {str(place): str(p) for place, p in planned if isinstance(p, StressError)}
    plans = _plans(planned)
    asked = questions(plans, together(given))
    is_confirmed = bool(given["yes"])
    click.echo(fleet_dry_run(plans, refused, asked, given["output"], is_confirmed=is_confirmed))
    return worst_exit_code({error.exit_code for _name, error in problems_of(planned)})
