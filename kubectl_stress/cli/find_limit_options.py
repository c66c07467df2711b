"""The options of a search, and the settings that they make for a target."""

import shlex
from collections.abc import Mapping
from typing import Any

import click

from kubectl_stress.cli.introduction import no_events_option
from kubectl_stress.cli.param_types import (
    DURATION,
    FILE_NAME,
    NEW_FILE,
    Command,
    WholeNumberType,
    with_options,
)
from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount, ShareBase
from kubectl_stress.quantity import format_duration
from kubectl_stress.search.health import CHECKED_EVERY_MS, Health, HealthUrl
from kubectl_stress.search.settings import (
    DEFAULT_ATTEMPTS,
    DEFAULT_LEVEL_HOLD_MS,
    DEFAULT_MARGIN_PERCENT,
    DEFAULT_MAX_MS,
    DEFAULT_MAX_RESTARTS,
    DEFAULT_RESOLUTION_PERCENT,
    SearchSettings,
)
from kubectl_stress.search.units import Searched, unit_of
from kubectl_stress.targets.target import Target
from kubectl_stress.text import whole_number

# A probe that fails is seen a moment after it: by the kubelet's status, and by the watch on it.
_SEEN_MS = 2_000
# Two that are too slow, and the one that went on before.
_CHECKS = 3

_SEARCH_OPTIONS = (
    click.option(
        "--cpu",
        is_flag=True,
        help="Search for the CPU limit instead, with a CPU load as ballast",
    ),
    click.option(
        "--resolution",
        metavar="AMOUNT",
        default=f"{DEFAULT_RESOLUTION_PERCENT}%",
        show_default=True,
        help="How exactly to find the boundary: 4Mi (--cpu: 5m), or a percentage of the limit",
    ),
    click.option(
        "--attempts",
        type=WholeNumberType(1, 10),
        default=DEFAULT_ATTEMPTS,
        show_default=True,
        metavar="N",
        help="Fewest tries on each side of the boundary",
    ),
    click.option(
        "--level-hold",
        type=DURATION,
        metavar="TIME",
        help="How long each level is held  [default: 15s, or as long as probes and checks take to "
        "fail]",
    ),
    click.option(
        "--max-restarts",
        type=WholeNumberType(1, 100),
        default=DEFAULT_MAX_RESTARTS,
        show_default=True,
        metavar="N",
        help="End the search after this many restarts of the container",
    ),
    click.option(
        "--max-time",
        type=DURATION,
        default=format_duration(DEFAULT_MAX_MS),
        show_default=True,
        metavar="TIME",
        help="End the search after this time",
    ),
    click.option(
        "--stop-before",
        type=click.Choice(["oom"]),
        help="Never cause an OOM kill on purpose: search by readiness, pressure and headroom alone",
    ),
)
_HEALTH_OPTIONS = (
    click.option(
        "--health-url",
        metavar="PATH:PORT",
        help="Request this from the pod once a second, by a forwarded port, like /healthz:8080",
    ),
    click.option(
        "--health-command",
        metavar="COMMAND",
        help="Run this in the container once a second, except within 6 MiB of its limit",
    ),
    click.option(
        "--max-latency",
        type=DURATION,
        metavar="TIME",
        help="A level fails if two health checks in a row take longer than this",
    ),
)
_CPU_OPTIONS = (
    click.option(
        "--max-throttled",
        metavar="PERCENT",
        help="With --cpu: a level fails if the quota throttles more than this share of its periods "
        " [default: throttling alone fails no level]",
    ),
)
_ANSWER_OPTIONS = (
    click.option(
        "--margin",
        metavar="PERCENT",
        default=f"{DEFAULT_MARGIN_PERCENT}%",
        show_default=True,
        help="Margin to add to the least limit for the recommended one",
    ),
    click.option(
        "--expect-at-least",
        metavar="AMOUNT",
        help="Ballast that the app must survive: the exit code says whether it did",
    ),
    click.option(
        "--record",
        type=NEW_FILE,
        metavar="FILE",
        help="Record each try to a new FILE, for --resume and kubectl stress report",
    ),
    click.option(
        "--resume",
        type=FILE_NAME,
        metavar="FILE",
        help="Continue the search recorded in FILE, and record there; levels already decided are "
        "not tried again",
    ),
    no_events_option,
    click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation"),
)


def find_limit_options(command: Command) -> Command:
    """Add what only a search takes; `search_settings` makes the value of it."""
    return with_options(
        command, (*_SEARCH_OPTIONS, *_HEALTH_OPTIONS, *_CPU_OPTIONS, *_ANSWER_OPTIONS)
    )


def searched(given: Mapping[str, Any]) -> Searched:
    """Which limit is searched for; raises UsageError for what another search takes."""
    if given["cpu"] and given["stop_before"]:
        raise UsageError("--stop-before oom: no CPU load causes an OOM kill, leave it out")
    if given["max_throttled"] is not None and not given["cpu"]:
        raise UsageError("--max-throttled requires --cpu")
    return Searched.CPU if given["cpu"] else Searched.MEMORY


def expected(given: Mapping[str, Any]) -> int | None:
    """The level that must be survived; raises UsageError."""
    from kubectl_stress.search.ballasts import ballast_of

    text = given["expect_at_least"]
    return ballast_of(searched(given)).parse(text) if text else None


def search_settings(given: Mapping[str, Any], target: Target) -> SearchSettings:
    """What was asked for, of this target; raises UsageError."""
    from kubectl_stress.search.ballasts import ballast_of

    resource = searched(given)
    limit, unit = ballast_of(resource).limit(target), unit_of(resource)
    assert limit is not None
    return SearchSettings(
        limit=limit,
        resolution=unit.whole(_resolution(given["resolution"], limit, resource)),
        ceiling=unit.whole(limit),
        attempts=given["attempts"],
        max_restarts=given["max_restarts"],
        max_ms=given["max_time"],
        hold_ms=_hold_ms(given, target),
        avoids_oom=given["stop_before"] == "oom",
        margin_percent=_percent(given["margin"], "--margin", most=1_000),
        max_latency_ms=given["max_latency"],
        resource=resource,
        max_throttled_percent=_max_throttled(given["max_throttled"]),
    )


def health(given: Mapping[str, Any]) -> Health | None:
    """How the app's health is checked, at most one way; raises UsageError."""
    url, command = given["health_url"], given["health_command"]
    if url and command:
        raise UsageError("--health-url and --health-command: give one of them")
    if given["max_latency"] is not None and not (url or command):
        raise UsageError("--max-latency requires --health-url or --health-command")
    try:
        words = tuple(shlex.split(command or ""))
    except ValueError as error:
        raise UsageError(f"--health-command: {error}") from error
    return HealthUrl.parse(url) if url else words or None


def hold_note(settings: SearchSettings, target: Target) -> str | None:
    """Where a level is over before a probe can fail at it."""
    needed_ms = target.probe_timing.fails_after_ms
    if settings.hold_ms >= needed_ms:
        return None
    return (
        f"the probes take up to {format_duration(needed_ms)} to fail, so --level-hold "
        f"{format_duration(settings.hold_ms)} may be over before they do"
    )


def _hold_ms(given: Mapping[str, Any], target: Target) -> int:
    """Long enough for probes to fail, and for two health checks in a row to be too slow."""
    asked_ms, latency_ms = given["level_hold"], given["max_latency"]
    if asked_ms is None:
        probes_ms = target.probe_timing.fails_after_ms
        checks_ms = 0 if latency_ms is None else _CHECKS * (latency_ms + CHECKED_EVERY_MS)
        return max(DEFAULT_LEVEL_HOLD_MS, probes_ms + _SEEN_MS if probes_ms else 0, checks_ms)
    if asked_ms < 1_000:
        raise UsageError("--level-hold must be at least 1s")
    return int(asked_ms)


def _resolution(text: str, limit: int, resource: Searched) -> int:
    from kubectl_stress.search.ballasts import ballast_of

    size = ballast_of(resource).parse(text) if "%" not in text else _share(text, limit)
    if size * 10 > limit:
        raise UsageError(f"--resolution {text}: at most 10% of the limit")
    return size


def _share(text: str, limit: int) -> int:
    amount = Amount.parse(text)
    if amount.base not in (None, ShareBase.LIMIT):
        raise UsageError(f"--resolution {text}: give a size, or a percentage of the limit like 2%")
    return amount.of(limit)


def _max_throttled(text: str | None) -> int | None:
    return None if text is None else _percent(text, "--max-throttled", most=100)


def _percent(text: str, option: str, *, most: int) -> int:
    percent = whole_number(text.removesuffix("%"))
    if percent is None or percent > most:
        raise UsageError(f"{option} {text}: give a percentage from 0% to {most}%")
    return percent
