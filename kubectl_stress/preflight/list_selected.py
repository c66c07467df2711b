"""Lists the pods that the selectors of a command line mean."""

from kubectl_stress.errors import Rejected
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.targets.pod import Pod


def list_selected(
    cluster: Cluster, namespace: str | None, labels: str, fields: str = ""
) -> list[Pod]:
    """In a namespace, or in all for None; raises UsageError where the server cannot read one."""
    try:
        return list(cluster.list_pods(namespace, labels, fields)["items"])
    except Rejected as error:
        if not labels and not fields:
            raise
        from kubectl_stress.targets.written_selectors import unreadable  # most can be read

        raise unreadable(labels, fields, str(error)) from error
