"""A registry on the host's loopback, 10.0.2.2 for the nodes: open, or behind a password."""

from __future__ import annotations

import base64
import subprocess
import tarfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.cluster import builds
from tests.cluster.machine import HOST_SEEN_BY_GUEST
from tests.cluster.state import free_ports

USER, PASSWORD = "puller", "open sesame"


@contextmanager
def registry(archive: Path, folder: Path) -> Iterator[int]:
    """Serve the archive's image as `agent:dev`; gives the port."""
    crane = str(builds.tools() / "crane")
    (port,) = free_ports(1)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    argv = [crane, "registry", "serve", f"--address=127.0.0.1:{port}"]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_until_served(port)
            push = [crane, "push", "--index", str(folder), f"127.0.0.1:{port}/agent:dev"]
            subprocess.run(push, check=True, capture_output=True)
            yield port
        finally:
            server.kill()


def _wait_until_served(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=5).close()
        except OSError:
            assert time.monotonic() < deadline, "the registry does not answer"
            time.sleep(0.2)
        else:
            return


@contextmanager
def behind_a_password(open_port: int) -> Iterator[int]:
    """The same registry for whoever knows USER and PASSWORD; gives the port."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def _answer(self) -> None:
            known = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            if self.headers.get("Authorization") != f"Basic {known}":
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="agents"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._pass_on()

        def _pass_on(self) -> None:
            url = f"http://127.0.0.1:{open_port}{self.path}"
            accept = {"Accept": ", ".join(self.headers.get_all("Accept") or ["*/*"])}
            request = urllib.request.Request(url, headers=accept, method=self.command)
            try:
                response = urllib.request.urlopen(request, timeout=30)
            except urllib.error.HTTPError as error:
                response = error
            with response:
                body = response.read()
                self.send_response(response.status or 500)
                for name in ("Content-Type", "Docker-Content-Digest", "Content-Length"):
                    if response.headers.get(name):
                        self.send_header(name, response.headers[name])
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing: the tests' output is for the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def image(port: int, tag: str = "dev") -> str:
    """The agent's image as a node names it."""
    return f"{HOST_SEEN_BY_GUEST}:{port}/agent:{tag}"
