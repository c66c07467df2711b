"""An API server of many pods whose execs start real agents on this machine.

Each pod is a process that sleeps in a memory cgroup of its own (root, cgroup v1 or v2), into which
its agents are put as a container runtime does. What an agent says and hears goes through a
WebSocket, as from a kubelet.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kubectl_stress.agent.hold_command import hold_arguments
from tests.builders.pods import pod
from tests.connection.certificates import Authority, Pem
from tests.connection.fake_api_server import Answer, FakeApiServer, Handler, Reply, Seen, status
from tests.connection.frames import CLOSE, close_frame

AGENT = Path(__file__).parents[2] / "image" / "build" / "linux-amd64" / "agent"
NAMESPACE = "default"
_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_STDIN, _STDOUT, _STATUS, _CLOSED = 0, 1, 3, 255
_MAY_DO_ALL = {
    "allowed": True,
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "userInfo": {"username": "bench"},
}
_SUCCESS = {"metadata": {}, "status": "Success"}


class FleetHandler(Handler):
    """Routes by the query too: a list and a watch have the same path."""

    def do_any(self) -> None:
        self.seen = self._read_request()
        fleet = self.server.fake
        assert isinstance(fleet, FleetServer)
        reply = fleet.route(self.seen)
        if isinstance(reply, Answer):
            self._answer(reply)
        else:
            self.close_connection = True
            reply(self)

    do_GET = do_POST = do_PATCH = do_any  # noqa: N815


class FleetServer(FakeApiServer):
    """Pods `web-0` and on, `per_node` of them on a node.

    `began_ms` is when each agent took its `go` and read for the last time before it allocates,
    `released_ms` when it began to give its memory back.
    """

    def __init__(self, server: Pem, authority: Authority, count: int, per_node: int = 20) -> None:
        super().__init__(server, authority)
        self._http.RequestHandlerClass = FleetHandler
        self._lock = threading.Lock()
        self.began_ms: dict[str, int] = {}
        self.released_ms: dict[str, int] = {}
        self._targets: dict[str, subprocess.Popen[bytes]] = {}
        self._cgroup = _memory_root() / f"kubectl-stress-bench-{os.getpid()}"
        self._cgroup.mkdir()
        words = [str(AGENT), *hold_arguments(86_400_000), "--target-pid", str(os.getpid())]
        self._holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.pods = {
            f"web-{n}": pod(f"web-{n}")
            .container("app", limit="128Mi")
            .with_spec(nodeName=f"node-{n // per_node}")
            .dict
            for n in range(count)
        }

    def close(self) -> None:
        super().close()
        for process in (*self._targets.values(), self._holder):
            process.kill()
            process.wait()
        for folder in (*(self._cgroup / name for name in self._targets), self._cgroup):
            folder.rmdir()

    def route(self, seen: Seen) -> Reply:
        """The reply to any request."""
        query = dict(seen.query)
        if query.get("watch"):
            return self._watch
        if seen.method == "POST":
            return _json({"status": _MAY_DO_ALL}, 201)
        if seen.path == _PODS:
            return _json(_page(list(self.pods.values()), query))
        if seen.path.startswith(f"{_PODS}/"):
            name, _, subresource = seen.path.removeprefix(f"{_PODS}/").partition("/")
            return self._pod(name, subresource, seen, query)
        return _json(_list([]))

    def _pod(self, name: str, subresource: str, seen: Seen, query: dict[str, str]) -> Reply:
        if name not in self.pods:
            return status(404, reason="NotFound", message=f'pods "{name}" not found')
        if subresource == "exec":
            return lambda connection: self._exec(connection, name)
        if subresource == "attach":
            return status(403, reason="Forbidden", message="attach is not played here")
        if subresource == "ephemeralcontainers" and "dryRun" not in query:
            self._add(name, json.loads(seen.body))
        return _json(self.pods[name])

    def _add(self, name: str, patch: dict[str, Any]) -> None:
        """As a kubelet that starts it at once."""
        with self._lock:
            found = self.pods[name]
            for entry in patch["spec"]["ephemeralContainers"]:
                found["spec"].setdefault("ephemeralContainers", []).append(entry)
                state = {"name": entry["name"], "state": {"running": {}}}
                found["status"].setdefault("ephemeralContainerStatuses", []).append(state)

    def _watch(self, connection: Handler) -> None:
        """Nothing changes."""
        connection.start_chunks()
        self.over.wait()

    def _exec(self, connection: Handler, name: str) -> None:
        connection.upgrade("v5.channel.k8s.io")
        words = [value for key, value in connection.seen.query if key == "command"]
        command = [str(AGENT), *words[1:], "--target-pid", str(self._target_pid(name))]
        with subprocess.Popen(
            self._inside(name, command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        ) as agent:
            reader = threading.Thread(target=self._say, args=(connection, agent, name))
            reader.start()
            _hear(connection, agent)
            reader.join()

    def _target_pid(self, name: str) -> int:
        with self._lock:
            if name not in self._targets:
                (self._cgroup / name).mkdir()
                self._targets[name] = subprocess.Popen(self._inside(name, ["sleep", "86400"]))
                time.sleep(0.05)  # it is in its cgroup by then
            return self._targets[name].pid

    def target_cgroup(self, name: str) -> Path:
        """The memory cgroup of a pod's process, which runs from now on."""
        self._target_pid(name)
        return self._cgroup / name

    def _inside(self, name: str, command: Sequence[str]) -> list[str]:
        """The command, run in the pod's cgroup."""
        script = 'echo 0 > "$0/cgroup.procs" && exec "$@"'
        return ["sh", "-c", script, str(self._cgroup / name), *command]

    def _say(self, connection: Handler, agent: subprocess.Popen[bytes], name: str) -> None:
        assert agent.stdout is not None
        with suppress(OSError):
            while data := os.read(agent.stdout.fileno(), 1 << 16):
                self._note(name, data)
                connection.frame(bytes([_STDOUT]) + data)
            agent.wait()
            connection.frame(bytes([_STATUS]) + json.dumps(_SUCCESS).encode())
            connection.wfile.write(close_frame())

    def _note(self, name: str, data: bytes) -> None:
        """Keep the moments of an agent's phases, by the clock of the machine."""
        for line in data.splitlines():
            if b'"type":"phase"' not in line:
                continue
            with suppress(ValueError):
                phase = json.loads(line)
                moments = {"baseline": self.began_ms, "release": self.released_ms}
                moments.get(phase["phase"], {})[name] = phase["time_ms"]


def _memory_root() -> Path:
    root = Path("/sys/fs/cgroup")
    return root / "memory" if (root / "memory").is_dir() else root


def _hear(connection: Handler, agent: subprocess.Popen[bytes]) -> None:
    """Pass on what the client says until it is gone: then the agent reads the end of its stdin."""
    assert agent.stdin is not None
    with suppress(OSError, ConnectionError):
        while True:
            opcode, payload = connection.read_frame()
            if opcode == CLOSE or payload[:1] == bytes([_CLOSED]):
                break
            if payload[:1] == bytes([_STDIN]):
                agent.stdin.write(payload[1:])
    with suppress(OSError):
        agent.stdin.close()


def _list(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"kind": "List", "metadata": {"resourceVersion": "1"}, "items": list(items)}


def _page(items: Sequence[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
    """As the API server gives a list in pages; the token says where the next one begins."""
    start = int(query.get("continue") or 0)
    end = start + int(query.get("limit") or len(items))
    page = _list(items[start:end])
    if end < len(items):
        page["metadata"]["continue"] = str(end)
    return page


def _json(body: dict[str, Any], code: int = 200) -> Answer:
    return Answer(code, json.dumps(body).encode())


@contextmanager
def fleet_of(count: int, per_node: int = 20) -> Iterator[tuple[FleetServer, Authority]]:
    """The server for the length of a block; everything it started ends with it."""
    authority = Authority("bench authority")
    identity = authority.issue("api server", "127.0.0.1", "localhost")
    server = FleetServer(identity, authority, count, per_node)
    try:
        yield server, authority
    finally:
        server.close()
