"""A bare QEMU machine with a stock kernel: real cgroups of either generation, up in seconds."""

from __future__ import annotations

import base64
import ctypes
import gzip
import itertools
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster import kernel, machine, rootfs
from tests.cluster.packages import command_path

_INIT = Path(__file__).parent / "guest-init"
_MODULES = ("virtio_pci", "virtio_console", "lzo_rle", "zram")
_BOOT_SECONDS = 120.0


@dataclass
class Guest:
    """Runs shell scripts in the machine, one after another."""

    port: socket.socket
    cgroup_version: int
    _rest: bytes = b""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, script: str, *, timeout_seconds: float = 120.0) -> str:
        """Run a script that must succeed, and return what it printed."""
        code, output = self.attempt(script, timeout_seconds=timeout_seconds)
        assert code == 0, f"{script}\nended with {code}:\n{output}"
        return output

    def attempt(self, script: str, *, timeout_seconds: float = 120.0) -> tuple[int, str]:
        number = str(next(self._numbers))
        text = base64.b64encode(script.encode()).decode()
        self.port.sendall(f"{number} {text}\n".encode())
        deadline = time.monotonic() + timeout_seconds
        while True:
            words = self._line(deadline).split(" ")
            if words[0] == number and len(words) == 3:
                return int(words[1]), base64.b64decode(words[2]).decode(errors="replace")

    def _line(self, deadline: float) -> str:
        while b"\n" not in self._rest:
            self.port.settimeout(max(0.1, deadline - time.monotonic()))
            data = self.port.recv(65536)
            assert data, "the machine went away"
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode(errors="replace")


@contextmanager
def booted(folder: Path, agent: Path, cgroup_version: int) -> Iterator[Guest]:
    """Boot a machine that has the agent as /agent, and end it afterwards."""
    used = kernel.unpacked()
    initrd = folder / "initrd"
    initrd.write_bytes(_initrd(used, agent))
    accelerator = machine.accelerator(used)
    argv = [
        command_path("qemu-system-x86_64"),
        *accelerator.options,
        *("-nodefaults", "-display", "none", "-no-reboot", "-smp", "2", "-m", "1792"),
        *("-kernel", str(used.vmlinuz), "-initrd", str(initrd)),
        "-append",
        f"console=ttyS0 quiet psi=1 panic=1 agent_cgroup={cgroup_version} "
        f"{accelerator.kernel_options}",
        *("-serial", f"file:{folder / 'console'}", "-device", "virtio-serial-pci"),
        *("-chardev", f"socket,id=shell,path={folder / 'shell'},server=on,wait=off"),
        *("-device", "virtserialport,chardev=shell,name=shell"),
    ]
    with subprocess.Popen(argv, preexec_fn=_die_with_parent) as process:
        try:
            with _connected(folder / "shell") as port:
                guest = Guest(port, cgroup_version)
                guest.run("true", timeout_seconds=_BOOT_SECONDS)
                yield guest
        finally:
            process.kill()


def _die_with_parent() -> None:
    """A test run that is killed leaves no machine behind: prctl(2), PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _initrd(used: kernel.Kernel, agent: Path) -> bytes:
    busybox = rootfs.busybox().read_bytes()
    members = [
        kernel.cpio_member("bin", 0o40755, b""),
        kernel.cpio_member("bin/busybox", 0o100755, busybox),
        kernel.cpio_member("modules", 0o40755, b""),
        kernel.cpio_member("agent", 0o100755, agent.read_bytes()),
        kernel.cpio_member("init", 0o100755, _INIT.read_bytes()),
    ]
    for number, module in enumerate(kernel.in_loading_order(used, _MODULES)):
        members.append(kernel.cpio_member(f"modules/{number:02}", 0o100644, module.read_bytes()))
    members.append(kernel.cpio_member("TRAILER!!!", 0, b""))
    return gzip.compress(b"".join(members), 1, mtime=0)


@contextmanager
def _connected(path: Path) -> Iterator[socket.socket]:
    deadline = time.monotonic() + _BOOT_SECONDS
    while True:
        port = socket.socket(socket.AF_UNIX)
        try:
            port.connect(str(path))
            break
        except OSError:
            port.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    with port:
        yield port
