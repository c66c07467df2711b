"""What 100 targets at once take: `python -m tests.bench.fleet [TARGETS]`.

Real agents on this machine behind a scripted API server with real streams: how far apart their
loads begin, by the agents' own clock, and what the client costs, whose CPU time while holding is
what a hold of 60 s takes beyond one of 20 s. Before that, 2,000 pods are selected and planned.
"""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.fleet_server import FleetServer, fleet_of
from tests.connection.kubeconfigs import write_one
from tests.e2e.plugin import PROGRAM

_SELECTED = 2_000


@dataclass(frozen=True)
class Cost:
    """Of one run: the client's CPU time, its peak of resident memory, and the barrier's spread."""

    cpu_s: float
    peak_mib: float
    spread_ms: int


def run(server: FleetServer, kubeconfig: Path, hold_s: int) -> Cost:
    """One run over all pods, which must all survive it."""
    server.began_ms.clear()
    command = [
        *(str(PROGRAM), "mem", "-l", "app=web", "--size=1Mi", f"--duration={hold_s}s"),
        *("--yes", "--expect=survive", "-o=name", "--image=agent:bench"),
    ]
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(
            command,
            env={**os.environ, "KUBECONFIG": str(kubeconfig)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
        )
        _, status, usage = os.wait4(process.pid, 0)
        told.seek(0)
        assert status == 0, told.read().decode()[-4_000:]
    assert len(server.began_ms) == len(server.pods)
    moments = server.began_ms.values()
    return Cost(
        usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, max(moments) - min(moments)
    )


def interrupted(server: FleetServer, kubeconfig: Path) -> int:
    """Milliseconds from Ctrl-C to the last load's release."""
    server.began_ms.clear()
    server.released_ms.clear()
    words = ("mem", "-l", "app=web", "--size=1Mi", "--duration=10m", "--yes", "-q")
    process = subprocess.Popen(
        [str(PROGRAM), *words, "--image=agent:bench"],
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while len(server.began_ms) < len(server.pods):
        time.sleep(0.1)
    time.sleep(2)
    pressed_ms = time.time_ns() // 1_000_000
    process.send_signal(signal.SIGINT)
    code = process.wait(timeout=60)
    assert code == 130, code
    assert len(server.released_ms) == len(server.pods)
    return max(server.released_ms.values()) - pressed_ms


def select(kubeconfig: Path) -> tuple[float, float]:
    """Seconds and MiB of a client dry run over all pods."""
    command = [str(PROGRAM), "mem", "-l", "app=web", "--size=1Mi", "--dry-run=client"]
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, status
    return time.monotonic() - began, usage.ru_maxrss / 1024


@contextmanager
def served(count: int, per_node: int = 20) -> Iterator[tuple[FleetServer, Path]]:
    """So many pods, and the kubeconfig of their server."""
    with fleet_of(count, per_node) as (server, authority), tempfile.TemporaryDirectory() as folder:
        data = base64.b64encode(authority.certificate).decode()
        path = Path(folder) / "config"
        yield server, write_one(path, server.url, certificate_authority_data=data)


def main() -> int:
    """Print all figures."""
    count = int(sys.argv[1]) if sys.argv[1:] else 100
    print(f"$ {' '.join(['python', '-m', 'tests.bench.fleet', *sys.argv[1:]])}")
    with served(_SELECTED) as (_, kubeconfig):
        took_s, peak_mib = select(kubeconfig)
    print(f"{_SELECTED} pods: selected and planned in {took_s:.1f} s, with {peak_mib:.0f} MiB")
    with served(count) as (server, kubeconfig):
        short, long = (run(server, kubeconfig, hold_s) for hold_s in (20, 60))
        release_ms = interrupted(server, kubeconfig)
    for cost in (short, long):
        print(
            f"{count} targets: loads began within {cost.spread_ms} ms, client at most "
            f"{cost.peak_mib:.0f} MiB, {cost.cpu_s:.1f} s of CPU in all"
        )
    print(f"client CPU while holding: {100 * (long.cpu_s - short.cpu_s) / 40:.1f}% of a core")
    print(f"Ctrl-C to the last release: {release_ms} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
