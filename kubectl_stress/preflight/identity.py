"""Asks as whom the API server knows this client: those whose pod is loaded will want to know."""

from kubectl_stress.errors import StressError
from kubectl_stress.kube.cluster import Cluster


def who_asks(cluster: Cluster) -> str:
    """The user's name by a SelfSubjectReview (Kubernetes 1.28), else what the kubeconfig says."""
    try:
        name = cluster.user_name()
    except StressError:
        name = ""  # older, or not for everybody
    if name:
        return name
    known = cluster.configured_user
    return f"{known} (name in the kubeconfig)" if known else "unknown"
