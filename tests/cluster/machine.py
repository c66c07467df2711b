"""One QEMU machine: how it is called, and how it is spoken to from outside."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import cache
from tests.cluster.errors import ClusterError
from tests.cluster.kernel import Kernel
from tests.cluster.log import step
from tests.cluster.packages import command_path
from tests.cluster.sockets import connected

CONTROL = "control.sock"
SHELL = "shell.sock"
DISK = "disk.img"
DISK_ID = "disk"
OWN = "own.tar"
VMLINUZ = "vmlinuz"
INITRD = "initrd"
# What the guest calls the host's loopback.
HOST_SEEN_BY_GUEST = "10.0.2.2"
_KERNEL_COMMAND_LINE = "console=ttyS0 quiet psi=1 panic=1 net.ifnames=0"
_PROBE_SECONDS = 5
_CONTROL_SECONDS = 10.0


@dataclass(frozen=True)
class Shape:
    """What a machine is given."""

    memory_mib: int
    cpus: int
    port: int


@dataclass(frozen=True)
class Accelerator:
    """How QEMU runs a machine, and what its kernel should know of that."""

    options: tuple[str, ...]
    kernel_options: str = ""


KVM = Accelerator(
    # QEMU 7.2 aborts on some hosts when it passes their arch-capabilities on.
    ("-accel", "kvm", "-cpu", "host,-arch-capabilities")
)
EMULATION = Accelerator(
    # One thread for both CPUs: with one each, QEMU 7.2 now and then leaves both of them for good at
    # an instruction that the kernel rewrote while it ran (a jump label), at boot or minutes later.
    # With erms or fsrm the kernel clears pages by `rep stosb`, which is emulated byte by byte: a
    # seventh of the speed of `rep stosq`. Page tables of five levels and guarded access to users'
    # memory cost at each miss and each system call.
    ("-accel", "tcg,thread=single", "-cpu", "max,-erms,-fsrm,-la57,-smap,-smep"),
    # Emulated CPUs share one time stamp counter, but the kernel does not trust it, and each look
    # at the clock would leave the machine for an HPET. Guarding against leaks is as dear.
    "tsc=reliable mitigations=off",
)


def command(shape: Shape, accelerator: Accelerator, logs: dict[str, str]) -> list[str]:
    """Write the call of QEMU, which is made in the machine's folder.

    All paths are relative to it: a socket's may not be long, and none may hold a comma.
    """
    argv = [command_path("qemu-system-x86_64"), *accelerator.options]
    argv += ["-nodefaults", "-display", "none"]
    command_line = f"{_KERNEL_COMMAND_LINE} {accelerator.kernel_options}"
    argv += ["-smp", str(shape.cpus), "-m", str(shape.memory_mib)]
    argv += ["-kernel", VMLINUZ, "-initrd", INITRD, "-append", command_line]
    argv += ["-drive", f"file={DISK},id={DISK_ID},if=virtio,format=raw,cache=unsafe,discard=unmap"]
    argv += ["-drive", f"file={OWN},if=virtio,format=raw,readonly=on"]
    forward = f"hostfwd=tcp:127.0.0.1:{shape.port}-:{shape.port}"
    argv += ["-netdev", f"user,id=net,{forward}", "-device", "virtio-net-pci,netdev=net,id=nic"]
    argv += ["-qmp", f"unix:{CONTROL},server=on,wait=off"]
    argv += ["-serial", f"file:{logs.pop('console')}", "-device", "virtio-serial-pci"]
    argv += _port("shell", f"socket,path={SHELL},server=on,wait=off")
    for name, path in logs.items():
        argv += _port(name, f"file,append=on,path={path}")
    return argv


def _port(name: str, backend: str) -> list[str]:
    kind, _, options = backend.partition(",")
    device = f"virtserialport,chardev={name},name={name}"
    return ["-chardev", f"{kind},id={name},{options}", "-device", device]


def control(path: Path, action: str, **arguments: object) -> None:
    """Send one command to a machine's monitor."""
    asked = {"execute": action, "arguments": arguments}
    with cache.exclusive(path.with_suffix(".lock")):
        try:
            with connected(path, _CONTROL_SECONDS) as monitor, monitor.makefile("rwb") as lines:
                lines.readline()  # its greeting
                for line in ({"execute": "qmp_capabilities"}, asked):
                    lines.write(json.dumps(line).encode() + b"\n")
                    lines.flush()
                    _answer(lines.readline, action)
        except OSError as error:
            raise ClusterError(f"the machine does not take `{action}`: {error}") from error


def _answer(readline: object, action: str) -> None:
    assert callable(readline)
    while line := readline():
        answer = json.loads(line)
        if "error" in answer:
            raise ClusterError(f"the machine refuses `{action}`: {answer['error']['desc']}")
        if "return" in answer:
            return  # what came before were events
    raise ClusterError(f"the machine ended during `{action}`")


def copy_disk(source: Path, goal: Path) -> None:
    """Copy a disk without its holes."""
    argv = ["cp", "--sparse=always", "--reflink=auto", str(source), str(goal)]
    subprocess.run(argv, check=True)


def accelerator(kernel: Kernel) -> Accelerator:
    """Choose KVM where it works, else emulation; /dev/kvm may be there and hang."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()

    def build(folder: Path) -> None:
        works = _boots_with_kvm(kernel)
        (folder / "accelerator").write_text("kvm" if works else "tcg")

    found = cache.artefact("accelerator", cache.key_of(boot, *KVM.options, kernel.release), build)
    if (found / "accelerator").read_text() == "kvm":
        return KVM
    return EMULATION


def _boots_with_kvm(kernel: Kernel) -> bool:
    """Boot the kernel without a disk: it panics, restarts, and QEMU ends."""
    if not Path("/dev/kvm").exists():
        return False
    argv = [command_path("qemu-system-x86_64"), *KVM.options, "-m", "256"]
    argv += ["-nodefaults", "-display", "none", "-no-reboot"]
    argv += ["-kernel", str(kernel.vmlinuz), "-append", "panic=-1"]
    with step("trying KVM"):
        try:
            ended = subprocess.run(argv, capture_output=True, timeout=_PROBE_SECONDS)
        except subprocess.TimeoutExpired:
            return False
    return ended.returncode == 0


def lay_out(folder: Path, *, disk: Path, kernel: Kernel, initrd: Path) -> None:
    """Give a machine's folder its own copies, so that it can be started again without the cache."""
    copy_disk(disk, folder / DISK)
    shutil.copy(kernel.vmlinuz, folder / VMLINUZ)
    shutil.copy(initrd, folder / INITRD)
