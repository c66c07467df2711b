"""The programs that are built from Go and C sources."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from tests.cluster import cache as kept
from tests.cluster import packages
from tests.cluster.errors import ClusterError
from tests.cluster.log import step
from tests.cluster.packages import command_path
from tests.cluster.paths import APPS, HERE, cache_folder

COMPONENTS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kubectl",
)
_VERSION = "k8s.io/component-base/version"

_lock = threading.Lock()
_stopped = threading.Event()
_running: set[subprocess.Popen[str]] = set()


def kubernetes() -> Path:
    """Build Kubernetes and etcd as one program; the folder has it under all its names."""
    return _go_module("kubernetes", HERE / "kubernetes", "one binary, six names", _kubernetes_into)


def kubelet() -> Path:
    """The kubelet of the control plane's own version."""
    return kubernetes() / "kubelet"


def old_kubelet() -> Path:
    """Build the kubelet of an older minor version."""
    folder = _go_module("oldkubelet", HERE / "oldkubelet", "one binary", _kubelet_into)
    return folder / "kubelet"


def tools() -> Path:
    """Build containerd, its shim, ctr and crane."""
    return _go_module("tools", HERE / "tools", "stripped", _tools_into)


def runc() -> Path:
    """Build a runc that knows user namespaces; Debian's does not."""
    return _go_module("runc", HERE / "runc", "with libseccomp", _runc_into) / "runc"


def guest_shell() -> Path:
    """Build the node's root shell."""
    return _go_module("guest", HERE / "guest", "stripped", _one_program) / "guest"


def hello() -> Path:
    """Build the demo app."""
    return _go_module("hello", APPS / "hello", "stripped", _one_program) / "hello"


def pause() -> Path:
    """Build the process that holds a pod's namespaces."""
    source = HERE / "pause.c"

    def build(folder: Path) -> None:
        compiler = [command_path("musl-gcc"), "-static", "-Os", "-s", "-Wall", "-Wextra"]
        _run(*compiler, "-o", str(folder / "pause"), str(source), cwd=HERE)

    return kept.artefact("pause", kept.key_of(source), build) / "pause"


def programs() -> Path:
    """Give one folder with all programs under their names, for people's PATH."""
    folder = cache_folder() / "bin"
    with kept.exclusive(folder.with_suffix(".lock")):
        folder.mkdir(exist_ok=True)
        for built in (kubernetes(), tools()):
            for program in built.iterdir():
                beside = folder / f".{program.name}.new"
                beside.unlink(missing_ok=True)
                beside.symlink_to(program)
                beside.rename(folder / program.name)
    return folder


def stop() -> None:
    """End the builds that run, and begin no other."""
    with _lock:
        _stopped.set()
        for child in list(_running):
            child.send_signal(signal.SIGINT)


def _go_module(kind: str, source: Path, recipe: str, build: Callable[[Path, Path], None]) -> Path:
    key = kept.key_of(source, recipe, go_version())

    def progress(folder: Path) -> None:
        with step(f"building {kind}"):
            build(source, folder)

    return kept.artefact(kind, key, progress)


def _kubernetes_into(source: Path, folder: Path) -> None:
    _versioned(source, folder / "kubernetes")
    for name in COMPONENTS:
        (folder / name).symlink_to("kubernetes")


def _kubelet_into(source: Path, folder: Path) -> None:
    _versioned(source, folder / "kubelet")


def _versioned(source: Path, program: Path) -> None:
    """Build a program that says which Kubernetes it is of."""
    version = _module_version(source, "k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".")
    flags = f"-s -w -X {_VERSION}.gitVersion={version}"
    flags += f" -X {_VERSION}.gitMajor={major} -X {_VERSION}.gitMinor={minor}"
    _go(source, "build", "-trimpath", "-ldflags", flags, "-o", str(program), ".")


def _tools_into(source: Path, folder: Path) -> None:
    _go(source, "build", "-trimpath", "-ldflags", "-s -w", "-o", f"{folder}/", "tool")


def _runc_into(source: Path, folder: Path) -> None:
    library = packages.unpacked("seccomp", packages.SECCOMP) / "usr"
    own = {
        "CGO_ENABLED": "1",
        # Half of runc is C. Zig has a libc and the kernel's headers with it, whatever the host has.
        "CC": f"{sys.executable} -m ziglang cc -target x86_64-linux-gnu.2.31",
        "PKG_CONFIG": "true",  # the library is not installed: it lies in the cache
        "CGO_CFLAGS": f"-I{library}/include",
        "CGO_LDFLAGS": f"-L{library}/lib/x86_64-linux-gnu -lseccomp",
    }
    options = ("-trimpath", "-tags", "seccomp", "-ldflags", "-s -w -linkmode external")
    _go(source, "build", *options, "-o", f"{folder}/", "tool", own=own)


def _one_program(source: Path, folder: Path) -> None:
    output = str(folder / source.name)
    _go(source, "build", "-trimpath", "-ldflags", "-s -w", "-o", output, ".")


def _module_version(source: Path, module: str) -> str:
    return _go(source, "list", "-m", "-f", "{{.Version}}", module).strip()


@cache
def go_version() -> str:
    """Name the compiler."""
    return _go(HERE, "env", "GOVERSION").strip()


def _go(source: Path, *arguments: str, own: Mapping[str, str] | None = None) -> str:
    return _run(command_path("go"), *arguments, cwd=source, own=own)


def _run(*argv: str, cwd: Path, own: Mapping[str, str] | None = None) -> str:
    ours = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -mod=readonly"}
    environment = os.environ | ours | dict(own or {})
    null, pipe = subprocess.DEVNULL, subprocess.PIPE
    with _lock:
        if _stopped.is_set():
            raise ClusterError("building was stopped")
        child = subprocess.Popen(
            argv, env=environment, cwd=cwd, stdin=null, stdout=pipe, stderr=pipe, text=True
        )
        _running.add(child)
    try:
        out, err = child.communicate()
    finally:
        _running.discard(child)
    if child.returncode != 0:
        raise ClusterError(f"{' '.join(argv)} failed:\n{err.strip()[-4000:]}")
    return out
