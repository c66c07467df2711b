"""Asks what is known of a node's pressure stall information before anything runs on it.

The API has no field for it. Two facts rule it out: a kernel before 4.20, with which PSI came
(Documentation/accounting/psi.rst), and cgroup v1, of which a kubelet since 1.31 warns by an Event
on its Node at each start (cgroupVersionCheck in pkg/kubelet; kept for an hour). Whoever may read
neither hears it from the agent's first reading, before any load.
"""

import re

from kubectl_stress.errors import ClusterError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.guards import refuse_node_without_pressure

_FIRST_KERNEL = (4, 20)
_NODE_EVENTS = "default"  # where client-go's recorder puts the Events of what has no namespace
_VERSION = re.compile(r"(\d+)\.(\d+)")


def refuse_known_without_pressure(cluster: Cluster, node: str) -> None:
    """Raise Refused where the API server shows that the node has no PSI."""
    if _has_old_kernel(cluster, node) or _is_on_cgroup_v1(cluster, node):
        refuse_node_without_pressure()


def _has_old_kernel(cluster: Cluster, node: str) -> bool:
    try:
        info = cluster.get_object("/api/v1", "nodes", "", node)["status"]["nodeInfo"]
    except ClusterError:
        return False
    found = _VERSION.match(info.get("kernelVersion", ""))
    return found is not None and (int(found[1]), int(found[2])) < _FIRST_KERNEL


def _is_on_cgroup_v1(cluster: Cluster, node: str) -> bool:
    selector = f"involvedObject.kind=Node,involvedObject.name={node},reason=CgroupV1"
    try:
        return bool(cluster.list_events(_NODE_EVENTS, selector)["items"])
    except ClusterError:
        return False
