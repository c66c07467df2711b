"""Which pods a command means that takes several: TARGET words, -l or -A."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli import target_completion as target_words
from kubectl_stress.cli.param_types import Command, with_options
from kubectl_stress.errors import UsageError

if TYPE_CHECKING:
    from kubectl_stress.targets.selection import Selection

optional_targets = click.argument(
    "targets", metavar="[TARGET...]", nargs=-1, shell_complete=target_words.targets
)
labels_option = click.option(
    "-l",
    "--selector",
    metavar="SELECTOR",
    default="",
    help="Pods with these labels, like app=web",
)
everywhere_option = click.option(
    "-A", "--all-namespaces", is_flag=True, help="Pods of all namespaces"
)
_OPTIONS = (optional_targets, labels_option, everywhere_option)


def selection_options(command: Command) -> Command:
    """Add what names pods; `selection` makes the value of it."""
    return with_options(command, _OPTIONS)


def selection(given: Mapping[str, Any], namespace: str) -> "Selection":
    """What was named; raises UsageError where it contradicts itself."""
    from kubectl_stress.targets.ref import TargetRef
    from kubectl_stress.targets.selection import Selection

    words, labels, is_everywhere = given["targets"], given["selector"], given["all_namespaces"]
    if words and labels:
        raise UsageError("give either TARGET or -l, not both")
    if words and is_everywhere:
        raise UsageError("-A means the pods of all namespaces: it takes no TARGET")
    refs = tuple(TargetRef.parse_all(words)) if words else ()
    return Selection(None if is_everywhere else namespace, refs, labels)
