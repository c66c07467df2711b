"""A cgroup in the bare machine, with a process that stands for the target, and agents inside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.agent.guest import Guest

KIB = 1024
MIB = 1024 * KIB


@dataclass
class Container:
    """What a container is to the kernel: a cgroup with a limit, and a first process."""

    guest: Guest
    name: str
    target_pid: int = 0
    _runs: list[Run] = field(default_factory=list)

    @property
    def memory(self) -> str:
        """The directory of the memory controller."""
        v1 = self.guest.cgroup_version == 1
        return f"/sys/fs/cgroup/{'memory/' if v1 else ''}{self.name}"

    def create(self, limit_bytes: int | None = None) -> None:
        limit = "memory.limit_in_bytes" if self.guest.cgroup_version == 1 else "memory.max"
        self.guest.run(f"mkdir {' '.join(self._directories())}")
        if limit_bytes is not None:
            self.guest.run(f"echo {limit_bytes} > {self.memory}/{limit}")
        self.target_pid = int(
            self.guest.run(f"({self.enter()}; exec sleep 100000) > /dev/null 2>&1 & echo $!")
        )
        time.sleep(0.2)

    def enter(self) -> str:
        """The shell commands that move the shell itself into the cgroup."""
        return "; ".join(f"echo 0 > {path}/cgroup.procs" for path in self._directories())

    def run(self, arguments: str, *, before: str = ":", command: str = "/agent") -> Run:
        """Start `agent ARGUMENTS` in the cgroup, with a stdin that stays open.

        What stands in `before` is done by the very process that becomes the agent.
        """
        number = len(self._runs)
        run = Run(self, f"/tmp/{self.name}.{number}")
        # The client that holds stdin and reads lives outside, as it does in the cluster.
        script = (
            f"mkfifo {run.path}.in {run.path}.pipe\n"
            f"sleep 100000 > {run.path}.in & echo $! > {run.path}.client\n"
            f"cat {run.path}.pipe > {run.path}.out &\n"
            f"({self.enter()}; {before}; exec {command} {arguments} --target-pid {self.target_pid}"
            f" < {run.path}.in > {run.path}.pipe 2> {run.path}.err;) > /dev/null 2>&1 &\n"
            f"echo $!"
        )
        run.pid = int(self.guest.run(script))
        self._runs.append(run)
        return run

    def stat(self, key: str) -> int:
        """One value of memory.stat, after the kernel has had time to add it up."""
        text = self.guest.run(f"cat {self.memory}/memory.stat")
        return int(next(line.split()[1] for line in text.splitlines() if line.split()[0] == key))

    @property
    def anon_bytes(self) -> int:
        return self.stat("total_rss" if self.guest.cgroup_version == 1 else "anon")

    @property
    def load_bytes(self) -> int:
        """All that a load of kind anon or shm can hold."""
        return self.anon_bytes + self.stat(
            "total_shmem" if self.guest.cgroup_version == 1 else "shmem"
        )

    @property
    def kernel_bytes(self) -> int:
        if self.guest.cgroup_version == 1:
            return self.number("memory.kmem.usage_in_bytes")
        return self.stat("kernel")

    @property
    def usage_bytes(self) -> int:
        v1 = self.guest.cgroup_version == 1
        return self.number("memory.usage_in_bytes" if v1 else "memory.current")

    def settled(self, read: Callable[[], int]) -> int:
        """Read until the value stands still: the kernel adds memory.stat up every two seconds."""
        value = read()
        for _ in range(5):
            time.sleep(2.5)
            last, value = value, read()
            if value == last:
                break
        return value

    def pids(self) -> list[int]:
        return [int(pid) for pid in self.guest.run(f"cat {self.memory}/cgroup.procs").split()]

    def number(self, file: str) -> int:
        return int(self.guest.run(f"cat {self.memory}/{file}"))

    def remove(self) -> None:
        """Kill everything inside and outside that belongs to it."""
        clients = " ".join(f"{run.path}.client" for run in self._runs)
        self.guest.run(
            f"kill -9 $(cat {self.memory}/cgroup.procs {clients}) 2> /dev/null; sleep 0.3\n"
            f"rmdir {' '.join(self._directories())}; rm -f /tmp/{self.name}.*"
        )

    def _directories(self) -> list[str]:
        if self.guest.cgroup_version == 2:
            return [f"/sys/fs/cgroup/{self.name}"]
        return [f"/sys/fs/cgroup/{part}/{self.name}" for part in ("memory", "cpu", "pids")]


@dataclass
class Run:
    """One agent in the container."""

    container: Container
    path: str
    pid: int = 0

    def send(self, text: str) -> None:
        self.container.guest.run(f"printf '{text}' > {self.path}.in")

    def lines(self) -> list[dict[str, Any]]:
        code, text = self.container.guest.attempt(f"cat {self.path}.out")
        if code:
            return []  # not there yet, or struck by a request under strict overcommit
        whole, _, _ = text.rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["type"] == kind]

    def held_bytes(self) -> int:
        """What the last sample says is held; read from the end, since a long run says much."""
        last = self._output(f"tail -n 40 {self.path}.out | grep '\"sample\"' | tail -n 1")
        held: int = json.loads(last[0])["load"]["held_bytes"]
        return held

    def wait_for(
        self, fact: Callable[[list[dict[str, Any]]], bool], *, timeout_seconds: float = 300.0
    ) -> list[dict[str, Any]]:
        deadline = time.monotonic() + timeout_seconds
        while True:
            lines = self.lines()
            if lines and fact(lines):
                return lines
            assert time.monotonic() < deadline, lines[-3:]
            time.sleep(0.2)

    def wait_for_phase(self, phase: str, *, timeout_seconds: float = 300.0) -> None:
        def reached(lines: list[dict[str, Any]]) -> bool:
            bye = [line for line in lines if line["type"] in ("bye", "error")]
            assert not bye, bye
            return any(line["type"] == "phase" and line["phase"] == phase for line in lines)

        self.wait_for(reached, timeout_seconds=timeout_seconds)

    def wait_for_end(self, *, timeout_seconds: float = 300.0) -> dict[str, Any]:
        lines = self.wait_for(
            lambda lines: bool(lines) and lines[-1]["type"] == "bye",
            timeout_seconds=timeout_seconds,
        )
        return lines[-1]

    def tree(self) -> list[int]:
        """The supervisor and its workers."""
        children = f"/proc/{self.pid}/task/{self.pid}/children"
        return [self.pid, *map(int, self.container.guest.run(f"cat {children}").split())]

    def pss_bytes(self) -> int:
        """The proportional share of memory of the whole tree."""
        files = " ".join(f"/proc/{pid}/smaps_rollup" for pid in self.tree())
        text = self.container.guest.run(f"grep ^Pss: {files} | tr -s ' ' | cut -d' ' -f2")
        return sum(map(int, text.split())) * KIB

    def cpu_seconds(self, pids: Sequence[int] = ()) -> float:
        """CPU time of these processes, or of the supervisor and its workers."""
        files = " ".join(f"/proc/{pid}/schedstat" for pid in pids or self.tree())
        return sum(int(line.split()[0]) for line in self._output(f"cat {files}")) / 1e9

    def turns(self) -> tuple[int, int]:
        """How often the supervisor has gone to sleep, and how many samples it has written."""
        sleeps, samples = self._output(
            f"grep ^voluntary_ctxt_switches: /proc/{self.pid}/status | tr -dc '0-9\\n'\n"
            f"grep -c '\"sample\"' {self.path}.out"
        )
        return int(sleeps), int(samples)

    def huge_bytes(self) -> int:
        """What the first worker has in huge pages."""
        rollup = f"/proc/{self.tree()[1]}/smaps_rollup"
        return int(self._output(f"grep ^AnonHugePages: {rollup}")[0].split()[1]) * KIB

    def compressed_bytes(self, size_bytes: int) -> int:
        """How small the content of the first worker's load becomes."""
        worker = self.tree()[1]
        for line in self._output(f"cat /proc/{worker}/maps"):
            start, end = (int(address, 16) for address in line.split()[0].split("-"))
            if end - start == size_bytes:
                pages = f"bs=4096 skip={start // 4096} count={size_bytes // 4096}"
                return int(self._output(f"dd if=/proc/{worker}/mem {pages} | gzip | wc -c")[-1])
        raise AssertionError(f"no mapping of {size_bytes} bytes")

    def _output(self, command: str) -> list[str]:
        return self.container.guest.run(f"{{\n{command}\n}} 2> /dev/null").splitlines()
