"""The cluster's own container images, written as one OCI archive: the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster import builds, cache
from tests.cluster.paths import APPS

REGISTRY = "kubectl-stress.local"
PAUSE = f"{REGISTRY}/pause:dev"
BUSYBOX = f"{REGISTRY}/busybox:dev"
HELLO = f"{REGISTRY}/hello:dev"
ARCHIVE = "images.tar"

_OCI = "application/vnd.oci.image"


@dataclass(frozen=True)
class Image:
    """What goes into an image: one layer, no base."""

    name: str
    entrypoint: list[str]
    files: Mapping[str, Path]
    links: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, int] = field(default_factory=dict)
    user: str = "65535:65535"
    path: str = "/bin"


def archive(busybox: Path) -> Path:
    """Build the archive with all images of the cluster."""
    images = _images(busybox)
    contents = [file for image in images for file in image.files.values()]
    key = cache.key_of(Path(__file__), *contents)

    def build(folder: Path) -> None:
        write_archive(folder / ARCHIVE, images)

    return cache.artefact("images", key, build) / ARCHIVE


def write_archive(path: Path, images: list[Image]) -> None:
    """Write images as an OCI layout in a tar file."""
    blobs: dict[str, bytes] = {}
    manifests = [_add_image(blobs, image) for image in images]
    index = {"schemaVersion": 2, "mediaType": f"{_OCI}.index.v1+json", "manifests": manifests}
    members = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": _json(index)}
    members |= {f"blobs/sha256/{digest}": data for digest, data in sorted(blobs.items())}
    path.write_bytes(_tar([(name, 0o644, data) for name, data in members.items()]))


def applets(busybox: Path) -> list[str]:
    """List the commands that busybox has."""
    listed = subprocess.run([str(busybox), "--list"], check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split() if name != "busybox"]


def _images(busybox: Path) -> list[Image]:
    hello = {"hello": builds.hello(), "srv/index.html": APPS / "hello" / "index.html"}
    return [
        Image(PAUSE, ["/pause"], {"pause": builds.pause()}),
        Image(
            BUSYBOX,
            ["/bin/sh"],
            {"bin/busybox": busybox},
            links={f"bin/{name}": "busybox" for name in applets(busybox)},
            texts={"etc/passwd": "root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000:user:/:/bin/sh\n"},
            user="1000:1000",
        ),
        Image(HELLO, ["/hello"], hello, user="1000:1000"),
    ]


def _add_image(blobs: dict[str, bytes], image: Image) -> dict[str, Any]:
    layer = _layer(image)
    path = f"PATH={image.path}"
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": image.entrypoint, "User": image.user, "Env": [path]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": _add_blob(blobs, f"{_OCI}.config.v1+json", _json(config)),
        "layers": [_add_blob(blobs, f"{_OCI}.layer.v1.tar", layer)],
    }
    described = _add_blob(blobs, f"{_OCI}.manifest.v1+json", _json(manifest))
    # containerd drops an image that names no platform, and takes the name from its own annotation.
    described["platform"] = {"architecture": "amd64", "os": "linux"}
    described["annotations"] = {"io.containerd.image.name": image.name}
    return described


def _layer(image: Image) -> bytes:
    files = [(name, 0o755, path.read_bytes()) for name, path in image.files.items()]
    files += [(name, 0o644, text.encode()) for name, text in image.texts.items()]
    return _tar(files, image.links, image.folders)


def _tar(
    files: list[tuple[str, int, bytes]],
    links: Mapping[str, str] | None = None,
    folders: Mapping[str, int] | None = None,
) -> bytes:
    """Pack files with fixed owner and time; the folders on their way, and others, come first."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        names = [name for name, _, _ in files] + list(links or {})
        for folder in sorted({str(up) for name in names for up in Path(name).parents} - {"."}):
            tar.addfile(_member(folder, tarfile.DIRTYPE, 0o755))
        for folder, mode in (folders or {}).items():
            tar.addfile(_member(folder, tarfile.DIRTYPE, mode))
        for name, mode, data in files:
            member = _member(name, tarfile.REGTYPE, mode)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for name, goal in (links or {}).items():
            member = _member(name, tarfile.SYMTYPE, 0o777)
            member.linkname = goal
            tar.addfile(member)
    return whole.getvalue()


def _member(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = kind, mode
    return member


def _add_blob(blobs: dict[str, bytes], media_type: str, data: bytes) -> dict[str, Any]:
    digest = _digest(data)
    blobs[digest] = data
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
