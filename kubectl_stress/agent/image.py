"""The agent's image that belongs to this version. Pure: no I/O.

A release writes the digest of what it has pushed here (scripts/pin-image), and from then on
nobody can put another image under the same tag. A tree that is not released names the tag alone.
"""

from kubectl_stress import __version__

REPOSITORY = "kubectl-stress/agent"
DIGEST = ""


def reference(repository: str, tag: str, digest: str) -> str:
    """An image as a pod names it; the digest decides where both are there."""
    return f"{repository}:{tag}@{digest}" if digest else f"{repository}:{tag}"


DEFAULT_IMAGE = reference(REPOSITORY, __version__, DIGEST)
