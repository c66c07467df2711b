"""What may be typed for TARGET and -c, by what the cluster has; nothing where it is slow."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.connection_options import connection_flags
from kubectl_stress.cli.wiring import connect
from kubectl_stress.errors import StressError
from kubectl_stress.targets.owner_kinds import OWNER_KINDS

if TYPE_CHECKING:
    from kubectl_stress.kube.cluster import Cluster

_SECONDS = "2"  # somebody waits with a finger on Tab


def targets(context: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Names of pods, and of owners as soon as what is typed begins like `deploy/NAME`."""
    try:
        cluster = _cluster(context)
        return [word for word in _targets(cluster, typed) if word.startswith(typed)]
    except (StressError, OSError):
        return []


def containers(context: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Names of the containers of the pod that was named."""
    from kubectl_stress.targets.pod import targetable

    # While the value of -c is still missing, click has not given its words to the parameters.
    named = next((word for word in context.args if not word.startswith("-")), "")
    try:
        cluster = _cluster(context)
        pod = cluster.get_pod(cluster.namespace, named.removeprefix("pod/"))
    except (StressError, OSError):
        return []
    names = [str(container["name"]) for container in targetable(pod)]
    return [name for name in names if name.startswith(typed)]


def _cluster(context: click.Context) -> "Cluster":
    given: dict[str, Any] = {**context.params, "request_timeout": _SECONDS}
    return connect(connection_flags(given), context)


def _targets(cluster: "Cluster", typed: str) -> Iterator[str]:
    prefix = "pod/" if typed.startswith("pod/") else ""
    if prefix or "/" not in typed:
        for pod in cluster.list_pods(cluster.namespace)["items"]:
            yield f"{prefix}{pod['metadata']['name']}"
    for kind in OWNER_KINDS:
        if typed and f"{kind.short}/".startswith(typed[: len(kind.short) + 1]):
            for owner in cluster.list_objects(kind.api_prefix, kind.plural, cluster.namespace)[
                "items"
            ]:
                yield f"{kind.short}/{owner['metadata']['name']}"
