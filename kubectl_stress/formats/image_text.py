"""Where the agent's image is, and the commands that copy it, as text."""

_REPOSITORY = "REGISTRY/agent"
_TARGET = f"{_REPOSITORY}:TAG"


def image_text(reference: str, released_digest: str, carried_digest: str) -> str:
    """For a person; a digest is "" where there is none."""
    lines = [f"image:   {reference}", f"digest:  {released_digest or carried_digest or 'unknown'}"]
    if released_digest:
        lines += ["", "To copy it to your own registry, use one of:", *_copies(reference)]
    else:
        lines += ["", "This build has no image in a public registry."]
    if carried_digest:
        lines += ["", "Without a registry to copy from, use one of:", *_from_archive()]
    elif not released_digest:
        lines += ["", "To push one to your own registry, run in the folder of the source:"]
        lines += [f"  make image && make -C image push IMAGE={_TARGET}"]
    digest = released_digest or carried_digest
    copied = f"{_REPOSITORY}@{digest}" if digest else _TARGET
    lines += [
        "",
        "Where nothing can be pulled, use --image target instead: the target's own image.",
    ]
    lines += ["", "Then set --image, KUBECTL_STRESS_IMAGE or image in the config file to:"]
    lines += [f"  {copied}"]
    return "\n".join(lines)


def _copies(reference: str) -> list[str]:
    return [
        f"  crane copy {reference} {_TARGET}",
        f"  skopeo copy --all docker://{reference} docker://{_TARGET}",
        f"  docker buildx imagetools create --tag {_TARGET} {reference}",
    ]


def _from_archive() -> list[str]:
    return [
        "  kubectl stress image save agent.tar",
        f"  skopeo copy --all oci-archive:agent.tar docker://{_TARGET}",
        f"  mkdir agent && tar -xf agent.tar -C agent && crane push --index agent {_TARGET}",
        "  kind load image-archive agent.tar",
        "  ctr -n k8s.io images import agent.tar   (on each node)",
    ]
