"""`--follow`: a pod that replaces a target's during the run is loaded for the rest of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.errors import UsageError

if TYPE_CHECKING:
    from kubectl_stress.plan.spec import LoadSpec
    from kubectl_stress.targets.target_selection import TargetSelection

_OWNERS = ("deployment", "statefulset", "daemonset", "replicaset")

follow_option = click.option(
    "--follow",
    is_flag=True,
    help="If a pod is replaced during the run, load its owner's new pod for the rest of the run",
)


def check_follow(asked: "TargetSelection", spec: "LoadSpec", given: Mapping[str, Any]) -> None:
    """Raise UsageError where there is no owner to follow, or no rest of one load to go on with."""
    if not given["follow"]:
        return
    if given["copy"]:
        raise UsageError("--follow and --copy: a copy has no owner that would replace it")
    if not asked.refs or any(ref.kind not in _OWNERS for ref in asked.refs):
        raise UsageError(
            "--follow requires that each TARGET is an owner: deploy/NAME, sts/NAME, ds/NAME or "
            "rs/NAME"
        )
    if spec.step_count or spec.most_repeats or (spec.memory and spec.memory.leak):
        raise UsageError(
            "--follow goes on with one size for the rest of --duration: leave out --steps, "
            "--cpu-steps, --leak and --after-oom repeat"
        )
