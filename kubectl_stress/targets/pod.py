"""What stands in a pod as the API server shows it, of one of its containers. Pure: no I/O."""

from collections.abc import Iterator, Mapping
from typing import Any

Pod = Mapping[str, Any]

_COPIED_SECURITY = ("seLinuxOptions", "appArmorProfile", "seccompProfile")
# Whom an image most likely runs as that may not be root: distroless' "nonroot".
_NON_ROOT = 65532


def describe(pod: Pod) -> str:
    """The pod in a sentence."""
    return f'pod "{pod["metadata"]["name"]}"'


def is_being_deleted(pod: Pod) -> bool:
    """Whether its deletion has begun: it goes once its containers have ended."""
    return bool(pod["metadata"].get("deletionTimestamp"))


def container_status(pod: Pod, name: str) -> Mapping[str, Any]:
    """The status of a regular or init container, `{}` where there is none yet."""
    status = pod.get("status", {})
    for kind in ("containerStatuses", "initContainerStatuses"):
        for entry in status.get(kind) or ():
            if entry["name"] == name:
                return dict(entry)
    return {}


def ephemeral_states(pod: Pod) -> dict[str, Mapping[str, Any]]:
    """The state of each ephemeral container by its name, `{}` for one that has none yet."""
    statuses = (pod.get("status") or {}).get("ephemeralContainerStatuses") or ()
    return {status["name"]: status.get("state") or {} for status in statuses}


def targetable(pod: Pod) -> Iterator[Mapping[str, Any]]:
    """The specs of all containers that an ephemeral container may name as its target."""
    yield from pod["spec"]["containers"]
    yield from pod["spec"].get("initContainers") or ()


def container_spec(pod: Pod, name: str) -> Mapping[str, Any]:
    """The spec of a regular or init container that is there."""
    return next(container for container in targetable(pod) if container["name"] == name)


def spare_empty_dir(pod: Pod) -> str:
    """The name of an emptyDir that no container mounts, other than ephemeral ones; "" without one.

    Huge pages hold no files, and an ephemeral container can mount but what the pod declares.
    """
    mounted = {
        mount["name"]
        for container in targetable(pod)
        for mount in container.get("volumeMounts") or ()
    }
    for volume in pod["spec"].get("volumes") or ():
        medium = (volume.get("emptyDir") or {}).get("medium") or ""
        if "emptyDir" in volume and volume["name"] not in mounted and "HugePages" not in medium:
            return str(volume["name"])
    return ""


def is_init(pod: Pod, name: str) -> bool:
    """Whether it is an init container that ends before the others start; sidecars do not."""
    specs = {spec["name"]: spec for spec in pod["spec"].get("initContainers") or ()}
    return name in specs and specs[name].get("restartPolicy") != "Always"


def restart_policy(pod: Pod, name: str) -> str:
    """The container's own policy, else the pod's."""
    own = container_spec(pod, name).get("restartPolicy")
    return str(own or pod["spec"].get("restartPolicy") or "Always")


def stop_signal(pod: Pod, name: str) -> str:
    """What the runtime says that it stops the container with, else what the spec asks for.

    Both are of KEP-4960; an image's own STOPSIGNAL is in the status alone. "" without either.
    """
    effective = container_status(pod, name).get("stopSignal")
    lifecycle = container_spec(pod, name).get("lifecycle") or {}
    return str(effective or lifecycle.get("stopSignal") or "")


def liveness_failures(pod: Pod, name: str) -> int | None:
    """How many failures in a row of the liveness probe end the container; None without a probe."""
    probe = container_spec(pod, name).get("livenessProbe")
    return None if probe is None else int(probe.get("failureThreshold", 3))


def memory_volumes(pod: Pod, name: str) -> tuple[str, ...]:
    """The volumes in the container that are memory (a tmpfs) and live as long as the pod."""
    mounted = {mount["name"] for mount in container_spec(pod, name).get("volumeMounts") or ()}
    media = {
        volume["name"]: (volume.get("emptyDir") or {}).get("medium")
        for volume in pod["spec"].get("volumes") or ()
    }
    return tuple(
        volume for volume, medium in media.items() if medium == "Memory" and volume in mounted
    )


def has_own_pid_namespaces(pod: Pod) -> bool:
    """Whether each container has process 1 for itself."""
    return not (pod["spec"].get("shareProcessNamespace") or pod["spec"].get("hostPID"))


def _security(pod: Pod, name: str) -> Mapping[str, Any]:
    """The container's own fields, each over the pod's (pkg/securitycontext/util.go)."""
    own = container_spec(pod, name).get("securityContext") or {}
    return {**(pod["spec"].get("securityContext") or {}), **own}


def copied_security(pod: Pod, name: str) -> Mapping[str, Any]:
    """The profiles of kernel modules under which the container runs."""
    security = _security(pod, name)
    return {key: security[key] for key in _COPIED_SECURITY if key in security}


def user(pod: Pod, name: str) -> tuple[int, int] | None:
    """uid and gid: what the runtime says (GA in Kubernetes 1.35), else what the spec says."""
    linux = (container_status(pod, name).get("user") or {}).get("linux")
    if linux:
        return linux["uid"], linux["gid"]
    security = _security(pod, name)
    if "runAsUser" in security and "runAsGroup" in security:
        return security["runAsUser"], security["runAsGroup"]
    return None


def user_guess(pod: Pod, name: str) -> tuple[int, int]:
    """Whom the image most likely runs as, as far as the spec leaves it open."""
    security = _security(pod, name)
    unsaid = _NON_ROOT if security.get("runAsNonRoot") else 0
    uid = security.get("runAsUser", unsaid)
    return uid, security.get("runAsGroup", uid if uid == _NON_ROOT else 0)


def probe_texts(pod: Pod, name: str) -> Mapping[str, str]:
    """What each probe of a container does and when it takes effect, with the API's defaults."""
    spec = container_spec(pod, name)
    kinds = ("startup", "liveness", "readiness")
    return {kind: _probe_text(spec[f"{kind}Probe"]) for kind in kinds if f"{kind}Probe" in spec}


def _probe_text(probe: Mapping[str, Any]) -> str:
    how = next((key for key in ("httpGet", "tcpSocket", "grpc", "exec") if key in probe), "?")
    period, failures = probe.get("periodSeconds", 10), probe.get("failureThreshold", 3)
    timeout = probe.get("timeoutSeconds", 1)
    text = f"{how} each {period}s, timeout {timeout}s, fails after {failures} in a row"
    # An exec probe is a process in the container's own cgroup.
    return f"{text}; it needs memory of the container itself" if how == "exec" else text
