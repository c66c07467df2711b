"""The holder: the ephemeral container that holds the agent's binary. Pure: no I/O.

Entries of ephemeral containers can never be removed, so a live holder is found again and reused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubectl_stress.agent.hold_command import hold_arguments, speaks_our_protocol
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.targets.pod import Pod, ephemeral_states
from kubectl_stress.targets.target import Target

if TYPE_CHECKING:
    from kubectl_stress.plan.interpreter import Interpreter

HOLDER_PREFIX = "kubectl-stress-"
AGENT_PATH = "/agent"
# Any other reason to wait says that something is the matter.
_JUST_ADDED = ("", "ContainerCreating", "PodInitializing")


def ephemeral_container(target: Target, holder: HolderSpec, suffix: str) -> dict[str, Any]:
    """The holder's manifest."""
    container = {
        "name": f"{HOLDER_PREFIX}{suffix}",
        "image": image_of(target, holder),
        "command": _command(holder),
        "targetContainerName": target.container,
        "stdin": True,
        "securityContext": _privileged() if holder.is_privileged else _restricted(target, holder),
    }
    # The target's image is there: whatever the pod says of it, no registry needs to be reached.
    pull_policy = holder.pull_policy or ("IfNotPresent" if holder.uses_target_image else None)
    if pull_policy:
        container["imagePullPolicy"] = pull_policy
    if holder.uses_target_image and target.spare_volume:
        from kubectl_stress.plan.interpreter import SPARE_FOLDER

        container["volumeMounts"] = [{"name": target.spare_volume, "mountPath": SPARE_FOLDER}]
    return container


def image_of(target: Target, holder: HolderSpec) -> str:
    """The image that the ephemeral container runs."""
    return target.image if holder.uses_target_image else holder.image


def interpreter_of(holder: HolderSpec) -> "Interpreter":
    """What receives the agent in the target's own image."""
    from kubectl_stress.plan.interpreter import SH

    return holder.interpreter or SH


def _command(holder: HolderSpec) -> list[str]:
    arguments = hold_arguments(holder.linger_ms)
    if holder.uses_target_image:
        return interpreter_of(holder).wait_command(arguments)
    return [AGENT_PATH, *arguments]


def _restricted(target: Target, holder: HolderSpec) -> dict[str, Any]:
    """The target's user and no capability, fit for Pod Security "restricted".

    uid and gid must both be the target's, and the capabilities none, or the kernel denies the exec
    of /proc/PID/root (PTRACE_MODE_READ_FSCREDS, security/commoncap.c cap_ptrace_access_check). The
    uid is always a number: the kubelet cannot tell of a name in the image whether it is root.
    """
    uid, gid = target.user or target.user_guess
    return {
        "runAsUser": uid,
        "runAsGroup": gid,
        "runAsNonRoot": uid != 0,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": not (holder.is_writable or holder.uses_target_image),
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
        **target.security,
    }


def _privileged() -> dict[str, Any]:
    """Root on the node: moving a process into the target's cgroup.procs takes no less."""
    return {"privileged": True, "runAsUser": 0, "runAsGroup": 0, "runAsNonRoot": False}


def live_holder(pod: Pod, target: Target, holder: HolderSpec) -> str | None:
    """The name of a running holder of ours for this target and image, or None.

    Entries of ephemeral containers can never be removed: each one reused is one not added.
    """
    states = _states_of_fitting(pod, target, holder)
    return next((name for name, state in states if "running" in state), None)


def failed_starts(pod: Pod, target: Target, holder: HolderSpec) -> Iterator[Mapping[str, Any]]:
    """How such holders ended or why they do not start, in the words of the container's state."""
    for _, state in _states_of_fitting(pod, target, holder):
        yield from (state[kind] for kind in ("terminated", "waiting") if kind in state)


def _states_of_fitting(
    pod: Pod, target: Target, holder: HolderSpec
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    states = ephemeral_states(pod)
    for entry in pod["spec"].get("ephemeralContainers") or ():
        if _is_holder(entry, target, holder):
            yield str(entry["name"]), states.get(entry["name"], {})


def starting_holder(pod: Pod, target: Target, holder: HolderSpec) -> str | None:
    """The name of one that fits and has only been added, by another run, or None.

    In the target's own image the agent comes from the run that added it.
    """
    if holder.uses_target_image:
        return None
    states = _states_of_fitting(pod, target, holder)
    return next((name for name, state in states if _is_just_added(state)), None)


def _is_just_added(state: Mapping[str, Any]) -> bool:
    waiting = state.get("waiting") or {}
    return not state or ("waiting" in state and (waiting.get("reason") or "") in _JUST_ADDED)


@dataclass(frozen=True)
class RunningHolder:
    """A holder of ours, whatever its image; `container` is the one that it was brought for.

    `takes_commands`: whether it listens on its stdin, as since version 2 of the protocol.
    """

    name: str
    container: str
    takes_commands: bool


def running_holders(pod: Pod) -> list[RunningHolder]:
    """All that run in the pod."""
    states = ephemeral_states(pod)
    return [
        RunningHolder(
            entry["name"],
            entry.get("targetContainerName") or "",
            speaks_our_protocol(entry.get("command") or ()),
        )
        for entry in pod["spec"].get("ephemeralContainers") or ()
        if entry["name"].startswith(HOLDER_PREFIX) and "running" in states.get(entry["name"], {})
    ]


def _is_holder(entry: Mapping[str, Any], target: Target, holder: HolderSpec) -> bool:
    command = entry.get("command") or [""]
    return (
        entry["name"].startswith(HOLDER_PREFIX)
        and entry.get("targetContainerName") == target.container
        and entry.get("image") == image_of(target, holder)
        and command[0] == _command(holder)[0]
        and speaks_our_protocol(command)
        and _fits(entry.get("securityContext") or {}, target, holder)
    )


def _fits(context: Mapping[str, Any], target: Target, holder: HolderSpec) -> bool:
    if bool(context.get("privileged")) or holder.is_privileged:
        return bool(context.get("privileged")) and holder.is_privileged
    user = context.get("runAsUser"), context.get("runAsGroup")
    is_users = target.user is None or user == target.user
    return is_users and not (holder.is_writable and context.get("readOnlyRootFilesystem", False))
