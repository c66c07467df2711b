"""Carries out the load of `mem` and `cpu` on all that was selected.

Imports of the cluster stand inside the functions, so that `--help` stays quick.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.confirm import confirm
from kubectl_stress.cli.copy_option import copy_of_target, the_one_to_copy
from kubectl_stress.cli.introduction import introduce, make_run
from kubectl_stress.cli.output_options import wants_color
from kubectl_stress.cli.plan_targets import choose_targets, find_one, plan_each, tell_unseen
from kubectl_stress.cli.run_many import carry_out_many
from kubectl_stress.cli.target_options import seed_of
from kubectl_stress.cli.wiring import import_ahead, now_ms, teller
from kubectl_stress.errors import StressError
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.spec import LoadSpec
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.target_selection import TargetSelection
from kubectl_stress.verdict.outcome import Expectation

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.live.listeners import Listener
    from kubectl_stress.plan.plan import Plan
    from kubectl_stress.results.report import Report
    from kubectl_stress.targets.target import Target

# In the order in which a run comes to them: they take as long as some ten requests.
_OF_A_RUN = (
    "kubectl_stress.plan.decide",
    "kubectl_stress.operations.copy",
    "kubectl_stress.session.announcer",
    "kubectl_stress.injection.first_look",
    "kubectl_stress.kube.exec.handshake",
    "kubectl_stress.operations.load",
    "kubectl_stress.live.listeners",
    "kubectl_stress.live.recorder",
    "kubectl_stress.cli.print_report",
)


def run_selection(
    cluster: "Cluster",
    asked: TargetSelection,
    spec: LoadSpec,
    holder: HolderSpec,
    given: dict[str, Any],
) -> int:
    """The exit code; one target is shown as one, and several as a run over all of them."""
    if given["dry_run"] == "none":
        import_ahead(*_OF_A_RUN)
    if given["copy"]:
        ref = the_one_to_copy(asked)
        refuse = partial(_plan, spec, holder, given)
        use_ms = spec.longest_ms
        with copy_of_target(cluster, ref, use_ms=use_ms, given=given, refuse=refuse) as copy:
            plan = prepare(cluster, copy, spec, holder, given=given)
            return run_one(cluster, plan, holder, copy, given=given)
    if asked.only_pod is not None:
        plan = prepare(cluster, asked.only_pod, spec, holder, given=given)
        return run_one(cluster, plan, holder, asked.only_pod, given=given)
    chosen = choose_targets(cluster, asked, seed=seed_of(given), given=given)
    planned = plan_each(chosen, spec, holder, given)
    is_one = asked.may_be_single and len(planned) == 1 and not given["follow"]
    if is_one and not isinstance(planned[0].plan, StressError):
        return run_one(cluster, planned[0].plan, holder, asked.refs[0], given=given)
    return carry_out_many(cluster, planned, holder, given=given)


def run_one(
    cluster: "Cluster", plan: "Plan", holder: HolderSpec, ref: TargetRef, *, given: dict[str, Any]
) -> int:
    """The exit code of one plan carried out, or of its dry run."""
    if given["dry_run"] != "none":
        print_dry_run(cluster, plan, holder, ref, given=given)
        return 0
    return run_plan(cluster, plan, holder, given=given).exit_code


def prepare(
    cluster: "Cluster", ref: TargetRef, spec: LoadSpec, holder: HolderSpec, *, given: dict[str, Any]
) -> "Plan":
    """The plan for the target that is meant, once it runs; raises StressError."""
    target, unseen = find_one(cluster, ref, given)
    plan = _plan(spec, holder, given, target)
    tell_unseen(unseen, quiet=given["quiet"])
    return plan


def _plan(spec: LoadSpec, holder: HolderSpec, given: dict[str, Any], target: "Target") -> "Plan":
    from kubectl_stress.plan.decide import make_plan

    return make_plan(spec, target, force=given["force"], join=holder.join)


def print_dry_run(
    cluster: "Cluster", plan: "Plan", holder: HolderSpec, ref: TargetRef, *, given: dict[str, Any]
) -> None:
    """What would be done and met, and the patch; nothing is attached."""
    from kubectl_stress.clock import Clock
    from kubectl_stress.formats.check_text import dry_run
    from kubectl_stress.operations.check import Check, Question
    from kubectl_stress.plan.holder import ephemeral_container
    from kubectl_stress.preflight.admission import check_admission

    if given["dry_run"] == "server":
        check_admission(cluster, plan.target, holder)
    tell, is_judged = teller(quiet=given["quiet"]), given["dry_run"] == "server"
    check = Check(cluster, holder, clock=Clock(now_ms, time.sleep), tell=tell)
    question = Question(ref, given["container"], is_judged=is_judged, plan=plan)
    patch = {"spec": {"ephemeralContainers": [ephemeral_container(plan.target, holder, "xxxxxx")]}}
    is_confirmed = bool(given["yes"])
    click.echo(dry_run(plan, patch, check(question), given["output"], is_confirmed=is_confirmed))


def run_plan(
    cluster: "Cluster", plan: "Plan", holder: HolderSpec, *, given: dict[str, Any]
) -> "Report":
    """The plan carried out, shown while it runs, and its report printed; raises StressError."""
    from kubectl_stress.cli.print_report import answer
    from kubectl_stress.clock import Clock
    from kubectl_stress.injection.first_look import first_look
    from kubectl_stress.preflight.admission import check_admission
    from kubectl_stress.preflight.at_once import both

    if not given["quiet"]:
        _tell_plan(plan)
    target, clock = plan.target, Clock(now_ms, time.sleep)
    admit = partial(check_admission, cluster, target, holder)
    announcer, look = both(
        lambda: introduce(cluster, [target.namespace], given, beside=admit),
        lambda: first_look(cluster, target, holder, clock=clock),
    )
    ask = partial(confirm, yes=given["yes"])
    ask(plan.questions)
    with announcer:
        start_run = partial(make_run, announcer, cluster, ask)
        found = _carried_out(lambda tell: partial(start_run(tell), look=look), plan, holder, given)
    answer(found, given["output"], with_plot=given["plot"])
    return found


def _carried_out(
    start_run: "Callable[[Listener], Callable[[Plan, HolderSpec, Expectation | None], Report]]",
    plan: "Plan",
    holder: HolderSpec,
    given: dict[str, Any],
) -> "Report":
    from kubectl_stress.live.listeners import listening, to_all
    from kubectl_stress.live.recorder import recording_to

    quiet, output, color = given["quiet"], given["output"], wants_color(given["color"])
    expect = Expectation(given["expect"]) if given["expect"] else None
    with (
        recording_to(given["record"]) as recorder,
        listening(quiet=quiet, output=output, color=color, now_ms=now_ms) as show,
    ):
        found = start_run(to_all([recorder, show]))(plan, holder, expect)
        recorder.finish(found)
    return found


def _tell_plan(plan: "Plan") -> None:
    from kubectl_stress.plan.decide import summary

    click.echo(summary(plan), err=True)
    if not plan.target.is_container_asked:
        choice = plan.target.container_choice
        click.echo(f'container "{plan.target.container}" ({choice})', err=True)
    for note in plan.notes:
        click.echo(f"note: {note}", err=True)
