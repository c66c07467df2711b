"""Images of targets that the cluster's own ones do not cover, as one more archive."""

from __future__ import annotations

from pathlib import Path

from tests.cluster import cache, rootfs
from tests.cluster.images import REGISTRY, Image, applets, write_archive

NAMED = f"{REGISTRY}/named:dev"
ROOT = f"{REGISTRY}/root:dev"
_USERS = "root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000:user:/:/bin/sh\napp:x:1234:0:app:/:/bin/sh\n"


def archive() -> Path:
    """Build them, or take them from the cache."""
    busybox = rootfs.busybox()
    key = cache.key_of(Path(__file__), busybox)

    def build(folder: Path) -> None:
        users = {NAMED: "app", ROOT: ""}
        write_archive(folder / "targets.tar", [_image(busybox, *entry) for entry in users.items()])

    return cache.artefact("targets", key, build) / "targets.tar"


def _image(busybox: Path, name: str, user: str) -> Image:
    """Busybox as a user given by name only, whose group is 0, or as nobody in particular."""
    return Image(
        name,
        ["/bin/sh"],
        {"bin/busybox": busybox},
        links={f"bin/{applet}": "busybox" for applet in applets(busybox)},
        texts={"etc/passwd": _USERS},
        user=user,
    )
