"""A pod whose container is a cgroup of this machine: the kernel and the agent are real.

What is played is the API server, and the kubelet: it asks the app ten times a second whether it is
ready.
"""
# ruff: noqa: ARG002 - the arguments are those of the real methods

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kubectl_stress.kube.exec.stream import ExecStream
from tests.agent.own_cgroup import OwnCgroup, own_cgroup
from tests.agent.process_stream import ProcessStream
from tests.builders.pods import MIB, pod
from tests.fakes.cluster import FakeCluster
from tests.fakes.stream import FakeStream

LIMIT = 128 * MIB
# Before a search begins, an app may take its time to start and be filled.
_PATIENCE_SECONDS = 120
# Beside what it holds, it takes a MiB and gives it back, ten times a second.
_HOLDS = """
import sys, time
held = bytearray(b"x") * (int(sys.argv[1]) << 20)
while True:
    work = bytearray(b"x") * (int(sys.argv[2]) << 20)
    time.sleep(0.05 if work else 100_000)
    del work
    time.sleep(0.05)
"""


# Uses so many milliseconds of CPU time in each tenth of a second.
_WORKS = """
import sys, time
while True:
    due, done = time.monotonic() + 0.1, time.process_time() + int(sys.argv[1]) / 1_000
    while time.process_time() < done:
        pass
    time.sleep(max(0, due - time.monotonic()))
"""


class LocalPod(FakeCluster):
    """One pod `web`; `is_ready` is asked about the cgroup's anonymous memory."""

    def __init__(
        self,
        binary: Path,
        cgroup: OwnCgroup,
        is_ready: Callable[[int], bool],
        millicores: int | None = None,
    ) -> None:
        self._web = pod("web").container("app", limit="128Mi", request="16Mi")
        if millicores is not None:
            resources = self._web.dict["spec"]["containers"][0]["resources"]
            resources["limits"] |= {"cpu": f"{millicores}m"}
        super().__init__(self._web.dict)
        self.cgroup, self._binary, self._is_ready = cgroup, binary, is_ready
        self._stop = threading.Event()

    def anon_bytes(self) -> int:
        return self.cgroup.stat("total_rss" if self.cgroup.version == 1 else "anon")

    def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool = True,
    ) -> ExecStream:
        words = list(command[1:])
        for option in ("--target-pid", "--target-container", "--holder-pid"):
            if option in words:
                del words[words.index(option) : words.index(option) + 2]
        words += ["--target-pid", str(self.cgroup.target_pid)]
        pipe = subprocess.PIPE
        if "run" in words:
            run = self.cgroup.start(str(self._binary), *words, stdin=pipe, stdout=pipe)
            return ProcessStream(run)
        read = subprocess.run(
            [self._binary, *words], stdin=subprocess.DEVNULL, stdout=pipe, check=True
        )
        # What reads here stands for a holder, which has a place in the target's PID namespace.
        return (
            FakeStream().says(read.stdout.replace(b'"holder_pid":null', b'"holder_pid":23')).ends(0)
        )

    @contextmanager
    def kubelet(self) -> Iterator[None]:
        """Look at the app until the block ends."""
        thread = threading.Thread(target=self._probe, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(timeout=10)

    def _probe(self) -> None:
        was_ready = True
        self.wait_until_watched(_PATIENCE_SECONDS)
        while not self._stop.wait(0.1):
            is_ready = self._is_ready(self.anon_bytes())
            if is_ready != was_ready:
                if not is_ready:
                    self.show_event("Unhealthy", "Readiness probe failed: too little is left")
                self.change_pod(self._web.with_container_status(ready=is_ready).dict)
                was_ready = is_ready


@contextmanager
def local_pod(
    binary: Path,
    is_ready: Callable[[int], bool] = lambda _anon: True,
    *,
    held_mib: int = 8,
    busy_mib: int = 0,
) -> Iterator[LocalPod]:
    """A pod whose app holds so much, and takes `busy_mib` again and again."""
    with own_cgroup(LIMIT) as cgroup:
        made = LocalPod(binary, cgroup, is_ready)
        with cgroup.start(sys.executable, "-c", _HOLDS, str(held_mib), str(busy_mib)):
            try:
                while made.anon_bytes() < held_mib * MIB:
                    threading.Event().wait(0.05)
                with made.kubelet():
                    yield made
            finally:
                cgroup.end_all()


@contextmanager
def local_cpu_pod(
    binary: Path, millicores: int, used: int, is_ready: Callable[[OwnCgroup], bool]
) -> Iterator[LocalPod]:
    """A pod with this CPU limit whose app uses `used`; `is_ready` is asked about its cgroup."""
    with own_cgroup(LIMIT, millicores) as cgroup:
        made = LocalPod(binary, cgroup, lambda _anon: is_ready(cgroup), millicores)
        with cgroup.start(sys.executable, "-c", _WORKS, str(used // 10)):
            try:
                with made.kubelet():
                    yield made
            finally:
                cgroup.end_all()
