"""The disk that every node starts from, made without root and without mounting anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache as once
from pathlib import Path

from tests.cluster import builds, cache, packages
from tests.cluster.errors import ClusterError
from tests.cluster.images import applets
from tests.cluster.packages import command_path
from tests.cluster.paths import HERE
from tests.cluster.story import step

DISK = "disk.img"
DISK_SIZE = "6G"
FILES = HERE / "files"
_EMPTY = (
    "dev proc sys run tmp root var/lib var/log var/tmp mnt sbin usr/sbin etc/containerd/certs.d"
)
_FROM_TOOLS = ("containerd", "containerd-shim-runc-v2", "ctr")
# Of all plugins those that the nodes' network uses.
_CNI = ("bridge", "host-local", "loopback")


@once
def packages_folder() -> Path:
    """Have the packages of a node unpacked in the cache."""

    def build(folder: Path) -> None:
        with step("fetching the packages of the nodes"):
            packages.unpack(list(packages.NODE), folder)

    key = cache.key_of(packages.versions_of(*packages.NODE))
    return cache.artefact("packages", key, build)


def busybox() -> Path:
    """Give the static busybox."""
    return packages_folder() / "bin" / "busybox"


def disk() -> Path:
    """Build the disk; a node works on a copy of it."""
    unpacked, kubernetes = packages_folder(), builds.kubernetes()
    tools, guest = builds.tools(), builds.guest_shell()
    parts = [unpacked, kubernetes, tools, guest.parent]

    def build(folder: Path) -> None:
        with step("making the disk of the nodes"):
            root = folder / "root"
            _fill(root, unpacked, {"kubelet": kubernetes / "kubelet", "guest": guest}, tools)
            _format(root, folder / DISK)
            shutil.rmtree(root)

    key = cache.key_of(Path(__file__), FILES, *[part.name for part in parts])
    return cache.artefact("disk", key, build) / DISK


def _fill(root: Path, unpacked: Path, programs: dict[str, Path], tools: Path) -> None:
    for name in _EMPTY.split():
        (root / name).mkdir(parents=True, exist_ok=True)
    for folder in ("bin", "lib", "lib64", "usr/bin", "usr/sbin", "usr/lib"):
        if (unpacked / folder).is_dir():
            shutil.copytree(unpacked / folder, root / folder, symlinks=True, dirs_exist_ok=True)
    for plugin in (root / "usr/lib/cni").iterdir():
        if plugin.name not in _CNI:
            plugin.unlink()
    for name, path in programs.items() | {name: tools / name for name in _FROM_TOOLS}.items():
        shutil.copy(path, root / "usr/bin" / name)
    for name in applets(unpacked / "bin" / "busybox"):
        (root / "bin" / name).symlink_to("busybox")
    shutil.copytree(FILES, root, dirs_exist_ok=True)


def _format(root: Path, image: Path) -> None:
    # fakeroot makes every file the root user's, whoever unpacked it.
    argv = [command_path("fakeroot"), command_path("mke2fs"), "-q", "-t", "ext4"]
    argv += ["-E", "lazy_itable_init=1", "-J", "size=16", "-d", str(root), str(image)]
    done = subprocess.run([*argv, DISK_SIZE], capture_output=True, text=True, env=os.environ.copy())
    if done.returncode != 0:
        raise ClusterError(f"mke2fs failed:\n{done.stderr.strip()[-2000:]}")
