"""What one pod that is sampled at 10 Hz costs the client: `python -m tests.bench.cost`.

A real agent on this machine behind a scripted API server, as in `tests.bench.fleet`: the CPU time
that a hold of 60 s takes beyond one of 10 s, with plain lines and with the live tables.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

from tests.bench.fleet import served
from tests.e2e.plugin import PROGRAM

_SHORT_S, _LONG_S = 10, 60
_TERMINAL = {"COLUMNS": "160", "LINES": "40", "TERM": "xterm-256color"}


def cpu_s(kubeconfig: Path, hold_s: int, *, live: bool) -> float:
    """The CPU time of a whole run that holds for so long."""
    words = ("mem", "web-0", "--size=8Mi", f"--duration={hold_s}s", "--yes", "-o=name")
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [str(PROGRAM), *words, "--expect=survive", "--image=agent:bench"],
        env={**os.environ, **_TERMINAL, "KUBECONFIG": str(kubeconfig)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=slave if live else subprocess.DEVNULL,
    )
    os.close(slave)
    threading.Thread(target=_drain, args=(master,), daemon=True).start()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, status
    return usage.ru_utime + usage.ru_stime


def _drain(master: int) -> None:
    """Read what a terminal would show, so that the writer never waits."""
    try:
        while os.read(master, 1 << 16):
            pass
    except OSError:
        return  # its other end is closed


def main() -> int:
    """Print both figures, and how busy the machine was."""
    print("$ python -m tests.bench.cost")
    with served(1) as (_, kubeconfig):
        for word, live in (("plain lines", False), ("the live tables", True)):
            short_s, long_s = (cpu_s(kubeconfig, hold, live=live) for hold in (_SHORT_S, _LONG_S))
            percent = 100 * (long_s - short_s) / (_LONG_S - _SHORT_S)
            print(f"client CPU for one pod at 10 Hz, {word}: {percent:.2f}% of a core", flush=True)
    print(f"load average {os.getloadavg()[0]:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
