"""Looks for what is missing on this machine and in the cluster, and says how to get it.

Attaches nothing and changes nothing.
"""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from kubectl_stress.agent.image import DEFAULT_IMAGE, DIGEST, TARGET_IMAGE
from kubectl_stress.errors import ClusterError, Forbidden, StressError
from kubectl_stress.injection.carried_image import carried_digest
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.preflight.admission import ask_permissions
from kubectl_stress.preflight.at_once import at_once
from kubectl_stress.results.diagnosis import Diagnosis, Health
from kubectl_stress.targets.ref import TargetRef

_OLDEST_MINOR = 25  # ephemeral containers are stable, and on, from here
_SUPPORTED_NODES = (("linux", "amd64"), ("linux", "arm64"))
_PSS = "pod-security.kubernetes.io/enforce"


def on_this_machine(environ: Mapping[str, str], image: str) -> list[Diagnosis]:
    """What the machine has, without the cluster."""
    return [_completion(environ), _image(image)]


def _completion(environ: Mapping[str, str]) -> Diagnosis:
    found = shutil.which("kubectl_complete-stress", path=environ.get("PATH", ""))
    if found:
        return Diagnosis("shell completion", Health.OK, found)
    return Diagnosis(
        "shell completion",
        Health.WARNING,
        "kubectl_complete-stress is not on PATH",
        "run kubectl stress completion install",
    )


def _image(image: str) -> Diagnosis:
    if image == TARGET_IMAGE:
        return _target_image()
    if image != DEFAULT_IMAGE or DIGEST:
        return Diagnosis("agent image", Health.OK, image)
    where = "this program contains a copy" if carried_digest() else "this build has no copy of it"
    return Diagnosis(
        "agent image",
        Health.WARNING,
        f"{image} cannot be pulled from a public registry; {where}",
        "see kubectl stress image, and set --image, KUBECTL_STRESS_IMAGE or the config file; or "
        "use --image target, which pulls nothing",
    )


def _target_image() -> Diagnosis:
    if carried_digest():
        return Diagnosis(
            "agent image", Health.OK, "the target's own; this program carries the agent"
        )
    return Diagnosis(
        "agent image",
        Health.MISSING,
        "--image target: this program does not carry the agent",
        "run make image, or use a released build",
    )


def in_the_cluster(cluster: Cluster) -> list[Diagnosis]:
    """What the cluster allows and has; a cluster out of reach is one finding."""
    try:
        version = cluster.server_version()
    except StressError as error:
        return [Diagnosis("API server", Health.MISSING, str(error))]
    questions: Sequence[Callable[[], list[Diagnosis]]] = [
        partial(_permissions, cluster),
        partial(_pod_security, cluster),
        partial(_nodes, cluster),
    ]
    found = at_once(questions)
    return [_version(cluster, version), *(each for several in found for each in several)]


def _version(cluster: Cluster, version: Mapping[str, object]) -> Diagnosis:
    name = str(version.get("gitVersion") or "unknown")
    minor = re.match(r"\d+", str(version.get("minor") or ""))
    text = f"{name} at {cluster.server}"
    if minor and version.get("major") == "1" and int(minor[0]) < _OLDEST_MINOR:
        remedy = f"Kubernetes 1.{_OLDEST_MINOR} or newer is needed"
        return Diagnosis("API server", Health.MISSING, text, remedy)
    return Diagnosis("API server", Health.OK, text)


def _permissions(cluster: Cluster) -> list[Diagnosis]:
    namespace = cluster.namespace
    answers = ask_permissions(cluster, TargetRef("pod", "any"), namespace)
    missing = [answer.permission for answer in answers if not answer.is_allowed]
    if not missing:
        return [Diagnosis("permissions", Health.OK, f'all, in namespace "{namespace}"')]
    words = ", ".join(str(permission) for permission in missing)
    is_needed = any(permission.needed for permission in missing)
    health = Health.MISSING if is_needed else Health.WARNING
    remedy = f"ask for the Role that kubectl stress role -n {namespace} prints"
    return [Diagnosis("permissions", health, f'missing in "{namespace}": {words}', remedy)]


def _pod_security(cluster: Cluster) -> list[Diagnosis]:
    try:
        found = cluster.get_object("/api/v1", "namespaces", "", cluster.namespace)
    except ClusterError:
        return []  # not everybody may read namespaces; the dry run of check tells more
    level = (found["metadata"].get("labels") or {}).get(_PSS, "privileged")
    ways = "exec and cgroup" if level == "privileged" else "exec"
    return [Diagnosis("Pod Security", Health.OK, f"{level}: --join {ways} can be admitted")]


def _nodes(cluster: Cluster) -> list[Diagnosis]:
    try:
        nodes = cluster.list_objects("/api/v1", "nodes", "")["items"]
    except Forbidden:
        return [Diagnosis("nodes", Health.UNKNOWN, "not readable (list nodes)")]
    except ClusterError as error:
        return [Diagnosis("nodes", Health.UNKNOWN, str(error))]
    infos = [node["status"]["nodeInfo"] for node in nodes]
    kinds = {(info["operatingSystem"], info["architecture"]) for info in infos}
    text = ", ".join(sorted("/".join(kind) for kind in kinds)) or "none"
    if kinds & set(_SUPPORTED_NODES):
        return [Diagnosis("nodes", Health.OK, text)]
    return [Diagnosis("nodes", Health.MISSING, text, "linux/amd64 or linux/arm64 nodes are needed")]
