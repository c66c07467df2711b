"""Why the target's own image cannot bring the agent. Pure: no I/O."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kubectl_stress.errors import InjectionError, LacksInterpreter
from kubectl_stress.plan.holder import failed_starts, interpreter_of
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.interpreter import (
    LACKS_FOLDER,
    LACKS_PROGRAM,
    Interpreter,
    interpreters,
)
from kubectl_stress.targets.holder_start import lacks_program
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.target import Target
from kubectl_stress.text import clean

_INSTEAD = (
    "copy the agent's image to a registry that the node can reach, or load it into the node: "
    "kubectl stress image prints how"
)


def refusal(
    target: Target, interpreter: Interpreter, detail: Mapping[str, Any]
) -> InjectionError | None:
    """What the end of the container says of the image; None where it says nothing of it."""
    if lacks_program(detail):
        return LacksInterpreter(_sentence(target, f"has no {interpreter.program}"))
    if detail.get("exitCode") == LACKS_PROGRAM:
        what = clean(str(detail.get("message") or "a program")).strip()
        return InjectionError(_sentence(target, f"lacks {what}"))
    if detail.get("exitCode") == LACKS_FOLDER:
        return InjectionError(_sentence(target, _no_folder(target)))
    return None


def known_refusal(pod: Pod, target: Target, holder: HolderSpec) -> InjectionError | None:
    """What the image has shown already in this pod to lack; None where a try is worth an entry."""
    found: InjectionError | None = None
    for interpreter in interpreters(target):
        found = earlier_refusal(pod, target, replace(holder, interpreter=interpreter))
        if not isinstance(found, LacksInterpreter):
            return found
    return found


def earlier_refusal(pod: Pod, target: Target, holder: HolderSpec) -> InjectionError | None:
    """What one interpreter has shown: its entries stay in the pod, and with them why they ended."""
    refusals = (
        refusal(target, interpreter_of(holder), detail)
        for detail in failed_starts(pod, target, holder)
    )
    return next((found for found in refusals if found is not None), None)


def _sentence(target: Target, lack: str) -> str:
    return f'--image target: the image of container "{target.container}" {lack}: {_INSTEAD}'


def _no_folder(target: Target) -> str:
    uid, gid = target.user or target.user_guess
    return (
        f"has no folder that user {uid}:{gid} may write to and run a program from (tried /tmp, "
        "/var/tmp, /run, the home and the working directory), and the pod has no emptyDir that no "
        "other container mounts"
    )
