"""How a run introduces itself: to the agents, and to those who look at the pod."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.wiring import now_ms, teller

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster
    from kubectl_stress.live.listeners import Listener
    from kubectl_stress.operations.load import Run
    from kubectl_stress.session.announcer import Announcer

no_events_option = click.option(
    "--no-events", is_flag=True, help="Do not announce the run by Events on the pod"
)


def introduce(
    cluster: "Cluster",
    namespaces: Sequence[str],
    given: Mapping[str, Any],
    *,
    beside: Callable[[], object] = lambda: None,
) -> "Announcer":
    """Who announces the run, and under which name; what `beside` does is done meanwhile.

    Meanwhile too, what runs with --copy left whose client died is removed.
    """
    import secrets

    from kubectl_stress.agent.identity import RunIdentity
    from kubectl_stress.clock import Clock
    from kubectl_stress.preflight.at_once import at_once
    from kubectl_stress.preflight.identity import who_asks
    from kubectl_stress.session.announcer import Announcer

    asked = () if given["no_events"] else tuple(dict.fromkeys(namespaces))
    copies, who = _remove_copies(cluster, namespaces, given), partial(who_asks, cluster)
    calls: list[Callable[[], Any]] = [beside, copies, who]
    calls += [partial(_may_announce, cluster, namespace) for namespace in asked]
    _, _, user, *is_allowed = at_once(calls)
    allowed = [name for name, is_yes in zip(asked, is_allowed, strict=True) if is_yes]
    tell = partial(_tell_note, given)
    if len(allowed) < len(asked):
        _tell_silence(tell)
    identity, clock = RunIdentity(secrets.token_hex(4), user), Clock(now_ms, time.sleep)
    return Announcer(cluster, identity, allowed, clock=clock, today=_today, tell=tell)


def _remove_copies(
    cluster: "Cluster", namespaces: Sequence[str], given: Mapping[str, Any]
) -> Callable[[], None]:
    from kubectl_stress.operations.copy import remove_ended_copies

    places = tuple(dict.fromkeys(namespaces))
    return partial(remove_ended_copies, cluster, places, teller(quiet=given["quiet"]))


def _may_announce(cluster: "Cluster", namespace: str) -> bool:
    from kubectl_stress.preflight.admission import may
    from kubectl_stress.preflight.permissions import ANNOUNCE

    return may(cluster, ANNOUNCE, namespace)


def _today() -> datetime:
    return datetime.now(UTC)


def _tell_silence(tell: Callable[[str], None]) -> None:
    from kubectl_stress.preflight.permissions import ANNOUNCE

    tell(f"{ANNOUNCE.without} ({ANNOUNCE} not allowed)")


def _tell_note(given: Mapping[str, Any], text: str) -> None:
    if not given["quiet"]:
        click.echo(f"note: {text}", err=True)


def make_run(
    announcer: "Announcer",
    cluster: "Cluster",
    ask: Callable[[Sequence[str]], None],
    tell: "Listener",
    *,
    say: Callable[[str], None] = lambda _: None,
) -> "Run":
    """A run in real time that is announced; `ask` is what confirms, `tell` hears each target."""
    from kubectl_stress.clock import Clock
    from kubectl_stress.operations.load import Run
    from kubectl_stress.session.event_loop import EventLoop

    loop = EventLoop(Clock(now_ms, time.sleep))
    return Run(cluster, loop, announcer=announcer, tell=tell, confirm=ask, say=say)
