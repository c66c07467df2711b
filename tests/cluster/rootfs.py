"""The disks that nodes start from, made without root and without mounting anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import builds, cache, packages
from tests.cluster.errors import ClusterError
from tests.cluster.images import applets
from tests.cluster.log import step
from tests.cluster.packages import command_path
from tests.cluster.paths import HERE

DISK = "disk.img"
DISK_SIZE = "6G"
FILES = HERE / "files"
_EMPTY = (
    "dev proc sys run tmp root var/lib var/log var/tmp mnt sbin usr/sbin etc/containerd/certs.d"
)
# Of all plugins those that the nodes' network uses.
_CNI = ("bridge", "host-local", "loopback")


@dataclass(frozen=True)
class Recipe:
    """What a disk has beside what all have; `runc` is Debian's where none is built."""

    kind: str
    packages: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    kubelet: Callable[[], Path] = builds.kubelet
    runc: Callable[[], Path] | None = None


_CONTAINERD = ("containerd", "containerd-shim-runc-v2", "ctr")
NEW = Recipe("disk", tools=_CONTAINERD)
OLD = Recipe(
    "olddisk", packages.OLD_RUNTIME, files=(HERE / "files-old",), kubelet=builds.old_kubelet
)
USERNS = Recipe("usernsdisk", tools=_CONTAINERD, runc=builds.runc)


def packages_folder() -> Path:
    """Have the packages of every node unpacked in the cache."""
    return packages.unpacked("packages", packages.NODE)


def busybox() -> Path:
    """Give the static busybox."""
    return packages_folder() / "bin" / "busybox"


def disk(recipe: Recipe) -> Path:
    """Build a disk; a node works on a copy of it."""
    unpacked = [packages_folder()]
    if recipe.packages:
        unpacked.append(packages.unpacked("oldpackages", recipe.packages))
    kubelet, tools, guest = recipe.kubelet(), builds.tools(), builds.guest_shell()
    programs = {"kubelet": kubelet, "guest": guest}
    programs |= {name: tools / name for name in recipe.tools}
    programs |= {"runc": recipe.runc()} if recipe.runc else {}

    def build(folder: Path) -> None:
        with step(f"making the {recipe.kind} of the nodes"):
            root = folder / "root"
            _fill(root, unpacked, programs, (FILES, *recipe.files))
            _format(root, folder / DISK)
            shutil.rmtree(root)

    parts = [*unpacked, tools, *(program.parent for program in programs.values())]
    key = cache.key_of(Path(__file__), FILES, *recipe.files, *[part.name for part in parts])
    return cache.artefact(recipe.kind, key, build) / DISK


def _fill(
    root: Path, unpacked: list[Path], programs: dict[str, Path], files: tuple[Path, ...]
) -> None:
    for name in _EMPTY.split():
        (root / name).mkdir(parents=True, exist_ok=True)
    for place in unpacked:
        for folder in ("bin", "lib", "lib64", "usr/bin", "usr/sbin", "usr/lib"):
            if (place / folder).is_dir():
                shutil.copytree(place / folder, root / folder, symlinks=True, dirs_exist_ok=True)
    for plugin in (root / "usr/lib/cni").iterdir():
        if plugin.name not in _CNI:
            plugin.unlink()
    for name, path in programs.items():
        (root / "usr/sbin" / name).unlink(missing_ok=True)  # Debian's, which PATH has first
        shutil.copy(path, root / "usr/bin" / name)
    for name in applets(busybox()):
        (root / "bin" / name).symlink_to("busybox")
    for overlay in files:
        shutil.copytree(overlay, root, dirs_exist_ok=True)


def _format(root: Path, image: Path) -> None:
    # fakeroot makes every file the root user's, whoever unpacked it.
    argv = [command_path("fakeroot"), command_path("mke2fs"), "-q", "-t", "ext4"]
    argv += ["-E", "lazy_itable_init=1", "-J", "size=16", "-d", str(root), str(image)]
    done = subprocess.run([*argv, DISK_SIZE], capture_output=True, text=True, env=os.environ.copy())
    if done.returncode != 0:
        raise ClusterError(f"mke2fs failed:\n{done.stderr.strip()[-2000:]}")
