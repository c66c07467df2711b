"""How long a load takes to stand: `python -m tests.bench.start_load [RUNS]`.

Side by side on one node, with medians: `kubectl debug` until its container runs and one
`kubectl exec … true` after it; and `mem --size 1Mi` until "holding", with a new holder and with a
reused one, from Enter (the start of the process) and from the client's first connection.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.client import Bench
from tests.cluster.images import BUSYBOX
from tests.cluster.log import say
from tests.e2e.clusters import cluster_with
from tests.e2e.pods import Pods, pod

# The plugin, with the time of its first connection written to a file.
_PLUGIN = """
import os, socket, sys, time
connect = socket.socket.connect
def first_connect(*arguments):
    if not os.path.exists(os.environ["FIRST_CONNECTION"]):
        with open(os.environ["FIRST_CONNECTION"], "w") as file:
            file.write(repr(time.time()))
    return connect(*arguments)
socket.socket.connect = first_connect
from kubectl_stress.cli.main import run_command_line
sys.exit(run_command_line(sys.argv[1:]))
"""


class StartBench(Bench):
    """One pod after another, named `app`."""

    def timed(self, act: Callable[[], object]) -> float:
        """Seconds that it takes."""
        started = time.monotonic()
        act()
        return time.monotonic() - started

    def debug_s(self) -> float:
        """`kubectl debug` until its container runs; the first ephemeral one of its pod."""
        running = "jsonpath={.status.ephemeralContainerStatuses[0].state.running.startedAt}"
        debug = ("debug", "app", f"--image={BUSYBOX}", "--target=app", "--profile=restricted")

        def act() -> None:
            self.pods.kubectl(*debug, "--", "sleep", "600")
            self.pods.kubectl("wait", "pod/app", f"--for={running}", "--timeout=120s")

        return self.timed(act)

    def exec_s(self) -> float:
        """One `kubectl exec … true`."""
        return self.timed(lambda: self.pods.kubectl("exec", "app", "-c", "app", "--", "true"))

    def start_s(self) -> tuple[float, float]:
        """From Enter, and from the first connection, to the line "holding"."""
        with tempfile.TemporaryDirectory() as folder:
            first = Path(folder) / "first"
            words = self.command("--size=1Mi", "--duration=1s", "-o=name")[1:]
            environment = {**self.environment, "FIRST_CONNECTION": str(first)}
            began = time.time()
            with subprocess.Popen(
                [sys.executable, "-c", _PLUGIN, *words],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            ) as process:
                assert process.stderr is not None
                lines = []
                for line in process.stderr:
                    lines.append(line)
                    if "holding " in line:
                        held = time.time()
                        break
                else:
                    raise AssertionError("".join(lines))
                process.communicate()
            return held - began, held - float(first.read_text())


def main() -> int:
    """Print all medians, and how they stand to each other."""
    runs = int(sys.argv[1]) if sys.argv[1:] else 7
    print(f"$ {' '.join(['python', '-m', 'tests.bench.start_load', *sys.argv[1:]])}")
    with cluster_with("v2") as cluster:
        bench = StartBench(Pods(cluster, f"start-{os.getpid()}"))
        try:
            _print(*_measured(bench, runs))
        finally:
            bench.pods.remove()
    return 0


Starts = list[tuple[float, float]]


def _measured(bench: StartBench, runs: int) -> tuple[list[float], list[float], Starts, Starts]:
    debug, execs, new, reused = list[float](), list[float](), Starts(), Starts()
    for number in range(1, runs + 1):
        bench.pods.create(pod("v2"))
        debug.append(bench.debug_s())
        execs.append(bench.exec_s())
        new.append(bench.start_s())
        reused.append(bench.start_s())
        bench.pods.kubectl("delete", "pod", "app", "--wait=true", "--timeout=180s")
        say(f"{number} of {runs}: new {new[-1][0]:.1f} s, reused {reused[-1][0]:.1f} s")
    return debug, execs, new, reused


def _print(debug: list[float], execs: list[float], new: Starts, reused: Starts) -> None:
    one_exec = statistics.median(execs)
    both = statistics.median(debug) + one_exec
    print(
        f"kubectl debug to Running, and one kubectl exec: {both:.2f} s, the exec {one_exec:.2f} s"
    )
    for name, found, beside, goals in (
        ("new holder", new, both, (1.2, 1.1)),
        ("reused holder", reused, one_exec, (1.6, 1.3)),
    ):
        for start, seconds, goal in zip(
            ("Enter", "the first connection"), zip(*found, strict=True), goals, strict=True
        ):
            median = statistics.median(seconds)
            print(f"{name}, from {start}: {median:.2f} s, {median / beside:.2f} × (goal {goal} ×)")


if __name__ == "__main__":
    sys.exit(main())
