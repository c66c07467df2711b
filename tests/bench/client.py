"""What the client is late by: `python -m tests.bench.client [RUNS]`.

Latency, on cgroup v2, each run on a pod of its own: from the kernel's OOM kill (the node's dmesg)
to the line "load ended (exit code 137); looking for the cause"; and from the moment at which a
plain `kubectl get -w` shows the container's end to the line that says so. What it costs is measured
by `tests.bench.cost`, without a node.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.cluster import builds
from tests.cluster.log import say
from tests.e2e.clusters import cluster_with
from tests.e2e.plugin import AGENT_IMAGE, PROGRAM
from tests.e2e.pods import Pods, pod

PENDING, CONFIRMED = "load ended (exit code 137); looking for the cause", "cause confirmed"
_END = '{.status.containerStatuses[0]..terminated.reason}{"\\n"}'
_COLUMNS, _LINES = "160", "40"


@dataclass(frozen=True)
class Bench:
    """A namespace on the cluster, and the plugin's environment."""

    pods: Pods

    @property
    def environment(self) -> dict[str, str]:
        """What the plugin needs; its stderr is a terminal of this size where it is one."""
        cluster = {"KUBECONFIG": str(self.pods.cluster.kubeconfig_path)}
        size = {"COLUMNS": _COLUMNS, "LINES": _LINES, "TERM": "xterm-256color"}
        return {**os.environ, **cluster, **size, "KUBECTL_STRESS_IMAGE": AGENT_IMAGE}

    def command(self, *options: str) -> list[str]:
        """`kubectl stress mem app` with these options."""
        return [str(PROGRAM), "mem", "app", "-n", self.pods.namespace, "--yes", *options]

    def late_ms(self) -> tuple[float, float]:
        """One kill: how late it was told, and how late its cause was, both in milliseconds."""
        self.pods.create(pod("v2"))
        memory = self.pods.memory("app")
        watch = self._watch()
        progress: dict[str, float] = {}
        command = self.command("--size=120%", "-o=name")
        with subprocess.Popen(
            command,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                for words in (PENDING, CONFIRMED):
                    if words in line:
                        progress[words] = time.time()
        killed, shown = self._kill_time(memory.container_id), watch()
        self.pods.kubectl("delete", "pod", "app", "--wait=true", "--timeout=180s")
        return 1000 * (progress[PENDING] - killed), 1000 * (progress[CONFIRMED] - shown)

    def _watch(self) -> Callable[[], float]:
        """Watch the pod with kubectl; the function gives the time at which its end was shown."""
        program = str(builds.kubernetes() / "kubectl")
        where = ("-n", self.pods.namespace)
        command = [program, *where, "get", "pod", "app", "-w", f"-o=jsonpath={_END}"]
        process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        shown: list[float] = []

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                if "OOMKilled" in line.split():
                    shown.append(time.time())
                    break

        reader = threading.Thread(target=read, daemon=True)
        reader.start()

        def end() -> float:
            reader.join(timeout=30)
            process.kill()
            process.wait()
            return shown[0]

        return end

    def _kill_time(self, container_id: str) -> float:
        """When the kernel killed in this container, by the host's clock."""
        node = self.pods.cluster.node("v2")
        pattern = rf"\[ *([0-9.]+)\] oom-kill:.*task_memcg=\S*{container_id},"
        stamp = float(re.findall(pattern, node.dmesg())[-1])
        before = time.time()
        uptime = float(node.read_file("/proc/uptime").split()[0])
        return (before + time.time()) / 2 - uptime + stamp


def _figures(name: str, values: list[float]) -> str:
    ordered = sorted(values)
    return (
        f"{name}: median {statistics.median(values):.0f} ms, "
        f"from {ordered[0]:.0f} to {ordered[-1]:.0f} ms, {len(values)} runs"
    )


def main() -> int:
    """Print all figures."""
    runs = int(sys.argv[1]) if sys.argv[1:] else 20
    print(f"$ {' '.join(['python', '-m', 'tests.bench.client', *sys.argv[1:]])}")
    with cluster_with("v2") as cluster:
        bench = Bench(Pods(cluster, f"bench-{os.getpid()}"))
        try:
            _measure(bench, runs)
        finally:
            bench.pods.remove()
    return 0


def _measure(bench: Bench, runs: int) -> None:
    late = []
    for number in range(1, runs + 1):
        late.append(bench.late_ms())
        kill_ms, cause_ms = late[-1]
        say(f"kill {number} of {runs}: its line {kill_ms:.0f} ms, its cause {cause_ms:.0f} ms late")
    print(_figures("OOM kill to its line", [kill for kill, _ in late]))
    print(_figures("status at the API to the confirmed cause", [cause for _, cause in late]))


if __name__ == "__main__":
    sys.exit(main())
