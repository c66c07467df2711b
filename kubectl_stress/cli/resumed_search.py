"""A search that goes on from its record: what it must share with the command that resumes it."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from kubectl_stress.errors import UsageError
from kubectl_stress.search.units import Searched

if TYPE_CHECKING:
    from kubectl_stress.results.limit_record import LimitRecord
    from kubectl_stress.search.settings import SearchSettings
    from kubectl_stress.targets.target import Target

# What the recorded tries were made with, by the option that asks for it.
_DECIDED = {
    "resolution": "resolution",
    "attempts": "attempts",
    "level_hold": "hold_ms",
    "stop_before": "avoids_oom",
    "max_latency": "max_latency_ms",
    "max_throttled": "max_throttled_percent",
}


def resumed_settings(
    record: "LimitRecord", settings: "SearchSettings", target: "Target", *, has_health: bool
) -> "SearchSettings":
    """Those of the record, but for what the rest may cost, and the margin; raises UsageError.

    `settings` are those that the command asks for.
    """
    _refuse_other_target(record, target, settings.resource)
    before = record.header.settings
    given = [name for name in _DECIDED if _is_given(name)]
    others = [
        name
        for name in given
        if getattr(settings, _DECIDED[name]) != getattr(before, _DECIDED[name])
    ]
    if others:
        words = ", ".join(f"--{name.replace('_', '-')}" for name in others)
        raise UsageError(
            f"--resume: the search was begun otherwise: leave out {words}, or begin a new one"
        )
    _refuse_other_health(record, has_health=has_health)
    margin = settings.margin_percent if _is_given("margin") else before.margin_percent
    return replace(
        before,
        max_restarts=settings.max_restarts,
        max_ms=settings.max_ms,
        margin_percent=margin,
    )


def _is_given(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source not in (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)


def _refuse_other_health(record: "LimitRecord", *, has_health: bool) -> None:
    """Tries at which nobody asked for the app's health are not mixed with others."""
    if not record.tries:
        return
    had_health = any(one.latency_ms is not None for one in record.tries)
    if had_health and not has_health:
        raise UsageError(
            "--resume: the search checked the app's health: give its --health-url or "
            "--health-command again"
        )
    if has_health and not had_health:
        raise UsageError(
            "--resume: the search did not check the app's health: leave out --health-url and "
            "--health-command, or begin a new one"
        )


def _refuse_other_target(record: "LimitRecord", target: "Target", resource: Searched) -> None:
    """Tries tell of the container and the limit that they were made on, and of no other."""
    from kubectl_stress.search.ballasts import ballast_of

    before, settings = record.header.target, record.header.settings
    if settings.resource is not resource:
        raise UsageError(
            f"--resume: the search was for a limit of {settings.resource.value}: "
            + ("leave out --cpu" if resource is Searched.CPU else "add --cpu")
        )
    limit_of = ballast_of(settings.resource).limit
    known = (before.namespace, before.container, limit_of(before), before.image)
    if known != (target.namespace, target.container, limit_of(target), target.image):
        raise UsageError(
            f"--resume: the search was of container {before.container} ({before.image}, limit "
            f"{limit_of(before)} {settings.unit.suffix}) in namespace {before.namespace}, not of "
            f"{target}: begin a new one"
        )
