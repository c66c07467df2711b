"""A headless Chromium, driven by its own protocol (https://chromedevtools.github.io)."""

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websocket import WebSocket, create_connection

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-port=0", "--hide-scrollbars",
)  # fmt: skip
_START_S = 60


class Tab:
    """One page; every call waits for its answer, and what comes meanwhile is kept in `events`."""

    def __init__(self, socket: WebSocket, session: str | None = None) -> None:
        self._socket, self._session, self._id = socket, session, 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Do `method`; raises RuntimeError with the browser's words."""
        self._id += 1
        message = {"id": self._id, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if (answer.get("id"), answer.get("sessionId")) == (self._id, self._session):
                break
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, path: Path, *, scheme: str = "light", width: int = 1100) -> None:
        """Show the page of `path` as a reader of that colour scheme sees it."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=path.as_uri())
        while self.value("document.readyState") != "complete" or not self.value("document.title"):
            time.sleep(0.02)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def point(self, x: float, y: float) -> None:
        """Move the pointer."""
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """The page as a PNG: all of it, or what fits into the window."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))


@contextmanager
def chromium(program: str, folder: Path) -> Iterator[Tab]:
    """A browser with a fresh profile in `folder`, ended at the end."""
    command = [program, *_FLAGS, f"--user-data-dir={folder}", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            socket = create_connection(_address(process, folder), suppress_origin=True, timeout=60)
            yield _tab(socket)
            socket.close()
        finally:
            process.terminate()


def _address(process: "subprocess.Popen[bytes]", folder: Path) -> str:
    """Where the browser listens, as it writes it into its profile."""
    file, deadline = folder / "DevToolsActivePort", time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        words = file.read_text().split() if file.exists() else []
        if len(words) == 2:
            return f"ws://127.0.0.1:{words[0]}{words[1]}"
        time.sleep(0.05)
    raise RuntimeError(f"chromium did not start within {_START_S} s")


def _tab(socket: WebSocket) -> Tab:
    """A tab in its own session, on the browser's one connection."""
    browser = Tab(socket)
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    return Tab(socket, session)
