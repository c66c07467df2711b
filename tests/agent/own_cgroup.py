"""A cgroup of its own on this machine, with a process that stands for the target (needs root)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.agent.host import Agent

_ROOT = Path("/sys/fs/cgroup")


@dataclass
class OwnCgroup:
    """The directory of the memory controller, and the first process inside."""

    path: Path
    target_pid: int = 0
    cpu_paths: list[Path] = field(default_factory=list)  # version 1: where there is a quota

    @property
    def version(self) -> int:
        return 2 if (_ROOT / "cgroup.controllers").exists() else 1

    def limit(self, limit_bytes: int) -> None:
        name = "memory.max" if self.version == 2 else "memory.limit_in_bytes"
        (self.path / name).write_text(str(limit_bytes))

    def quota(self, millicores: int) -> None:
        """Let it have so much of the CPU in each period of 100 ms, as a container has."""
        if self.version == 2:
            (self.path / "cpu.max").write_text(f"{millicores * 100} 100000")
            return
        controllers = {(_ROOT / name).resolve() for name in ("cpu", "cpuacct")}
        self.cpu_paths = [path / self.path.name for path in controllers]
        for path in self.cpu_paths:
            path.mkdir()
            for pid in self.pids():
                (path / "cgroup.procs").write_text(str(pid))
        quota = _ROOT / "cpu" / self.path.name / "cpu.cfs_quota_us"
        quota.write_text(str(millicores * 100))

    def lift_quota(self) -> None:
        """Let it have all of the CPU again: in a small quota a thousand processes die slowly."""
        if (self.path / "cpu.max").exists():
            (self.path / "cpu.max").write_text("max 100000")
        elif self.cpu_paths:
            (_ROOT / "cpu" / self.path.name / "cpu.cfs_quota_us").write_text("-1")

    def cpu_us(self) -> int:
        """The CPU time of all that ever ran inside, in microseconds."""
        if self.version == 1:
            return int((_ROOT / "cpuacct" / self.path.name / "cpuacct.usage").read_text()) // 1_000
        first = (self.path / "cpu.stat").read_text().splitlines()[0]
        return int(first.removeprefix("usage_usec "))

    def usage_bytes(self) -> int:
        name = "memory.current" if self.version == 2 else "memory.usage_in_bytes"
        return int((self.path / name).read_text())

    def pids(self) -> list[int]:
        return [int(pid) for pid in (self.path / "cgroup.procs").read_text().split()]

    def stat(self, key: str) -> int:
        """One value of memory.stat."""
        lines = (self.path / "memory.stat").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.split()[0] == key))

    def start(
        self,
        *argv: str,
        below: str = "",
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Start a process inside, or in a cgroup below."""
        return subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=stdout,
            preexec_fn=lambda: self._enter(below),
        )

    def agent(self, binary: Path, *arguments: str, below: str = "") -> Agent:
        """Start the agent inside, with this cgroup's first process as its target."""
        target = ("--target-pid", str(self.target_pid))
        return Agent(binary, *arguments, *target, preexec_fn=lambda: self._enter(below))

    def end_all(self) -> None:
        """End every process inside."""
        while pids := self.pids():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)

    def remove(self) -> None:
        self.end_all()
        self.path.rmdir()
        for path in self.cpu_paths:
            path.rmdir()

    def _enter(self, below: str) -> None:
        (self.path / below / "cgroup.procs").write_text("0")
        for path in self.cpu_paths:
            (path / "cgroup.procs").write_text("0")


@contextmanager
def own_cgroup(
    limit_bytes: int | None = None, millicores: int | None = None
) -> Iterator[OwnCgroup]:
    """Make the cgroup, and end all that is in it and below it afterwards."""
    path = _ROOT / ("memory" if (_ROOT / "memory").is_dir() else "")
    cgroup = OwnCgroup(path / f"kubectl-stress-test-{os.getpid()}-{time.monotonic_ns()}")
    cgroup.path.mkdir()
    if limit_bytes is not None:
        cgroup.limit(limit_bytes)
    if millicores is not None:
        cgroup.quota(millicores)
    with cgroup.start("sleep", "100000") as target:
        cgroup.target_pid = target.pid
        try:
            yield cgroup
        finally:
            for path in sorted(filter(Path.is_dir, cgroup.path.rglob("*")), reverse=True):
                OwnCgroup(path).remove()
            cgroup.lift_quota()
            cgroup.remove()
