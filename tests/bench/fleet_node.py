"""Many real pods of one node at once: `python -m tests.bench.fleet_node [PODS] [--alone]`.

On an emulated node of 4 GiB, one after the other, each on a new node: as many scripts (`kubectl
debug`, wait until its container runs, one `kubectl exec`) under `xargs -P 32`, and one `mem` over
all pods, from Enter until each of them is under load. With `--alone` only the latter. A node on
which 40 pods had been took a tenth longer to run the next 40.

What a kubelet does each ten seconds for pods that are idle took more than half of an emulated CPU
with 40 of them, and so hid what either half costs: these nodes' kubelets do it more seldom.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.cluster import builds
from tests.cluster.cluster import Cluster
from tests.cluster.images import BUSYBOX
from tests.cluster.log import say
from tests.cluster.node import Node
from tests.e2e.clusters import ARCHIVE
from tests.e2e.plugin import AGENT_IMAGE, PROGRAM
from tests.e2e.pods import Pods, pod

_MEMORY_MIB = 4096
_AT_ONCE = 32
_RUNNING = "jsonpath={.status.ephemeralContainerStatuses[0].state.running.startedAt}"
_SCRIPT = f"""
kubectl debug "$1" --image={BUSYBOX} --target=app --profile=restricted -- sleep 3600
kubectl wait "pod/$1" --for={_RUNNING} --timeout=900s
kubectl exec "$1" -c app -- true
"""


@dataclass(frozen=True)
class Loaded:
    """One run: seconds until all pods were under load, and what the client took at its peak."""

    all_s: float
    first_s: float
    peak_mib: float


class FleetBench:
    """So many pods in a namespace of their own, `fleet-1` and so on."""

    def __init__(self, cluster: Cluster, count: int, name: str) -> None:
        self._pods = Pods(cluster, f"{name}-{os.getpid()}")
        self._names = [f"fleet-{number + 1}" for number in range(count)]

    def begin(self) -> None:
        """Have them run, and say how long that took."""
        began = time.monotonic()
        manifests = [pod("v2", name=name, request="8Mi", limit="32Mi") for name in self._names]
        for manifest in manifests:
            manifest["metadata"]["labels"] = {"app": "fleet"}
        self._pods.apply({"apiVersion": "v1", "kind": "List", "items": manifests})
        words = ("wait", "--for=condition=Ready", "pod", "-l", "app=fleet", "--timeout=30m")
        done = self._pods.cluster.kubectl("-n", self._pods.namespace, *words, timeout_seconds=1_800)
        assert done.returncode == 0, done.stderr
        say(f"{len(self._names)} pods run after {time.monotonic() - began:.0f} s")

    def debug_s(self) -> float:
        """The scripts, until the last of them is done."""
        path = f"{builds.kubernetes()}:{os.environ['PATH']}"
        namespace = f'kubectl() {{ command kubectl -n {self._pods.namespace} "$@"; }}'
        began = time.monotonic()
        done = subprocess.run(
            [
                "xargs",
                "-P",
                str(_AT_ONCE),
                "-n",
                "1",
                "sh",
                "-c",
                f"set -e; {namespace}{_SCRIPT}",
                "sh",
            ],
            input="\n".join(self._names),
            env={**self._environment, "PATH": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return time.monotonic() - began

    def loaded(self) -> Loaded:
        """One `mem` over all of them, which all survive."""
        words = ("mem", "-n", self._pods.namespace, "-l", "app=fleet", "--size=1Mi")
        options = ("--duration=20s", "--yes", "--timeout=15m", "-o=jsonl", "--expect=survive")
        began, held = time.monotonic(), dict[str, float]()
        with subprocess.Popen(
            [str(PROGRAM), *words, *options],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                value = json.loads(line)
                if value.get("phase") == "hold":
                    held.setdefault(value["pod"], time.monotonic() - began)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, _not_survived(value)
        assert sorted(held) == sorted(self._names)
        return Loaded(max(held.values()), min(held.values()), usage.ru_maxrss / 1024)

    @property
    def _environment(self) -> dict[str, str]:
        kubeconfig = str(self._pods.cluster.kubeconfig_path)
        return {**os.environ, "KUBECONFIG": kubeconfig, "KUBECTL_STRESS_IMAGE": AGENT_IMAGE}


def _not_survived(fleet_report: dict[str, Any]) -> str:
    """Why some are not under load at the end of the run, in the words of their verdicts."""
    return "; ".join(
        f"{one['pod']}: {one.get('error') or one['report']['verdict']['sentence']}"
        for one in fleet_report["targets"]
        if one["outcome"] != "survived"
    )


def _look_seldom(node: Node) -> None:
    """Have the kubelet look at idle pods each minute, and not at all for an eviction."""
    never = "'--eviction-hard=memory.available<0%' --local-storage-capacity-isolation=false"
    seldom = f"s/exec kubelet /&--housekeeping-interval=60s {never} /"
    node.check_run(["sed", "-i", seldom, "/node/kubelet"])
    node.check_run(["killall", "-KILL", "kubelet"])


@contextmanager
def new_pods(count: int, name: str) -> Iterator[FleetBench]:
    """So many that run, on a node that nobody else has used."""
    cluster = Cluster.up("fleet", nodes=["v2"], memory_mib=_MEMORY_MIB, images=[ARCHIVE])
    try:
        _look_seldom(cluster.node("v2"))
        bench = FleetBench(cluster, count, name)
        bench.begin()
        yield bench
    finally:
        cluster.down()


def scripts_s(count: int) -> float:
    """Seconds that the scripts take."""
    with new_pods(count, "scripts") as bench:
        took_s = bench.debug_s()
    say(f"the scripts took {took_s:.0f} s")
    return took_s


def main() -> int:
    """Print all figures."""
    arguments = [word for word in sys.argv[1:] if word != "--alone"]
    count, is_alone = int(arguments[0]) if arguments else 40, "--alone" in sys.argv
    print(f"$ {' '.join(['python', '-m', 'tests.bench.fleet_node', *sys.argv[1:]])}")
    debug_s = None if is_alone else scripts_s(count)
    with new_pods(count, "fleet") as bench:
        run = bench.loaded()
    print(
        f"{count} pods: all under load after {run.all_s:.0f} s, seen within "
        f"{run.all_s - run.first_s:.1f} s; client at most {run.peak_mib:.0f} MiB"
    )
    if debug_s is not None:
        print(
            f"{count} scripts, {_AT_ONCE} at once: {debug_s:.0f} s; {run.all_s / debug_s:.2f} × "
            "(goal 1.0 ×)"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
