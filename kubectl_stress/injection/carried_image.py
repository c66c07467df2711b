"""The agent's image that this program carries: an OCI archive beside the package (make image)."""

import io
import json
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

from kubectl_stress import agent
from kubectl_stress.errors import StressError

ARCHIVE = Path(str(agent.__file__)).with_name("agent.tar")
_INDEX = "index.json"


def carried_digest() -> str:
    """The digest of the image, by which registries know it; "" where none is carried."""
    try:
        return str(_index(_files())["manifests"][0]["digest"])
    except StressError:
        return ""


def carried_agents() -> dict[str, bytes]:
    """The agent's binary by architecture, as in `amd64`; StressError where none is carried."""
    files = _files()
    index = _blob(files, _index(files)["manifests"][0])
    return {
        manifest["platform"]["architecture"]: _agent_in(files, _blob(files, manifest))
        for manifest in index["manifests"]
    }


def _agent_in(files: dict[str, bytes], manifest: dict[str, Any]) -> bytes:
    layer = files[_path(manifest["layers"][0])]
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        file = tar.extractfile("agent")
        assert file is not None  # make image puts it there
        return file.read()


def _blob(files: dict[str, bytes], described: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files[_path(described)])
    return found


def _path(described: dict[str, Any]) -> str:
    return f"blobs/{described['digest'].replace(':', '/')}"


def archive_named(name: str) -> bytes:
    """The archive with this name of the image in it; StressError where none is carried."""
    files = _files()
    index = _index(files)
    index["manifests"][0]["annotations"] = {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.rpartition(":")[2],
    }
    return _tar({**files, _INDEX: json.dumps(index, separators=(",", ":")).encode()})


@cache
def _files() -> dict[str, bytes]:
    try:
        with tarfile.open(ARCHIVE) as tar:
            members = [(member.name, tar.extractfile(member)) for member in tar]
            return {name: file.read() for name, file in members if file is not None}
    except OSError as error:
        raise StressError(
            "this build carries no image of the agent: run make image, or use a released build"
        ) from error


def _index(files: dict[str, bytes]) -> dict[str, Any]:
    index: dict[str, Any] = json.loads(files[_INDEX])
    return index


def _tar(files: dict[str, bytes]) -> bytes:
    """The same bytes for the same files: fixed owners, modes and times."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return written.getvalue()
