"""`make screenshots`: the pictures of the README, of real runs in a real terminal and browser.

Runs `kubectl stress mem` on the demo app of the cluster `demo` in tmux, 80 and 160 columns wide,
and keeps what stands on the screen while the load is held and when it is over; then the page of the
last run, in light and in dark. Writes docs/images/*.png.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from tests.browser.chromium import Tab, chromium
from tests.cluster.cluster import Cluster
from tests.cluster.paths import APPS
from tests.demo import AGENT_IMAGE, ARCHIVE, PROGRAM

IMAGES = Path(__file__).parents[1] / "docs" / "images"
HOLD = ("--size=50Mi", "--duration=30s")
OOM = ("--size=120%", "--ramp=20s", "--yes", "--plot")
_PAGE = """<!doctype html><meta charset="utf-8"><title>terminal</title><style>
body {{ margin: 0; padding: 12px; background: #292929; color: #c5c8c6; display: inline-block }}
pre {{ margin: 0; font: 13px/1.25 "DejaVu Sans Mono", monospace }}
i {{ font: .8224em/1 "DejaVu Sans" }}</style><pre>{code}</pre>"""
# The monospaced font has none of these; the other one's, at that size, are as wide as its letters.
_BRAILLE = re.compile("[\u2800-\u28ff]+")
_CELL_PX, _LINE_PX, _MARGIN_PX = 8, 16.25, 24
_PATIENCE_S = 300


@dataclass(frozen=True)
class Terminal:
    """A terminal of tmux in which one command runs."""

    socket: Path

    def screen(self) -> str:
        """What stands on it, with its colours as escape sequences; without empty lines below."""
        return self._tmux("capture-pane", "-e", "-p", "-t", "run").rstrip()

    def wait_for(self, word: str) -> str:
        """Wait until this stands on the screen, and give the screen."""
        deadline = time.monotonic() + _PATIENCE_S
        while word not in (screen := self.screen()):
            if time.monotonic() > deadline:
                raise RuntimeError(f'no "{word}" in {_PATIENCE_S} s:\n{screen}')
            time.sleep(0.2)
        return screen

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self.socket), *words], check=True, capture_output=True, text=True
        )
        return done.stdout


@contextmanager
def terminal(
    argv: list[str], columns: int, environment: dict[str, str], *, rows: int = 48
) -> Iterator[Terminal]:
    """A terminal with this command; it stays on the screen when it has ended."""
    with tempfile.TemporaryDirectory() as folder:
        opened = Terminal(Path(folder, "tmux"))
        shown = f"{shlex.join(argv)}; printf '[exit code %s]' $?; sleep 600"
        size = ("-x", str(columns), "-y", str(rows))
        started = ["tmux", "-S", str(opened.socket), "new-session", "-d", "-s", "run", *size, shown]
        subprocess.run(started, check=True, env={**environment, "TERM": "xterm-256color"})
        try:
            yield opened
        finally:
            subprocess.run(["tmux", "-S", str(opened.socket), "kill-server"], check=True)


def picture(tab: Tab, name: str, screen: str, columns: int) -> None:
    """Draw a screen with its colours."""
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(screen), soft_wrap=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "screen.html")
        html = console.export_html(theme=SVG_EXPORT_THEME, inline_styles=True, code_format=_PAGE)
        path.write_text(_BRAILLE.sub(r"<i>\g<0></i>", html))
        tab.open(path, scheme="dark")
        width = columns * _CELL_PX + _MARGIN_PX
        height = round((screen.count("\n") + 1) * _LINE_PX) + _MARGIN_PX
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        tab.call("Emulation.setDeviceMetricsOverride", **size)
        tab.screenshot(IMAGES / f"{name}.png")


def main() -> int:
    """Make all pictures; needs the cluster's node for some three minutes."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    cluster = Cluster.up(images=[ARCHIVE])
    environment = {
        **os.environ,
        "KUBECONFIG": str(cluster.kubeconfig_path),
        "KUBECTL_STRESS_IMAGE": AGENT_IMAGE,
        "COLORTERM": "truecolor",
    }
    cluster.kubectl("apply", "-f", str(APPS / "hello.yaml"))
    cluster.kubectl("rollout", "status", "deploy/hello", "--timeout=200s")
    browser = shutil.which("chromium")
    assert browser is not None, "chromium is missing: apt-get install chromium"
    with tempfile.TemporaryDirectory() as folder, chromium(browser, Path(folder)) as tab:
        record = Path(folder, "run.jsonl")
        for columns in (80, 160):
            argv = [str(PROGRAM), "mem", "deploy/hello", *HOLD]
            with terminal(argv, columns, environment) as opened:
                opened.wait_for("hold  ")
                time.sleep(8)
                picture(tab, f"live-{columns}", opened.screen(), columns)
                opened.wait_for("[exit code")
        argv = [str(PROGRAM), "mem", "deploy/hello", *OOM, f"--record={record}"]
        with terminal(argv, 160, environment) as opened:
            picture(tab, "verdict-160", opened.wait_for("[exit code"), 160)
        html = Path(folder, "run.html")
        html.write_bytes(subprocess.check_output([PROGRAM, "report", record, "-o", "html"]))
        for scheme in ("light", "dark"):
            tab.open(html, scheme=scheme)
            tab.screenshot(IMAGES / f"page-{scheme}.png", whole=False)
    if not os.environ.get("KEEP"):
        cluster.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
