"""The options that describe a memory load, and the Spec that they make; parsing only."""

from collections.abc import Mapping
from typing import Any

import click

from kubectl_stress.cli.options import DURATION, Command
from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.spec import AfterOom, LoadKind, MemSpec
from kubectl_stress.plan.stop_on import StopOn
from kubectl_stress.quantity import parse_rate

_DEFAULT_MAX_RESTARTS = 3
_OPTIONS = (
    click.option(
        "--size",
        required=True,
        metavar="AMOUNT",
        help=(
            "How much is added, a total: 300Mi, 60% (of the limit), 60%request, 60%headroom, "
            "60%node"
        ),
    ),
    click.option(
        "--duration",
        type=DURATION,
        default="60s",
        show_default=True,
        metavar="TIME",
        help="How long the load is held",
    ),
    click.option(
        "--ramp",
        type=DURATION,
        default="0s",
        metavar="TIME",
        help="Grow to the size evenly over this time",
    ),
    click.option(
        "--workers",
        type=int,
        default=1,
        show_default=True,
        metavar="N",
        help="Processes that share the size",
    ),
    click.option(
        "--kind",
        type=click.Choice([kind.value for kind in LoadKind]),
        default=LoadKind.ANON.value,
        show_default=True,
        help="What the load is: anonymous memory, shared memory, or page cache (file)",
    ),
    click.option(
        "--dirty",
        metavar="RATE",
        help="Keep rewriting this much of the load a second, like 10Mi",
    ),
    click.option(
        "--oom-score-adj",
        metavar="same|N",
        default="same",
        show_default=True,
        help="oom_score_adj of the load; same is the target's own",
    ),
    click.option(
        "--after-oom",
        type=click.Choice([choice.value for choice in AfterOom]),
        default=AfterOom.STOP.value,
        show_default=True,
        help="After an OOM kill: end the run, or begin the load again",
    ),
    click.option(
        "--max-restarts",
        type=int,
        metavar="N",
        help="How often --after-oom repeat begins again  [default: 3]",
    ),
    click.option(
        "--stop-on",
        type=click.Choice([sign.value for sign in StopOn]),
        multiple=True,
        help="Release the load as soon as this is seen; may be given several times",
    ),
)


def load_options(command: Command) -> Command:
    """Add what describes a memory load; `mem_spec` makes the value of it."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def mem_spec(given: Mapping[str, Any]) -> MemSpec:
    """The load that was asked for, by the words that `load_options` took; raises UsageError."""
    after_oom = AfterOom(given["after_oom"])
    return MemSpec(
        amount=Amount.parse(given["size"]),
        duration_ms=given["duration"],
        ramp_ms=given["ramp"],
        workers=given["workers"],
        oom_score_adj=_oom_score_adj(given["oom_score_adj"]),
        kind=LoadKind(given["kind"]),
        dirty_bytes_per_s=0 if given["dirty"] is None else parse_rate(given["dirty"]),
        after_oom=after_oom,
        max_restarts=_max_restarts(given["max_restarts"], after_oom),
        stop_on=tuple(sign for sign in StopOn if sign.value in given["stop_on"]),
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


def _max_restarts(given: int | None, after_oom: AfterOom) -> int:
    if given is None:
        return _DEFAULT_MAX_RESTARTS
    if after_oom is not AfterOom.REPEAT:
        raise UsageError("--max-restarts has a meaning only with --after-oom repeat: give both")
    return given
