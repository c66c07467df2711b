"""A run over several targets as docs/many-pods.md shows it: `python -m tests.bench.many_example`.

Real agents behind the scripted API server, each in a memory cgroup with its pod's limit (cgroup v1,
root). One pod has half the limit of the others, and one that is named does not exist.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.fleet import served
from tests.bench.fleet_server import FleetServer
from tests.e2e.plugin import PROGRAM

_WORDS = (
    *("mem", "web-0", "web-1", "web-2", "web-3", "web-9", "--size", "60Mi", "--duration", "20s"),
    *("--keep-going", "--yes"),
)
_SMALL, _SMALL_LIMIT = "web-2", "60Mi"


def main() -> int:
    """Print the command, what it says, and its exit code."""
    with served(4, per_node=2) as (server, kubeconfig):
        _limit(server)
        print(f"$ {shlex.join(['kubectl', 'stress', *_WORDS])}")
        done = _run(_WORDS, kubeconfig)
    print(f"$ echo $?\n{done.returncode}")
    return 0


def _limit(server: FleetServer) -> None:
    """Of each cgroup what the API server says of its pod."""
    (container,) = server.pods[_SMALL]["spec"]["containers"]
    container["resources"]["limits"]["memory"] = _SMALL_LIMIT
    for name in server.pods:
        limit_mib = 60 if name == _SMALL else 128
        folder = server.target_cgroup(name)
        (folder / "memory.limit_in_bytes").write_text(str(limit_mib << 20))


def _run(words: Sequence[str], kubeconfig: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(PROGRAM), *words, "--image=agent:bench"],
        env={**os.environ, "KUBECONFIG": str(kubeconfig), "COLUMNS": "110"},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
