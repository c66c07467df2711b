"""The command line: words to values, values to the pipeline, errors to exit codes.

Imports of the cluster stand inside the functions, so that `--help` stays quick.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress import __version__
from kubectl_stress.answer import answer
from kubectl_stress.errors import Interrupted, Refused, StressError, UsageError
from kubectl_stress.options import (
    DEFAULT_IMAGE,
    DURATION,
    NEW_FILE,
    as_click_reads,
    connection_options,
    output_options,
    wants_color,
)
from kubectl_stress.plan import Plan, ephemeral_container, make_plan, summary
from kubectl_stress.report_command import help_command, report
from kubectl_stress.spec import Amount, Expectation, HolderSpec, MemSpec, TargetRef

if TYPE_CHECKING:
    from kubectl_stress.cluster import Cluster
    from kubectl_stress.kubeconfig import ConnectionFlags
    from kubectl_stress.report import Report

    Connect = Callable[[ConnectionFlags], Cluster]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kubectl stress")
@click.option("--debug", is_flag=True, help="Show the traceback of an error")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Bring a running container to its memory limit in its own cgroup, and say what happened.

    TARGET is a pod or the owner of one: NAME, pod/NAME, deploy/NAME, sts/NAME, ds/NAME, rs/NAME
    or job/NAME.

    \b
    Exit codes: 0 as expected, 1 could not run, 2 usage, 3 verdict not as expected,
    4 inconclusive, 5 refused by a guard, 130 interrupted (the load is released).
    """
    context.ensure_object(dict)["debug"] = debug


@cli.command(short_help="Load the memory of a container and judge what happens")
@click.argument("target", metavar="TARGET")
@click.option(
    "--size",
    required=True,
    metavar="AMOUNT",
    help="How much is added, a total: 300Mi, 60% (of the limit), 60%request, 60%headroom, 60%node",
)
@click.option(
    "--duration",
    type=DURATION,
    default="60s",
    show_default=True,
    metavar="TIME",
    help="How long the load is held",
)
@click.option(
    "--ramp",
    type=DURATION,
    default="0s",
    metavar="TIME",
    help="Grow to the size evenly over this time",
)
@click.option(
    "--workers",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="Processes that share the size",
)
@click.option(
    "--oom-score-adj",
    metavar="same|N",
    default="same",
    show_default=True,
    help="oom_score_adj of the load; same is the target's own",
)
@click.option("-c", "--container", metavar="NAME", help="Target container")
@click.option(
    "--image",
    metavar="IMAGE",
    default=DEFAULT_IMAGE,
    show_default=True,
    envvar="KUBECTL_STRESS_IMAGE",
    help="Image of the agent (also KUBECTL_STRESS_IMAGE)",
)
@click.option(
    "--image-pull-policy",
    type=click.Choice(["Always", "IfNotPresent", "Never"]),
    envvar="KUBECTL_STRESS_IMAGE_PULL_POLICY",
    help="When the kubelet pulls the image",
)
@click.option(
    "--linger",
    type=DURATION,
    default="10m",
    show_default=True,
    metavar="TIME",
    help="How long the ephemeral container waits for its next use",
)
@click.option(
    "--timeout",
    type=DURATION,
    default="60s",
    show_default=True,
    metavar="TIME",
    help="How long the ephemeral container may take to start",
)
@click.option(
    "--expect",
    type=click.Choice([expectation.value for expectation in Expectation]),
    help="Make the exit code say whether this happened",
)
@click.option(
    "--dry-run",
    type=click.Choice(["none", "client", "server"]),
    default="none",
    show_default=True,
    help="Print plan and patch, and attach nothing; server also has the patch judged",
)
@click.option(
    "--record",
    type=NEW_FILE,
    metavar="FILE",
    help="Keep everything that is seen in a new FILE, for kubectl stress report",
)
@click.option("--plot", is_flag=True, help="Draw the level against the limit at the end")
@click.option("-y", "--yes", is_flag=True, help="Answer yes to what would be asked")
@click.option("--force", is_flag=True, help="Load a container that has no memory limit")
@output_options
@connection_options
def mem(flags: "ConnectionFlags", target: str, **given: Any) -> None:
    """Load the memory of a container in its own cgroup, show what happens, and judge it.

    The size is a total over all workers. Stop with Ctrl-C: the load is released at once.

    \b
    kubectl stress mem deploy/hello --size 50Mi --duration 20s
    kubectl stress mem hello -c app --size 120% --expect oom --yes
    """
    ref, spec, holder = TargetRef.parse(target), _mem_spec(given), _holder_spec(given)
    cluster = _connect(flags)
    plan = _prepare(cluster, ref, spec, given=given)
    if given["dry_run"] != "none":
        _print_dry_run(cluster, plan, holder, given=given)
        return
    sys.exit(_run(cluster, plan, holder, given=given).exit_code)


def _mem_spec(given: dict[str, Any]) -> MemSpec:
    return MemSpec(
        amount=Amount.parse(given["size"]),
        duration_ms=given["duration"],
        ramp_ms=given["ramp"],
        workers=given["workers"],
        oom_score_adj=_oom_score_adj(given["oom_score_adj"]),
    )


def _oom_score_adj(text: str) -> int | None:
    if text == "same":
        return None
    try:
        value = int(text)
    except ValueError:
        value = 1001
    if not -999 <= value <= 1000:
        raise UsageError(f"--oom-score-adj {text}: give same or a number from -999 to 1000")
    return value


def _holder_spec(given: dict[str, Any]) -> HolderSpec:
    return HolderSpec(
        image=given["image"],
        pull_policy=given["image_pull_policy"],
        linger_ms=given["linger"],
        start_timeout_ms=given["timeout"],
    )


def _connect(flags: "ConnectionFlags") -> "Cluster":
    connect: Connect = click.get_current_context().obj.get("connect", _connect_to_server)
    return connect(flags)


def _connect_to_server(flags: "ConnectionFlags") -> "Cluster":
    from kubectl_stress.cluster import Cluster
    from kubectl_stress.kubeconfig import load_connection

    return Cluster(load_connection(flags, os.environ))


def _prepare(cluster: "Cluster", ref: TargetRef, spec: MemSpec, *, given: dict[str, Any]) -> Plan:
    from kubectl_stress.find import find_target
    from kubectl_stress.preflight import check_permissions

    unseen = check_permissions(cluster, ref, cluster.namespace)
    namespace, container = cluster.namespace, given["container"]
    target = find_target(cluster, ref, namespace=namespace, container=container)
    plan = make_plan(spec, target, force=given["force"])
    if unseen and not given["quiet"]:
        words = ", ".join(str(permission) for permission in unseen)
        click.echo(f"note: going on without events ({words} not allowed)", err=True)
    return plan


def _print_dry_run(
    cluster: "Cluster", plan: Plan, holder: HolderSpec, *, given: dict[str, Any]
) -> None:
    from kubectl_stress.preflight import check_admission
    from kubectl_stress.render import dry_run

    if given["dry_run"] == "server":
        check_admission(cluster, plan, holder)
    container = ephemeral_container(plan.target, holder, "xxxxxx")
    patch = {"spec": {"ephemeralContainers": [container]}}
    click.echo(dry_run(plan, patch, given["output"], story=summary(plan)))


def _run(cluster: "Cluster", plan: Plan, holder: HolderSpec, *, given: dict[str, Any]) -> "Report":
    from kubectl_stress.injection import Clock
    from kubectl_stress.preflight import check_admission
    from kubectl_stress.recorder import recording_to
    from kubectl_stress.run import Run
    from kubectl_stress.screen import listening, to_all

    quiet, output = given["quiet"], given["output"]
    if not quiet:
        _tell_plan(plan)
    check_admission(cluster, plan, holder)
    _confirm(plan.questions, yes=given["yes"])
    expect = Expectation(given["expect"]) if given["expect"] else None
    color = wants_color(given["color"])
    with (
        recording_to(given["record"]) as recorder,
        listening(quiet=quiet, output=output, color=color, now_ms=_now_ms) as show,
    ):
        run = Run(
            cluster,
            clock=Clock(_now_ms, time.sleep),
            tell=to_all([recorder, show]),
            confirm=lambda questions: _confirm(questions, yes=given["yes"]),
        )
        found = run(plan, holder, expect)
        recorder.finish(found)
    answer(found, output, with_plot=given["plot"])
    return found


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _tell_plan(plan: Plan) -> None:
    click.echo(summary(plan), err=True)
    if plan.target.container_choice != "as asked":
        choice = plan.target.container_choice
        click.echo(f'container "{plan.target.container}" ({choice})', err=True)
    for note in plan.notes:
        click.echo(f"note: {note}", err=True)


def _confirm(questions: Sequence[str], *, yes: bool) -> None:
    """Ask on a terminal, need --yes elsewhere; raises Refused."""
    if not questions or yes:
        return
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise Refused(f"{'; '.join(questions)}: say --yes if that is meant")
    for question in questions:
        click.echo(f"warning: {question}", err=True)
    if not click.confirm("Go on?", err=True):
        raise Refused("not confirmed, nothing was loaded")


cli.add_command(report)
cli.add_command(help_command)


@cli.command(short_help="Print the Role that the commands need")
@click.option(
    "-n",
    "--namespace",
    metavar="NAME",
    default="default",
    show_default=True,
    help="Namespace that the Role is for",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    show_default=True,
    help="Format of the manifest",
)
def role(namespace: str, output: str) -> None:
    """Print the least Role with which every command works, for an administrator to apply.

    \b
    kubectl stress role -n shop | kubectl apply -f -
    kubectl create rolebinding kubectl-stress -n shop --role kubectl-stress --user USER
    """
    from kubectl_stress import permissions
    from kubectl_stress.render import json_line, to_yaml

    manifest = permissions.role(namespace)
    click.echo(to_yaml(manifest) if output == "yaml" else json_line(manifest))


def _as_interrupt(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def run_command_line(arguments: Sequence[str], *, connect: "Connect | None" = None) -> int:
    """Run the command and return its exit code; every error becomes one line on stderr.

    `connect` makes the cluster that flags name, where it is not to be a server.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _as_interrupt)
    try:
        words = as_click_reads(arguments)
        result = cli.main(
            args=words,
            prog_name="kubectl stress",
            standalone_mode=False,
            obj={"connect": connect} if connect else {},
        )
        return result if isinstance(result, int) else 0
    except StressError as error:
        if "--debug" in arguments:
            raise
        return _told(f"error: {error}", error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        return _told(error.format_message(), 2)
    except click.UsageError as error:
        message = " ".join(error.format_message().split()).removesuffix(".")
        command = error.ctx.command_path if error.ctx else "kubectl stress"
        return _told(f"error: {message}; see '{command} --help'", 2)
    except (KeyboardInterrupt, click.Abort):
        return _told("error: interrupted", Interrupted.exit_code)
    except BrokenPipeError:
        # The reader of stdout went away (| head); the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _told(text: str, exit_code: int) -> int:
    click.echo(text, err=True)
    return exit_code
