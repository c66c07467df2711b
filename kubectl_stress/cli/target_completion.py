"""What may be typed, by what the cluster and the kubeconfig have; nothing where it is slow."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from kubectl_stress.cli.connection_flags import connection_flags
from kubectl_stress.cli.wiring import connect
from kubectl_stress.errors import StressError

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
    """Names of the containers of the target that was named, of all pods where none was yet."""
    try:
        found = [name for spec in _pod_specs(context) for name in targetable_names(spec)]
    except (StressError, OSError):
        return []
    return [name for name in dict.fromkeys(found) if name.startswith(typed)]


def _pod_specs(context: click.Context) -> list[dict[str, Any]]:
    cluster = _cluster(context)
    # While the value of -c is still missing, click has not given its words to the parameters.
    typed = context.params.get("targets") or context.params.get("target") or context.args
    words = [typed] if isinstance(typed, str) else list(typed)
    if not words:
        return [pod["spec"] for pod in cluster.list_pods(cluster.namespace)["items"]]
    from kubectl_stress.targets.owner_kinds import owner_kind
    from kubectl_stress.targets.ref import TargetRef

    specs = []
    for ref in TargetRef.parse_all(words):
        kind = owner_kind(ref.kind)
        if kind is None:
            specs.append(cluster.get_pod(cluster.namespace, ref.name)["spec"])
        else:
            place = (kind.api_prefix, kind.plural, cluster.namespace)
            owner = cluster.get_object(*place, ref.name)
            specs.append(owner["spec"]["template"]["spec"])
    return specs


def targetable_names(pod_spec: dict[str, Any]) -> list[str]:
    """Names of the containers that can be targets."""
    from kubectl_stress.targets.pod import targetable

    return [str(container["name"]) for container in targetable({"spec": pod_spec})]


def namespaces(context: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Names of the namespaces that the user may list."""
    try:
        found = _cluster(context).list_objects("/api/v1", "namespaces", "")["items"]
    except (StressError, OSError):
        return []
    names = [str(each["metadata"]["name"]) for each in found]
    return [name for name in names if name.startswith(typed)]


def kubeconfig_names(context: click.Context, param: click.Parameter, typed: str) -> list[str]:
    """Contexts, clusters or users of the kubeconfig, by the name of the option."""
    from kubectl_stress.kube.kubeconfig.load import read_all

    try:
        config = read_all(connection_flags(context.params), os.environ)
    except (StressError, OSError):
        return []
    return sorted(name for name in getattr(config, f"{param.name}s") if name.startswith(typed))


def _cluster(context: click.Context) -> "Cluster":
    given: dict[str, Any] = {**context.params, "request_timeout": _SECONDS}
    return connect(connection_flags(given), context)


def _targets(cluster: "Cluster", typed: str) -> Iterator[str]:
    from kubectl_stress.targets.owner_kinds import OWNER_KINDS

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
