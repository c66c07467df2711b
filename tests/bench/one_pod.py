"""One pod `web` whose container is a cgroup of this machine, behind a scripted API server.

The client is the real one, in a process of its own, and so are the agent, the cgroup, its memory
limit and its CPU quota (root, cgroup v1 or v2).
"""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.agent.own_cgroup import OwnCgroup, own_cgroup
from tests.bench.fleet_server import FleetServer
from tests.builders.pods import pod
from tests.connection.certificates import Authority, Pem
from tests.connection.kubeconfigs import write_one
from tests.e2e.plugin import PROGRAM, Running

MIB = 1 << 20
_CPU = Path("/sys/fs/cgroup/cpu")
# The most that there are: what else runs on the machine gives way.
_SHARES, _WEIGHT = "262144", "10000"


class OnePodServer(FleetServer):
    """As a fleet, of one pod that somebody else has made."""

    def __init__(
        self, server: Pem, authority: Authority, cgroup: OwnCgroup, limits: dict[str, str]
    ) -> None:
        super().__init__(server, authority, count=0)
        built = pod("web").container("app").dict
        built["spec"]["containers"][0]["resources"] = {"limits": limits}
        self.pods = {"web": built}
        self._own = cgroup

    def _target_pid(self, name: str) -> int:  # noqa: ARG002 - there is but one
        return self._own.target_pid

    def _inside(self, name: str, command: Sequence[str]) -> list[str]:  # noqa: ARG002
        paths = " ".join(str(path) for path in (self._own.path, *self._own.cpu_paths))
        script = f'for path in {paths}; do echo 0 > $path/cgroup.procs; done; exec "$0" "$@"'
        return ["sh", "-c", script, *command]


@dataclass(frozen=True)
class OnePod:
    """The cgroup, and the way to start the client on it."""

    cgroup: OwnCgroup
    kubeconfig: Path

    @contextmanager
    def client(self, *words: str) -> Iterator[Running]:
        """`kubectl stress WORDS` while the block goes on."""
        with subprocess.Popen(
            [str(PROGRAM), *words, "--image=agent:bench", "--yes", "-o=json"],
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A bench that was started in the background ignores it, and hands that on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        ) as process:
            running = Running(process)
            try:
                yield running
            finally:
                if process.poll() is None:
                    process.kill()
                running.end()

    def used_us(self) -> int:
        """CPU time of the cgroup since it was made."""
        if self.cgroup.version == 2:
            words = (self.cgroup.path / "cpu.stat").read_text().split()
            return int(words[words.index("usage_usec") + 1])
        path = next(path for path in self.cgroup.cpu_paths if (path / "cpuacct.usage").exists())
        return int((path / "cpuacct.usage").read_text()) // 1000

    def oom_kills(self) -> int:
        """How many processes the kernel has killed for the memory limit."""
        file = "memory.events" if self.cgroup.version == 2 else "memory.oom_control"
        words = (self.cgroup.path / file).read_text().split()
        return int(words[words.index("oom_kill") + 1])

    def put_first(self) -> None:
        """Have the kernel serve the cgroup before all others, as far as its quota goes."""
        if self.cgroup.version == 2:
            with suppress(FileNotFoundError):  # the controller is not enabled
                (self.cgroup.path / "cpu.weight").write_text(_WEIGHT)
        else:
            (_CPU / self.cgroup.path.name / "cpu.shares").write_text(_SHARES)


@contextmanager
def one_pod(limit_bytes: int, millicores: int) -> Iterator[OnePod]:
    """The pod with these limits; all that was started for it ends with the block."""
    limits = {"memory": str(limit_bytes), "cpu": f"{millicores}m"}
    authority = Authority("bench authority")
    pem = authority.issue("api server", "127.0.0.1", "localhost")
    with own_cgroup(limit_bytes, millicores) as cgroup, tempfile.TemporaryDirectory() as folder:
        server = OnePodServer(pem, authority, cgroup, limits)
        try:
            data = base64.b64encode(authority.certificate).decode()
            path = write_one(Path(folder) / "config", server.url, certificate_authority_data=data)
            yield OnePod(cgroup, path)
        finally:
            server.close()
