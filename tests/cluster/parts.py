"""All that a node is made of, each part built once and kept in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.cluster import builds, machine, rootfs
from tests.cluster import images as archives
from tests.cluster import kernel as kernels
from tests.cluster.kernel import Kernel
from tests.cluster.machine import Accelerator
from tests.cluster.parallel import together


def prepare(flavours: Sequence[str]) -> None:
    """Build everything for nodes of these flavours, the long build beside the short ones."""
    together([builds.kubernetes, _small_parts], on_failure=builds.stop)
    for flavour in flavours:
        disk(flavour)


@cache
def kernel() -> Kernel:
    """The kernel."""
    return kernels.unpacked()


@cache
def initrd() -> Path:
    """The initrd."""
    return kernels.initrd(kernel(), rootfs.busybox())


@cache
def disk(flavour: str) -> Path:
    """The disk that nodes of a flavour start from."""
    return rootfs.disk({"old": rootfs.OLD, "userns": rootfs.USERNS}.get(flavour, rootfs.NEW))


@cache
def images() -> Path:
    """The archive of the cluster's own images."""
    return archives.archive(rootfs.busybox())


@cache
def accelerator() -> Accelerator:
    """How QEMU runs machines here."""
    return machine.accelerator(kernel())


def _small_parts() -> None:
    accelerator()
    initrd()
    images()
    builds.guest_shell()
    builds.tools()
