"""How soon the client answers: `python -m tests.bench.start [RUNS] [PROGRAM]`, medians of RUNS.

Each command runs beside kubectl's own and beside the interpreter with its imports, in turn, so that
a busy moment meets all alike. The API server is a real one on loopback, without a node; the pod has
a status as a kubelet would write it. PROGRAM is the packed program, where it is measured too.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.cluster import Cluster

VENV = Path(sys.executable).parent
PLUGIN, COMPLETE = VENV / "kubectl-stress", VENV / "kubectl_complete-stress"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "hello", "namespace": "default"},
    "spec": {
        "containers": [
            {"name": "app", "image": "hello", "resources": {"limits": {"memory": "128Mi"}}}
        ],
    },
}
STATUS = {
    "phase": "Running",
    "containerStatuses": [
        {
            "name": "app",
            "ready": True,
            "restartCount": 0,
            "image": "hello",
            "imageID": "hello",
            "containerID": "containerd://1",
            "started": True,
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        }
    ],
}


@dataclass
class Row:
    """One thing that is measured; `goal` is how many times the row it is compared with."""

    name: str
    measure: Callable[[], float]
    against: str = ""
    goal: float = 0.0
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def call(*argv: object, environment: dict[str, str], codes: Sequence[int] = (0,)) -> float:
    """Seconds that a command takes; it must do what it should."""
    words = [str(word) for word in argv]
    started = time.perf_counter()
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    assert done.returncode in codes, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return seconds


def first_request(program: Path, environment: dict[str, str]) -> float:
    """Seconds until `mem` has connected to its API server, which then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        argv = [str(program), "mem", "hello", "--size", "20Mi", "--yes", "--server", url]
        started = time.perf_counter()
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(argv, env=environment, **quiet) as process:  # type: ignore[call-overload]
            server.settimeout(30)
            server.accept()[0].close()
            seconds = time.perf_counter() - started
            process.kill()
    return seconds


def rows(kubectl: str, environment: dict[str, str], packed: Path | None) -> list[Row]:
    """All rows, those that others are compared with first."""

    def run(*argv: object, codes: Sequence[int] = (0,)) -> Callable[[], float]:
        return lambda: call(*argv, environment=environment, codes=codes)

    def python(imports: str) -> Callable[[], float]:
        return run(sys.executable, "-c", imports)

    found = [
        Row("python", python("pass")),
        Row("python, click", python("import click")),
        Row(
            "python, click, http.client, ssl, json, yaml",
            python("import click, http.client, ssl, json, yaml"),
        ),
        Row("kubectl version --client", run(kubectl, "version", "--client")),
        Row("kubectl get pod hello", run(kubectl, "get", "pod", "hello")),
        Row("kubectl __complete version --o", run(kubectl, "__complete", "version", "--o")),
        Row("kubectl __complete get pod h", run(kubectl, "__complete", "get", "pod", "h")),
        Row("stress mem, first request", lambda: first_request(PLUGIN, environment)),
    ]
    check = ("check", "hello")
    programs = [("", PLUGIN, 1.3, 3.5)] + [("packed ", packed, 1.6, 4.0)] * bool(packed)
    for kind, program, help_goal, check_goal in programs:
        found += [
            Row(f"{kind}stress --help", run(program, "--help"), found[3].name, help_goal),
            Row(f"{kind}stress check hello", run(program, *check), found[4].name, check_goal),
        ]
    tab, tab_pods = ("mem", "--si"), ("mem", "h")
    found += [
        Row("stress TAB mem --si", run(COMPLETE, *tab), found[5].name, 1.5),
        Row("stress TAB mem h", run(COMPLETE, *tab_pods), found[6].name, 3.0),
    ]
    return found


def prepare(cluster: Cluster) -> None:
    """Have the pod, running as far as the API server knows."""
    # No controller makes the account where there is no node.
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    objects = json.dumps({"apiVersion": "v1", "kind": "List", "items": [account, POD]})
    deadline = time.monotonic() + 60
    while (made := cluster.kubectl("apply", "-f", "-", stdin=objects)).returncode:
        assert time.monotonic() < deadline, made.stderr  # the API server is only starting
        time.sleep(0.5)
    patch = json.dumps({"status": STATUS})
    cluster.kubectl(
        "patch", "pod", "hello", "--subresource=status", "--type=merge", f"--patch={patch}"
    ).check_returncode()


def main(words: list[str]) -> int:
    """Measure and print; needs a quiet machine."""
    runs = int(words[0]) if words else 10
    packed = Path(words[1]).absolute() if len(words) > 1 else None
    kubectl = os.environ.get("KUBECTL") or shutil.which("kubectl")
    assert kubectl is not None, "kubectl is missing: install it, or name one with KUBECTL"
    cluster = Cluster.up("bench-start", nodes=())
    try:
        prepare(cluster)
        with tempfile.TemporaryDirectory() as home:
            environment = {
                "PATH": os.environ["PATH"],
                "HOME": home,
                "KUBECONFIG": str(cluster.kubeconfig_path),
            }
            measured = rows(kubectl, environment, packed)
            for _ in range(runs + 1):  # the first fills caches, of kubectl's discovery too
                for row in measured:
                    row.seconds.append(row.measure())
    finally:
        cluster.down()
    by_name = {row.name: row for row in measured}
    print(f"medians of {runs}; {kubectl}")
    for row in measured:
        del row.seconds[0]
        print(f"{row.median * 1000:7.0f} ms  {row.name:45}{_ratio(row, by_name)}")
    return 0


def _ratio(row: Row, by_name: dict[str, Row]) -> str:
    if not row.against:
        return ""
    ratio = row.median / by_name[row.against].median
    return f"{ratio:4.1f} × {row.against} (goal {row.goal})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
