"""How exactly a CPU load is held, beside stress-ng: `python -m tests.bench.cpu [LIMIT...]`.

Both in the same kind of cgroup with a quota, one after the other, each read from the cgroup's own
file as a mean over 30 s. Ours goes through the whole client, against a scripted API server. The
cgroup is served before all others, so that what else runs on the machine does not count. Needs
root and stress-ng.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from tests.agent.own_cgroup import OwnCgroup
from tests.bench.one_pod import MIB, OnePod, one_pod

LIMITS = (250, 1000, 2000)
SHARES = (20, 50, 80, 100)
SECONDS = 30
BOUND_POINTS = 1.0
# The client, and what serves it; a row that asks for more than the rest is not run.
_RESERVED_MILLICORES = 200
_START_SECONDS = 1.0


def main() -> int:
    """Print a row for each load; 1 where ours was out of its bound."""
    limits = [int(word) for word in sys.argv[1:]] or list(LIMITS)
    free = 1000 * (os.cpu_count() or 1) - _RESERVED_MILLICORES
    print(f"{'LIMIT':>7} {'ASKED':>6} {'OURS':>8} {'OFF':>7} {'STRESS-NG':>10} {'OFF':>7}  points")
    is_kept = True
    for limit in limits:
        for share in SHARES:
            if limit * share / 100 > free:
                print(f"{limit:>6}m {share:>5}%  not run: asks for more CPUs than are free")
                continue
            ours, theirs = measured(limit, share, of_client), measured(limit, share, of_stress_ng)
            is_met = abs(ours - share) <= BOUND_POINTS
            is_kept &= is_met
            print(
                f"{limit:>6}m {share:>5}% {ours:>7.2f}% {ours - share:>+7.2f} {theirs:>9.2f}% "
                f"{theirs - share:>+7.2f}  {'met' if is_met else 'MISSED'}",
                flush=True,
            )
    is_kept &= starved()
    return 0 if is_kept else 1


def starved() -> bool:
    """The least quota and all of it: how far apart samples come, and how soon Ctrl-C releases."""
    limit = 10
    with one_pod(64 * MIB, limit) as pod, tempfile.TemporaryDirectory() as folder:
        pod.put_first()
        record = Path(folder) / "run.jsonl"
        with pod.client("cpu", "web", "--load=100%", f"--record={record}") as running:
            running.wait_for("holding ")
            time.sleep(SECONDS)
            running.send(signal.SIGINT)
            pressed = time.monotonic()
            while len(pod.cgroup.pids()) > 1:
                time.sleep(0.01)
            release_s = time.monotonic() - pressed
            running.end()
        gap_ms = longest_gap_ms(record)
    is_met = gap_ms <= 500 and release_s <= 1
    print(
        f"{limit:>6}m   100%  samples at most {gap_ms} ms apart, released {release_s:.2f} s after "
        f"Ctrl-C: {'met' if is_met else 'MISSED'}"
    )
    return is_met


def longest_gap_ms(record: Path) -> int:
    """Between two samples while the load was held, by the agent's own clock."""
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    held = [
        int(line["elapsed_ms"])
        for line in lines
        if line["type"] == "sample" and line["phase"] == "hold"
    ]
    return max(after - before for before, after in pairwise(held))


def measured(limit: int, share: int, run: Callable[[OnePod, int, int], float]) -> float:
    """What was used, in percent of the limit."""
    with one_pod(64 * MIB, limit) as pod:
        pod.put_first()
        return 100 * run(pod, limit, share) / limit


def of_client(pod: OnePod, limit: int, share: int) -> float:
    """Millicores under `kubectl stress cpu`."""
    duration = f"--duration={SECONDS + 5}s"
    with pod.client("cpu", "web", f"--load={share}%", duration) as running:
        running.wait_for("holding ")
        return mean_millicores(pod)


def of_stress_ng(pod: OnePod, limit: int, share: int) -> float:
    """Millicores under stress-ng, asked for the same as well as its options can."""
    workers = math.ceil(limit / 1000)
    percent = round(limit * share / 1000 / workers)
    words = (
        "stress-ng",
        "--quiet",
        "--cpu",
        str(workers),
        "--cpu-load",
        str(percent),
        "--cpu-method",
        "sqrt",
    )
    with inside(pod.cgroup, *words):
        return mean_millicores(pod)


def mean_millicores(pod: OnePod) -> float:
    """The mean of the cgroup's CPU use from now on, once it has come up."""
    time.sleep(_START_SECONDS)
    began, used_us = time.monotonic(), pod.used_us()
    time.sleep(SECONDS)
    return (pod.used_us() - used_us) / (time.monotonic() - began) / 1000


@contextmanager
def inside(cgroup: OwnCgroup, *words: str) -> Iterator[None]:
    """A program in the cgroup while the block goes on."""
    process = cgroup.start(*words)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
