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
_FOREIGN = ("no match for platform", "exec format error")


def remedy(reason: str, message: str) -> str:
    """What helps, to follow the sentence that says what is the matter; empty where nobody knows."""
    words = message.lower()
    if any(word in words for word in _DENIED):
        return (
            ": a private image needs a pull secret of the pod's own (imagePullSecrets), since an "
            "ephemeral container cannot bring one; or give another with --image"
        )
    if any(word in words for word in _FOREIGN):
        return ": the image is not made for this node's architecture, give one that is with --image"
    if "Image" in reason:
        return ": give an image that the node can pull with --image, or set --image-pull-policy"
    return ""
