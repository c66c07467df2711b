"""Asks the metrics API what the other containers of a pod use: no agent in one of them sees it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kubectl_stress.errors import StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.quantity import parse_quantity
from kubectl_stress.targets.target import Target

_METRICS = "/apis/metrics.k8s.io/v1beta1"


def with_sibling_usage(cluster: Cluster, target: Target) -> Target:
    """The target with its siblings' working sets, as old as the metrics are (15 s to a minute).

    Unchanged where they share no limit with it, or the metrics cannot be read.
    """
    if not target.siblings or target.pod_cgroup_limit_bytes is None:
        return target
    try:
        found = cluster.get_object(_METRICS, "pods", target.namespace, target.pod)
        usages = {one["name"]: _memory(one) for one in found.get("containers") or ()}
    except StressError:
        return target
    siblings = (replace(one, usage_bytes=usages.get(one.name)) for one in target.siblings)
    return replace(target, siblings=tuple(siblings))


def _memory(container: Mapping[str, Any]) -> int | None:
    text = (container.get("usage") or {}).get("memory")
    return None if text is None else int(parse_quantity(text))
