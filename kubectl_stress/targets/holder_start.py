"""Why an ephemeral container did not start, by the words of kubelet and runtime. Pure: no I/O.

They name no code, so that their words must be read.
"""

from collections.abc import Mapping
from typing import Any

HOPELESS_REASONS = {
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImagePullBackOff",
    "CreateContainerConfigError",
}
_DENIED = ("401 unauthorized", "403 forbidden", "authorization failed", "authentication required")
# E2BIG of execve, in the words of the runtime.
_TOO_LARGE = "argument list too long"
_FOREIGN = ("no match for platform", "exec format error")
_START_FAILURES = ("StartError", "RunContainerError", "CreateContainerError", "ContainerCannotRun")
# runc, and crun as CRI-O passes it on.
_NO_PROGRAM = ("executable file not found", "no such file or directory", "not found in $path")


def lacks_program(detail: Mapping[str, Any]) -> bool:
    """Whether the image does not have the program that the container was to run."""
    words = str(detail.get("message", "")).lower()
    has_failed = detail.get("reason") in _START_FAILURES
    return has_failed and any(word in words for word in _NO_PROGRAM)


def remedy(reason: str, message: str, *, uses_target_image: bool = False) -> str:
    """What helps, to follow the sentence that says what is the matter; empty where nobody knows."""
    if uses_target_image:
        return ""
    words = message.lower()
    if any(word in words for word in _DENIED):
        return (
            ": a private image needs a pull secret of the pod (imagePullSecrets), since an "
            "ephemeral container cannot add one; or use another --image, or --image target, which "
            "pulls nothing"
        )
    if _TOO_LARGE in words:
        return (
            ": its environment, with the variables of all services of the namespace, is larger "
            "than the kernel takes; set enableServiceLinks: false in the spec of a new pod"
        )
    if any(word in words for word in _FOREIGN):
        return ": the image is not built for this node's architecture; use another --image"
    if "Image" in reason:
        return (
            ": use --image target, which pulls nothing, or an --image that the node can pull "
            "(kubectl stress image prints how to copy it), or set --image-pull-policy"
        )
    return ""
