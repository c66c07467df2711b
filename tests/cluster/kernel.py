"""Debian's stock cloud kernel, and a small initrd that finds the node's disk."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import cache, packages
from tests.cluster.errors import ClusterError
from tests.cluster.log import step
from tests.cluster.paths import HERE

# Loaded by the initrd, so that a node needs neither a modules folder nor depmod.
NODE_MODULES = (
    "virtio_pci",
    "virtio_blk",
    "virtio_net",
    "virtio_console",
    "overlay",
    "bridge",
    "veth",
)
_INIT = HERE / "files" / "initrd-init"


@dataclass(frozen=True)
class Kernel:
    """An unpacked kernel: its image, and the folder of its modules."""

    release: str
    vmlinuz: Path
    modules: Path


def unpacked() -> Kernel:
    """Have the kernel unpacked in the cache."""
    package = packages.kernel_image()

    def build(folder: Path) -> None:
        with step(f"fetching {package}"):
            packages.unpack([package], folder)

    folder = cache.artefact("kernel", cache.key_of(packages.versions_of(package)), build)
    release = package.removeprefix("linux-image-")
    return Kernel(release, folder / "boot" / f"vmlinuz-{release}", _modules_of(folder, release))


def initrd(kernel: Kernel, busybox: Path) -> Path:
    """Build the initrd: busybox, the modules in the order of loading, and a script."""
    modules = [path.read_bytes() for path in in_loading_order(kernel, NODE_MODULES)]

    def build(folder: Path) -> None:
        whole = b"".join(_members(modules, busybox.read_bytes()))
        (folder / "initrd").write_bytes(gzip.compress(whole, 6, mtime=0))

    key = cache.key_of(Path(__file__), _INIT, busybox, *modules)
    return cache.artefact("initrd", key, build) / "initrd"


def in_loading_order(kernel: Kernel, names: tuple[str, ...]) -> list[Path]:
    """List modules after all that they depend on; what is built in is left out."""
    files = {path.stem.replace("-", "_"): path for path in kernel.modules.rglob("*.ko")}
    ordered: dict[str, Path] = {}

    def add(name: str) -> None:
        if name in ordered or name not in files:
            return
        for needed in needs(files[name].read_bytes()):
            add(needed)
        ordered[name] = files[name]

    for name in names:
        add(name)
    return list(ordered.values())


def needs(module: bytes) -> list[str]:
    """Read from a module's own section what must be loaded before it."""
    names: list[str] = []
    for field, text in re.findall(rb"\0(depends|softdep)=([^\0]*)", module):
        if field == b"depends":
            names += text.decode().split(",")
        else:
            names += text.decode().removeprefix("pre:").split()
    return [name.replace("-", "_") for name in names if name]


def _modules_of(folder: Path, release: str) -> Path:
    for place in (folder / "lib", folder / "usr" / "lib"):
        if (place / "modules" / release).is_dir():
            return place / "modules" / release
    raise ClusterError(f"the package of kernel {release} holds no modules")


def _members(modules: list[bytes], busybox: bytes) -> Iterator[bytes]:
    for folder in ("bin", "dev", "modules", "proc", "root"):
        yield cpio_member(folder, 0o040755, b"")
    yield cpio_member("bin/busybox", 0o100755, busybox)
    yield cpio_member("init", 0o100755, _INIT.read_bytes())
    for number, module in enumerate(modules):
        yield cpio_member(f"modules/{number:02}.ko", 0o100644, module)
    yield cpio_member("TRAILER!!!", 0, b"")


def cpio_member(name: str, mode: int, data: bytes) -> bytes:
    """Write one member of a cpio archive in the format "newc", owned by root."""
    path = name.encode() + b"\0"
    # inode, mode, uid, gid, links, time, size, four device numbers, length of name, checksum
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0]
    head = b"070701" + b"".join(b"%08x" % value for value in fields) + path
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
