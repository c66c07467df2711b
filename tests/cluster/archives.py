"""Image archives as others make them: which images they hold."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

from tests.cluster.errors import ClusterError

_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


def names_in(archive: Path) -> list[str]:
    """List the full names of the images in an OCI or Docker archive."""
    try:
        with tarfile.open(archive) as tar:
            # A Docker archive may be an OCI layout as well; its own list has the full names.
            docker = _member(tar, "manifest.json") or []
            index = _member(tar, "index.json") or {}
    except (OSError, tarfile.TarError, ValueError) as error:
        raise ClusterError(f"{archive} is not an image archive: {error}") from error
    names = [name for image in docker for name in image.get("RepoTags") or []]
    notes = [manifest.get("annotations", {}) for manifest in index.get("manifests", [])]
    names += [next((note[key] for key in _NAMES if key in note), "") for note in notes]
    return sorted({name for name in names if "/" in name or ":" in name})


def _member(tar: tarfile.TarFile, name: str) -> Any:
    try:
        file = tar.extractfile(name)
    except KeyError:
        return None
    if file is None:
        return None
    with file:
        return json.load(file)
