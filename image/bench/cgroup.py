"""A cgroup of its own for each measurement, and what the kernel has written down about it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PRESENT, _FRAME = 1 << 63, (1 << 55) - 1
KIB = 1024
MIB = 1024 * KIB


class Cgroup:
    """A cgroup below the one that we are in, and a process namespace of its own, as in a pod."""

    def __init__(self, limit_bytes: int | None = None) -> None:
        self._limit_bytes = limit_bytes
        self.version = 2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1
        root = Path("/sys/fs/cgroup") / ("memory" if self.version == 1 else "")
        self.path = root / f"kubectl-stress-bench-{os.getpid()}"

    def __enter__(self) -> Cgroup:
        self.path.mkdir()
        if self._limit_bytes is not None:
            name = "memory.limit_in_bytes" if self.version == 1 else "memory.max"
            (self.path / name).write_text(str(self._limit_bytes))
        # The agent wants a target, whose cgroup and namespaces it shares; one that reaps, or else
        # hundreds of zombies of ended tools are looked at each second.
        target = self._inside(["env", "--ignore-signal=CHLD", "sleep", "100000"])
        self.namespace = subprocess.Popen(
            ["unshare", "--pid", "--mount-proc", "--fork", *target],
            stderr=subprocess.DEVNULL,
        )
        while not (pids := self._all_pids()):
            time.sleep(0.01)
        (self.target_pid,) = pids
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        os.kill(self.target_pid, signal.SIGKILL)  # and with it all of its namespace
        self.namespace.wait()
        while self._all_pids():
            time.sleep(0.01)
        self.path.rmdir()

    def _inside(self, argv: list[str]) -> list[str]:
        """Have a shell move itself in, and become the tool."""
        enter = 'echo 0 > "$0" && exec "$@"'
        return ["sh", "-c", enter, str(self.path / "cgroup.procs"), *argv]

    def crowd(self, count: int) -> None:
        """Have more processes in the namespace, outside of the cgroup."""
        script = f"for i in $(seq {count}); do sleep 100000 & done"
        subprocess.run([*self._nsenter(), "sh", "-c", script], check=True)

    def _nsenter(self) -> list[str]:
        return ["nsenter", "--target", str(self.target_pid), "--pid", "--mount"]

    def _all_pids(self) -> list[int]:
        return list(map(int, (self.path / "cgroup.procs").read_text().split()))

    def usage_bytes(self) -> int:
        """All that is charged."""
        name = "memory.usage_in_bytes" if self.version == 1 else "memory.current"
        return int((self.path / name).read_text())

    def settled_bytes(self) -> int:
        """Usage once the tool before has given everything back."""
        usage, last = self.usage_bytes(), -1
        while usage != last:
            time.sleep(0.1)
            usage, last = self.usage_bytes(), usage
        return usage

    def anon_bytes(self) -> int:
        """Anonymous memory alone."""
        return self._stat("total_rss" if self.version == 1 else "anon")

    def inactive_file_bytes(self) -> int:
        """Page cache that the working set does not count."""
        return self._stat("total_inactive_file" if self.version == 1 else "inactive_file")

    def oom_kills(self) -> int:
        """How many processes the kernel has killed here."""
        return self._value(
            "memory.oom_control" if self.version == 1 else "memory.events", "oom_kill"
        )

    def _stat(self, key: str) -> int:
        return self._value("memory.stat", key)

    def _value(self, file: str, key: str) -> int:
        lines = (self.path / file).read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.split()[0] == key))

    def pids(self) -> list[int]:
        """The processes of the tool."""
        return [pid for pid in self._all_pids() if pid != self.target_pid]

    def kill(self) -> None:
        """End the tool."""
        while pids := self.pids():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    @contextmanager
    def running(self, argv: list[str], *, reads: bool = False) -> Iterator[subprocess.Popen[bytes]]:
        """Run a tool inside, and end it with all that it started."""
        process = subprocess.Popen(
            [*self._nsenter(), *self._inside(argv)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if reads else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not self.pids() and process.poll() is None:
            time.sleep(0.0002)
        try:
            yield process
        finally:
            self.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(BrokenPipeError):
                        stream.close()

    def pss_kib(self) -> int:
        """The proportional share of memory of all processes of the tool."""
        return sum(map(_pss_kib, self.pids()))

    def mapped_kib(self) -> int:
        """All pages that the tool's processes have mapped, each once.

        That is their PSS where nobody else maps the same libraries, as in a container.
        """
        frames = set[int]().union(*map(_frames, self.pids()))
        return len(frames) * resource.getpagesize() // KIB

    def cpu_seconds(self) -> float:
        """CPU time of all threads of the tool."""
        threads = [task for pid in self.pids() for task in Path(f"/proc/{pid}/task").iterdir()]
        return sum(int((task / "schedstat").read_text().split()[0]) for task in threads) / 1e9

    def cpu_percent(self, seconds: float) -> float:
        """What the tool takes of one CPU from now on."""
        used, start = self.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        return 100 * (self.cpu_seconds() - used) / (time.monotonic() - start)


def _frames(pid: int) -> set[int]:
    """The page frames of a process (the kernel's admin-guide/mm/pagemap.rst; needs root)."""
    frames = set[int]()
    page = resource.getpagesize()
    with Path(f"/proc/{pid}/pagemap").open("rb") as pagemap:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            first, last = (int(address, 16) // page for address in line.split()[0].split("-"))
            if line.endswith("[vsyscall]"):
                continue
            pagemap.seek(first * 8)
            entries = array("Q", pagemap.read((last - first) * 8))
            frames.update(entry & _FRAME for entry in entries if entry & _PRESENT)
    return frames


def _pss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
