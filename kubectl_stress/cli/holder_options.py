"""Which target, and how the agent is brought to it: options of every command that attaches."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from kubectl_stress.agent.image import DEFAULT_IMAGE
from kubectl_stress.cli import target_completion as target_words
from kubectl_stress.cli.config_file import SettingOption
from kubectl_stress.cli.param_types import DURATION, IMAGE, Command, with_options
from kubectl_stress.errors import UsageError
from kubectl_stress.plan.holder_spec import HolderSpec, Join


def _the_one(_context: click.Context, _param: click.Parameter, words: Sequence[str]) -> str:
    """The one target of several words, as in `pod hello`."""
    from kubectl_stress.targets.ref import TargetRef

    found = [str(ref) for ref in TargetRef.parse_all(words)]
    if len(found) > 1:
        raise UsageError(f"give one TARGET, not {len(found)}: {', '.join(found)}")
    return found[0]


one_target = click.argument(
    "target",
    metavar="TARGET",
    nargs=-1,
    required=True,
    callback=_the_one,
    shell_complete=target_words.targets,
)

container_option = click.option(
    "-c",
    "--container",
    metavar="NAME",
    shell_complete=target_words.containers,
    help="Target container",
)
_AGENT_OPTIONS = (
    click.option(
        "--wait",
        type=DURATION,
        default="0s",
        metavar="TIME",
        help="How long to wait for a target that is not running yet",
    ),
    click.option(
        "--image",
        cls=SettingOption,
        type=IMAGE,
        metavar="IMAGE",
        default=DEFAULT_IMAGE,
        show_default=True,
        envvar="KUBECTL_STRESS_IMAGE",
        help="Image of the agent, or target: the target's own image, into which the agent is "
        "copied (also KUBECTL_STRESS_IMAGE)",
    ),
    click.option(
        "--image-pull-policy",
        cls=SettingOption,
        type=click.Choice(["Always", "IfNotPresent", "Never"]),
        envvar="KUBECTL_STRESS_IMAGE_PULL_POLICY",
        help="Pull policy of the image (also KUBECTL_STRESS_IMAGE_PULL_POLICY)",
    ),
    click.option(
        "--linger",
        type=DURATION,
        default="10m",
        show_default=True,
        metavar="TIME",
        help="How long an idle ephemeral container stays",
    ),
    click.option(
        "--timeout",
        cls=SettingOption,
        type=DURATION,
        default="60s",
        show_default=True,
        metavar="TIME",
        envvar="KUBECTL_STRESS_TIMEOUT",
        help=(
            "How long the ephemeral container may take to start, once the kubelet has begun with "
            "it (also KUBECTL_STRESS_TIMEOUT)"
        ),
    ),
)

join_option = click.option(
    "--join",
    type=click.Choice(["auto", *(join.value for join in Join)]),
    default="auto",
    show_default=True,
    help="How to join a cgroup: exec joins the target's; cgroup does too, from a privileged "
    "ephemeral container; pod joins only the pod's; auto is exec",
)


def holder_options(command: Command) -> Command:
    """Add what every command with a holder takes; `holder_spec` makes the value of it."""
    return with_options(command, (container_option, *_AGENT_OPTIONS))


def agent_options(command: Command) -> Command:
    """As `holder_options`, where something else names the container."""
    return with_options(command, _AGENT_OPTIONS)


def holder_spec(given: Mapping[str, Any]) -> HolderSpec:
    """How the agent is to be brought in, by the words that `holder_options` took; UsageError."""
    if given["timeout"] <= 0:  # it would leave an ephemeral container behind, and nothing else
        raise UsageError("--timeout must be more than 0")
    return HolderSpec(
        image=given["image"],
        pull_policy=given["image_pull_policy"],
        linger_ms=given["linger"],
        start_timeout_ms=given["timeout"],
        join=_join(given.get("join", "auto")),
    )


def _join(text: str) -> Join:
    return Join.EXEC if text == "auto" else Join(text)
