"""The agent's image that belongs to this version. Pure: no I/O.

A release writes the digest of what it has pushed here (scripts/pin-image), and from then on
nobody can put another image under the same tag. A tree that is not released names the tag alone.
"""

from kubectl_stress import __version__

REPOSITORY = "kubectl-stress/agent"
DIGEST = ""

TARGET_IMAGE = "target"
"""In the place of an image: the target's own, into which the agent is then copied."""


def reference(repository: str, tag: str, digest: str) -> str:
    """An image as a pod names it; the digest decides where both are there."""
    return f"{repository}:{tag}@{digest}" if digest else f"{repository}:{tag}"


def full_name(name: str) -> str:
    """A name as container runtimes keep it: `agent:1` is `docker.io/library/agent:1`."""
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


DEFAULT_IMAGE = reference(REPOSITORY, __version__, DIGEST)
