"""Command-line options that several commands share, as decorators; parsing only."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from kubectl_stress.agent.image import DEFAULT_IMAGE
from kubectl_stress.cli import target_completion as target_words
from kubectl_stress.errors import UsageError
from kubectl_stress.formats.serialize import FORMATS
from kubectl_stress.plan.holder_spec import HolderSpec, Join
from kubectl_stress.quantity import parse_duration_ms

Command = TypeVar("Command", bound=Callable[..., Any])


several_targets = click.argument(
    "targets",
    metavar="TARGET...",
    nargs=-1,
    required=True,
    shell_complete=target_words.targets,
)


def output_options(command: Command) -> Command:
    """Add -o, -q and --color."""
    for option in reversed(
        (
            click.option(
                "-o",
                "--output",
                type=click.Choice(FORMATS),
                default="table",
                show_default=True,
                help="Format of the answer on stdout",
            ),
            click.option("-q", "--quiet", is_flag=True, help="Tell nothing on stderr but errors"),
            click.option(
                "--color",
                type=click.Choice(["auto", "always", "never"]),
                default="auto",
                show_default=True,
                help="Colour on the terminal; NO_COLOR is honoured",
            ),
        )
    ):
        command = option(command)
    return command


def wants_color(choice: str, environ: dict[str, str] | None = None) -> bool | None:
    """True or False where it was said, None to judge by the terminal.

    --color stands above NO_COLOR (https://no-color.org: any value that is not empty).
    """
    if choice != "auto":
        return choice == "always"
    values = os.environ if environ is None else environ
    return False if values.get("NO_COLOR") else None


class DurationType(click.ParamType[int]):
    """A duration such as 30s or 1m30s, as milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds; fails with the hint of the parser."""
        if isinstance(value, int):
            return value
        try:
            return parse_duration_ms(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


DURATION = DurationType()


class NewFileType(click.ParamType[str]):
    """A file that is to be made, and so must not exist yet."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The path as given; fails where something is there already."""
        if Path(value).exists():
            self.fail(f"{value} exists and is not overwritten: choose another name", param, ctx)
        return str(value)


NEW_FILE = NewFileType()


_HOLDER_OPTIONS = (
    click.option(
        "-c",
        "--container",
        metavar="NAME",
        shell_complete=target_words.containers,
        help="Target container",
    ),
    click.option(
        "--wait",
        type=DURATION,
        default="0s",
        metavar="TIME",
        help="How long to wait for a target that does not run yet",
    ),
    click.option(
        "--image",
        metavar="IMAGE",
        default=DEFAULT_IMAGE,
        show_default=True,
        envvar="KUBECTL_STRESS_IMAGE",
        help="Image of the agent (also KUBECTL_STRESS_IMAGE)",
    ),
    click.option(
        "--image-pull-policy",
        type=click.Choice(["Always", "IfNotPresent", "Never"]),
        envvar="KUBECTL_STRESS_IMAGE_PULL_POLICY",
        help="When the kubelet pulls the image",
    ),
    click.option(
        "--linger",
        type=DURATION,
        default="10m",
        show_default=True,
        metavar="TIME",
        help="How long the ephemeral container waits for its next use",
    ),
    click.option(
        "--timeout",
        type=DURATION,
        default="60s",
        show_default=True,
        metavar="TIME",
        envvar="KUBECTL_STRESS_TIMEOUT",
        help="How long the ephemeral container may take to start (also KUBECTL_STRESS_TIMEOUT)",
    ),
)


def holder_options(command: Command) -> Command:
    """Add what every command with a holder takes; `holder_spec` makes the value of it."""
    for option in reversed(_HOLDER_OPTIONS):
        command = option(command)
    return command


def join_option(command: Command) -> Command:
    """Add --join, for commands that load something; `holder_spec` takes it in."""
    return click.option(
        "--join",
        type=click.Choice(["auto", *(join.value for join in Join)]),
        default="auto",
        show_default=True,
        help="Into which cgroup and how: auto is exec, and never goes beyond it; cgroup needs a "
        "privileged ephemeral container; pod is not the target's own cgroup",
    )(command)


def holder_spec(given: Mapping[str, Any]) -> HolderSpec:
    """How the agent is to be brought in, by the words that `holder_options` took."""
    return HolderSpec(
        image=given["image"],
        pull_policy=given["image_pull_policy"],
        linger_ms=given["linger"],
        start_timeout_ms=given["timeout"],
        join=_join(given.get("join", "auto")),
    )


def _join(text: str) -> Join:
    return Join.EXEC if text == "auto" else Join(text)
