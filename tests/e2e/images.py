"""Images of targets that the cluster's own ones do not cover, as one more archive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.cluster import cache, packages, rootfs
from tests.cluster.images import REGISTRY, Image, applets, write_archive

NAMED = f"{REGISTRY}/named:dev"
ROOT = f"{REGISTRY}/root:dev"
TMP = f"{REGISTRY}/tmp:dev"
DEBIAN = f"{REGISTRY}/debian:dev"
PYTHON = f"{REGISTRY}/python3:dev"
_SHELL = ("dash", "coreutils", "libacl1", "libattr1", "libgmp10", "libselinux1", "libpcre2-8-0")
_PYTHON = (
    *("python3-minimal", "python3.11-minimal", "libpython3.11-minimal"),
    *("libc6", "libexpat1", "zlib1g"),
)
_TOPS = ("bin", "lib", "lib64", "usr/bin", "usr/lib")
_TMP = {"tmp": 0o1777}
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


def with_folder() -> Path:
    """Busybox with a /tmp, as real images of it have."""
    busybox = rootfs.busybox()
    key = cache.key_of(Path(__file__), busybox)

    def build(folder: Path) -> None:
        image = replace(_image(busybox, TMP, "1000:1000"), folders=_TMP)
        write_archive(folder / "folder.tar", [image])

    return cache.artefact("folder", key, build) / "folder.tar"


def debian() -> Path:
    """Debian with Python, and the same where nothing but Python is found."""
    root = packages.unpacked("debian", (*_SHELL, *_PYTHON))
    key = cache.key_of(Path(__file__), root.name)

    def build(folder: Path) -> None:
        image = _of_tree(DEBIAN, root, ["/bin/sh"])
        python = replace(image, name=PYTHON, path="/opt", entrypoint=["/opt/python3"])
        write_archive(folder / "debian.tar", [image, python])

    return cache.artefact("debian-images", key, build) / "debian.tar"


def _of_tree(name: str, root: Path, entrypoint: list[str]) -> Image:
    """What Debian's packages hold, without their documents and character sets."""
    paths = [path for top in _TOPS for path in (root / top).rglob("*") if "gconv" not in path.parts]
    # A link to a folder counts as one.
    files = {str(path.relative_to(root)): path for path in paths if path.is_symlink()}
    links = {inside: str(path.readlink()) for inside, path in files.items()}
    return Image(
        name,
        entrypoint,
        {str(path.relative_to(root)): path for path in paths if _is_file(path)},
        links={**links, "opt/python3": "/usr/bin/python3"},
        folders=_TMP,
        user="1000:1000",
        path="/usr/bin:/bin",
    )


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
