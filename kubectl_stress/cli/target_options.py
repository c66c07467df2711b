"""Which targets: by name or by selectors, how many of them, and how they are loaded together."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.param_types import DURATION, Command, WholeNumberType, with_options
from kubectl_stress.cli.selection_options import everywhere_option, labels_option
from kubectl_stress.errors import UsageError
from kubectl_stress.targets.choose import Choice, Mode

if TYPE_CHECKING:
    from kubectl_stress.plan.together import Together
    from kubectl_stress.targets.target_selection import TargetSelection

_SEEDS = 1 << 32

seed_option = click.option(
    "--seed",
    type=WholeNumberType(0),
    metavar="N",
    help="Repeat the choice of pods of an earlier run with this seed",
)
fields_option = click.option(
    "--field-selector",
    metavar="FIELDS",
    help="Select pods by fields, like spec.nodeName=node-1",
)
_SELECTORS = (
    labels_option,
    fields_option,
    everywhere_option,
)
_SELECTION = (
    *_SELECTORS,
    click.option(
        "--mode",
        type=click.Choice([mode.value for mode in Mode]),
        help="How many of these pods to load, chosen at random  [default: all]",
    ),
    click.option(
        "--value",
        metavar="N",
        help="Number of pods for mode fixed; percentage for fixed-percent and random-max-percent",
    ),
    seed_option,
)
_TOGETHER = (
    click.option(
        "--parallel",
        type=WholeNumberType(1, 100),
        metavar="N",
        help="Targets of a node to prepare, or start, at the same time  [default: 4, then adapts]",
    ),
    click.option(
        "--keep-going",
        is_flag=True,
        help="Leave out targets that do not exist or cannot be loaded, instead of loading none",
    ),
    click.option(
        "--stagger",
        type=DURATION,
        default="0s",
        metavar="TIME",
        help="Start the loads one after another, this far apart, instead of together",
    ),
)


def target_options(command: Command) -> Command:
    """Add what selects pods, and how many of them; `target_selection` makes the value of it."""
    return with_options(command, _SELECTION)


def selector_options(command: Command) -> Command:
    """Add what selects pods, of which all are meant; `target_selection` makes the value of it."""
    return with_options(command, _SELECTORS)


def local_selector_options(command: Command) -> Command:
    """As `selector_options`, in the namespace of the connection alone."""
    return with_options(command, (labels_option, fields_option))


def together_options(command: Command) -> Command:
    """Add how several targets are loaded; `together` makes the value of it."""
    return with_options(command, _TOGETHER)


def target_selection(targets: Sequence[str], given: Mapping[str, Any]) -> "TargetSelection":
    """Which targets the words mean; raises UsageError."""
    from kubectl_stress.targets.ref import TargetRef
    from kubectl_stress.targets.target_selection import TargetSelection

    mode, value = given.get("mode"), given.get("value")
    if value is not None and (mode is None or not Mode(mode).takes_value):
        raise UsageError("--value requires --mode fixed, fixed-percent or random-max-percent")
    if given.get("seed") is not None and mode is None:
        raise UsageError("--seed requires --mode: without it every pod is meant")
    return TargetSelection(
        refs=tuple(TargetRef.parse_all(targets)) if targets else (),
        label_selector=given["selector"],
        field_selector=given["field_selector"] or "",
        all_namespaces=given.get("all_namespaces", False),
        choice=Choice.parse(mode, value) if mode is not None else None,
        container=given["container"],
    )


def together(given: Mapping[str, Any]) -> "Together":
    """How several targets are loaded, by the words that `together_options` took."""
    from kubectl_stress.plan.together import Together

    return Together(
        parallel=given["parallel"],
        keep_going=given["keep_going"],
        stagger_ms=given["stagger"],
        force=given["force"],
        follow=given.get("follow", False),
        yes=given["yes"],
    )


def seed_of(given: Mapping[str, Any]) -> int:
    """The seed that was given, or one by chance."""
    import random

    return random.randrange(_SEEDS) if given["seed"] is None else int(given["seed"])
