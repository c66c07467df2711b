"""Write the agent's image as an OCI archive: the same bytes for the same binaries.

One layer without a base, an index over the architectures, fixed owners and times. It needs no
Docker, no root and no network; `ctr images import`, `podman load` and `crane push` read it.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

USER = "65532:65532"
_OCI = "application/vnd.oci.image"


def main() -> None:
    """Write the archive that the arguments describe."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--name", required=True, help="full name of the image, with its tag")
    parser.add_argument("--version", required=True)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("binaries", nargs="+", metavar="ARCHITECTURE=FILE")
    arguments = parser.parse_args()
    binaries = dict(binary.split("=", 1) for binary in arguments.binaries)
    contents = {architecture: Path(file).read_bytes() for architecture, file in binaries.items()}
    arguments.output.write_bytes(archive(arguments.name, arguments.version, contents))


def archive(name: str, version: str, binaries: dict[str, bytes]) -> bytes:
    """Return an OCI layout in a tar file, with one image for each architecture."""
    blobs: dict[str, bytes] = {}
    images = [_add_image(blobs, version, *item) for item in sorted(binaries.items())]
    index = _add_blob(blobs, f"{_OCI}.index.v1+json", _json(_index(images)))
    # containerd takes the full name from its own annotation, others the tag from the standard's.
    tag = name.rpartition(":")[2]
    index["annotations"] = {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": tag,
    }
    files = {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _json(_index([index])),
    }
    files |= {f"blobs/sha256/{digest}": data for digest, data in sorted(blobs.items())}
    return _tar([_file(file, data, 0o644) for file, data in files.items()])


def layer(binary: bytes) -> bytes:
    """Return the image's one layer: the agent, and a /tmp for `--kind file` under any user."""
    folder = tarfile.TarInfo("tmp")
    folder.type = tarfile.DIRTYPE
    folder.mode = 0o1777
    # Readable for all, or the kernel hides the holder's file system from the target.
    return _tar([_file("agent", binary, 0o755), (folder, b"")])


def _index(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": f"{_OCI}.index.v1+json", "manifests": manifests}


def _add_image(
    blobs: dict[str, bytes], version: str, architecture: str, binary: bytes
) -> dict[str, Any]:
    content = layer(binary)
    platform = {"architecture": architecture, "os": "linux"}
    config = {
        **platform,
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "Entrypoint": ["/agent"],
            "Cmd": ["hold"],
            "User": USER,
            "Labels": {"org.opencontainers.image.version": version},
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(content)}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": _add_blob(blobs, f"{_OCI}.config.v1+json", _json(config)),
        "layers": [_add_blob(blobs, f"{_OCI}.layer.v1.tar", content)],
    }
    # containerd leaves out an image that names no platform.
    return {**_add_blob(blobs, f"{_OCI}.manifest.v1+json", _json(manifest)), "platform": platform}


def _add_blob(blobs: dict[str, bytes], media_type: str, data: bytes) -> dict[str, Any]:
    blobs[_digest(data)] = data
    return {"mediaType": media_type, "digest": f"sha256:{_digest(data)}", "size": len(data)}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _file(name: str, data: bytes, mode: int) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = mode
    return member, data


def _tar(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for member, data in members:
            tar.addfile(member, io.BytesIO(data))
    return whole.getvalue()


if __name__ == "__main__":
    main()
