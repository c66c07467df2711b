"""`make screenshots`: the live picture in several kinds of terminal, of a real run here.

The real client holds a level beside an app that grows and shrinks, in a cgroup with a limit, with a
real agent behind a scripted API server (root). Writes docs/images/picture-*.png.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.screenshots import picture, terminal
from tests.bench.one_pod import MIB, OnePod, one_pod
from tests.browser.chromium import chromium
from tests.e2e.plugin import PROGRAM

LIMIT = 512 * MIB
LOAD = ("--to=90%", "--duration=50s", "--image=agent:bench", "--yes")
# Columns, rows, and what the terminal calls itself.
TERMINALS = {
    "80x24": (80, 24, "tmux-256color"),
    "160x50": (160, 50, "tmux-256color"),
    "dumb": (80, 24, "dumb"),
}
_APP = Path(__file__).parents[1] / "image" / "bench" / "app.py"
_MOVES = (LIMIT // 2, LIMIT // 5) * 3
_SEEN_AFTER_S = 40


def main() -> int:
    """Make all of them, one after another: four minutes."""
    browser = shutil.which("chromium")
    assert browser is not None, "chromium is missing: apt-get install chromium"
    with tempfile.TemporaryDirectory() as folder, chromium(browser, Path(folder)) as tab:
        for name, (columns, rows, term) in TERMINALS.items():
            with one_pod(LIMIT, 2000) as pod, _moving_app(pod):
                environment = {**os.environ, "KUBECONFIG": str(pod.kubeconfig)}
                argv = ["env", f"TERM={term}", str(PROGRAM), "mem", "web", *LOAD]
                with terminal(argv, columns, environment, rows=rows) as opened:
                    threading.Event().wait(_SEEN_AFTER_S)
                    picture(tab, f"picture-{name}", opened.screen(), columns)
                    opened.wait_for("[exit code")
    return 0


@contextmanager
def _moving_app(pod: OnePod) -> Iterator[None]:
    """An app that grows and shrinks by some, over and over."""
    pipe = subprocess.PIPE
    with pod.cgroup.start(sys.executable, str(_APP), stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None
        orders = [f"memory {LIMIT // 5} {LIMIT}", *(f"memory {size} {10 * MIB}" for size in _MOVES)]
        process.stdin.write("".join(f"{order}\n" for order in orders).encode())
        process.stdin.flush()
        try:
            yield
        finally:
            process.kill()


if __name__ == "__main__":
    sys.exit(main())
