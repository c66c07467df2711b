"""`make demo`: a real kubelet's pod brought to its memory limit, from nothing.

Brings the cluster up, deploys the demo app, runs `kubectl stress mem` on it twice, and ends with
what kubectl and the node itself say of the same container. KEEP=1 leaves the cluster up. With
KUBECONFIG=… a cluster that is there is used, to which the images of the demo are known.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.cluster import builds
from tests.cluster.cluster import Cluster
from tests.cluster.errors import ClusterError
from tests.cluster.paths import APPS

ARCHIVE = Path(__file__).parents[1] / "image" / "build" / "agent.tar"
AGENT_IMAGE = "kubectl-stress.local/agent:dev"
PROGRAM = Path(sys.executable).with_name("kubectl-stress")


def main() -> int:
    """Run the demo; exit code 0 only if both runs ended as expected."""
    started = time.monotonic()
    given = os.environ.get("KUBECONFIG")
    try:
        cluster = None if given else Cluster.up(images=[ARCHIVE])
        kubeconfig = given or str(Cluster.get().kubeconfig_path)
        try:
            return _show(kubeconfig, cluster)
        finally:
            _take_down(cluster, started)
    except (ClusterError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _show(kubeconfig: str, cluster: Cluster | None) -> int:
    environment = {"KUBECONFIG": kubeconfig, "KUBECTL_STRESS_IMAGE": AGENT_IMAGE}
    environment = {**os.environ, "KUBECTL_STRESS_IMAGE": AGENT_IMAGE} | environment
    _call(environment, "kubectl", "apply", "-f", str(APPS / "hello.yaml"))
    _call(environment, "kubectl", "rollout", "status", "deploy/hello", "--timeout=120s")
    size = ("--size", "50Mi", "--duration", "20s", "--expect", "survive", "--yes")
    first = _stress(environment, *size)
    second = _stress(environment, "--size", "120%", "--expect", "oom", "--yes")
    _say_the_end(second, _pod(environment), cluster)
    return 0 if first and second else 1


def _call(environment: dict[str, str], *argv: str) -> None:
    """Show a command and run it."""
    print(f"\n$ {shlex.join(argv)}", flush=True)
    program = str(builds.kubernetes() / "kubectl") if argv[0] == "kubectl" else argv[0]
    subprocess.run([program, *argv[1:]], env=environment, check=True)


def _stress(environment: dict[str, str], *options: str) -> dict[str, Any] | None:
    """Run `kubectl stress mem`; its recorded report, or None where it was not as expected."""
    print(f"\n$ kubectl stress mem deploy/hello {shlex.join(options)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "record.jsonl")
        argv: list[str | Path] = [PROGRAM, "mem", "deploy/hello", *options, "--record", record]
        done = subprocess.run(argv, env=environment)
        if done.returncode != 0:
            print(f"error: exit code {done.returncode}", file=sys.stderr)
            return None
        report: dict[str, Any] = json.loads(record.read_text().splitlines()[-1])
        return report


def _pod(environment: dict[str, str]) -> dict[str, Any]:
    argv: list[str | Path] = [
        builds.kubernetes() / "kubectl",
        "get",
        "pod",
        "-l",
        "app=hello",
        "-o",
        "json",
    ]
    done = subprocess.run(argv, env=environment, check=True, stdout=subprocess.PIPE)
    pod: dict[str, Any] = json.loads(done.stdout)["items"][0]
    return pod


def _say_the_end(
    report: dict[str, Any] | None, pod: dict[str, Any], cluster: Cluster | None
) -> None:
    status = pod["status"]["containerStatuses"][0]
    last = status.get("lastState", {}).get("terminated", {})
    print("\nThe same, as others see it:")
    if report is not None:
        print(f"  verdict       {report['verdict']['outcome']}")
    print(f"  container ID  {status['containerID']}")
    print(f"                before: {last.get('containerID', 'none')}")
    if cluster is not None:
        print(f"  node          {_node_events(cluster, pod)}")
    ended = f"{last.get('reason')}, exit code {last.get('exitCode')}, {last.get('finishedAt')}"
    print(f"  restarts      {status['restartCount']} (kubectl: last state {ended})", flush=True)


def _node_events(cluster: Cluster, pod: dict[str, Any]) -> str:
    """The OOM counters of the pod's cgroup: those of the killed container are gone with it."""
    folder = f"kubepods/{pod['status']['qosClass'].lower()}/pod{pod['metadata']['uid']}"
    node = cluster.node(pod["spec"]["nodeName"])
    lines = node.read_file(f"/sys/fs/cgroup/{folder}/memory.events").splitlines()
    progress = [line for line in lines if line.startswith("oom")]
    return f"{node.name}, {folder}/memory.events: {', '.join(progress)}"


def _take_down(cluster: Cluster | None, started: float) -> None:
    if cluster is not None and not os.environ.get("KEEP"):
        cluster.down()
    elif cluster is not None:
        print(f"\nThe cluster is still up: export KUBECONFIG={cluster.kubeconfig_path}")
    print(f"\ndemo: {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
