"""Why an ephemeral container did not start, by the words of kubelet and runtime. Pure: no I/O.

They name no code, so that their words must be read.
"""

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


def remedy(reason: str, message: str) -> str:
    """What helps, to follow the sentence that says what is the matter; empty where nobody knows."""
    words = message.lower()
    if any(word in words for word in _DENIED):
        return (
            ": a private image needs a pull secret of the pod (imagePullSecrets), since an "
            "ephemeral container cannot add one; or use another --image"
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
            ": use an --image that the node can pull (kubectl stress image prints how to copy it), "
            "or set --image-pull-policy"
        )
    return ""
