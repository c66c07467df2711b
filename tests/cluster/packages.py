"""Debian packages: those the host must have, and those that are unpacked for the nodes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from functools import cache as once
from pathlib import Path

from tests.cluster import cache
from tests.cluster.errors import ClusterError, MissingPackages
from tests.cluster.log import step

# The command that shows that a package is there -> the package.
HOST_PACKAGES = {
    "qemu-system-x86_64": "qemu-system-x86",
    "fakeroot": "fakeroot",
    "mke2fs": "e2fsprogs",
    "openssl": "openssl",
    "musl-gcc": "musl-tools",
}
KERNEL = "linux-image-cloud-amd64"
# Everything that the commands used in a node link to; busybox gives it all the others.
NODE = ("busybox-static", "containernetworking-plugins", "libc6", "libseccomp2", "runc")
# Debian's own containerd, and crun with all that it links to.
OLD_RUNTIME = (
    *("containerd", "crun", "libcap2", "libgcrypt20", "libgpg-error0", "liblz4-1", "liblzma5"),
    *("libsystemd0", "libyajl2", "libzstd1"),
)
# What a runc with seccomp is linked against.
SECCOMP = ("libseccomp-dev", "libseccomp2")
_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"


def missing() -> list[str]:
    """Name the packages that the host lacks."""
    return [name for command, name in HOST_PACKAGES.items() if find_command(command) is None]


def find_command(name: str) -> Path | None:
    """Find a command, in the folders too that only root has in its path."""
    for folder in f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_FOLDERS}".split(":"):
        path = Path(folder, name)
        if os.access(path, os.X_OK) and path.is_file():
            return path
    return None


def command_path(name: str) -> str:
    """Give the path of a command that `ensure` has seen to."""
    path = find_command(name)
    if path is None:
        raise MissingPackages(f"{name} is not installed")
    return str(path)


def ensure() -> None:
    """Install what the host lacks, or say how."""
    if find_command("go") is None:
        raise MissingPackages("go is not installed: install Go 1.26 or newer and put it in PATH")
    names = missing()
    if not names:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *names]
    if os.geteuid() != 0:
        raise MissingPackages(f"Debian packages are missing; run: sudo {shlex.join(install)}")
    with step(f"installing {' '.join(names)}"):
        _apt("apt-get", "update")
        _apt(*install)
    if missing():
        raise MissingPackages(f"still missing after installing: {' '.join(missing())}")


def kernel_image() -> str:
    """Name the package that holds the kernel which the kernel's metapackage stands for."""
    found = re.findall(r"Depends: (linux-image-\S+)", _listed("apt-cache", "depends", KERNEL))
    if not found:
        raise ClusterError(f"{KERNEL} names no kernel: is this Debian, and did apt-get update run?")
    return str(found[0])


def versions_of(*names: str) -> str:
    """Tell the exact archives of these packages, with their hashes."""
    lines = _listed("apt-get", "download", "--print-uris", *names).splitlines()
    return "\n".join(sorted(line.partition(" ")[2] for line in lines if line.startswith("'")))


@once
def unpacked(kind: str, names: tuple[str, ...]) -> Path:
    """Have packages unpacked in the cache."""

    def build(folder: Path) -> None:
        with step(f"fetching {kind}"):
            unpack(list(names), folder)

    return cache.artefact(kind, cache.key_of(versions_of(*names)), build)


def unpack(names: list[str], folder: Path) -> None:
    """Download packages and unpack them, without installing anything on the host."""
    archives = folder / ".archives"
    archives.mkdir()
    as_user = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    _apt("apt-get", "download", *as_user, *names, cwd=archives)
    for archive in sorted(archives.iterdir()):
        _apt("dpkg-deb", "-x", str(archive), str(folder))
        archive.unlink()
    archives.rmdir()


def _listed(*argv: str) -> str:
    """Ask apt; a machine whose package lists were never fetched gets them first."""
    try:
        return _apt(*argv)
    except ClusterError:
        if os.geteuid() != 0:
            raise
    with step("fetching the package lists"):
        _apt("apt-get", "update")
    return _apt(*argv)


def _apt(*argv: str, cwd: Path | None = None) -> str:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    done = subprocess.run(
        argv, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode != 0:
        hint = "" if os.geteuid() == 0 else " (does it help to run: sudo apt-get update?)"
        raise ClusterError(f"{shlex.join(argv)} failed{hint}:\n{done.stderr.strip()[-2000:]}")
    return done.stdout
