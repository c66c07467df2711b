"""A cluster whose ephemeral containers are processes of this machine, each in a folder of its own.

What is /tmp in a container is that folder here, and so are the home and the working directory.
"""
# ruff: noqa: ARG002 - the arguments are those of the real methods

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kubectl_stress.kube.exec.stream import ExecStream
from kubectl_stress.kube.watch import Object
from tests.fakes.cluster import FakeCluster
from tests.fakes.process import ProcessStream

_FOLDERS = "/tmp /var/tmp /run"
_LOG = "/dev/termination-log"
# As a kubelet with containerd 2.4 and runc 1.1 says it.
NO_PROGRAM = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc "
    'create failed: unable to start container process: exec: "{}": executable file not found in '
    "$PATH: unknown"
)


class LocalContainer(FakeCluster):
    """`path` is its PATH; `place` stands for every folder that the scripts try."""

    def __init__(self, pod: Object, folder: Path, *, path: str = "", place: str = "") -> None:
        super().__init__(pod)
        self.folder, self._place = folder, place or str(folder)
        self._environ = {"PATH": path or os.environ["PATH"], "HOME": self._place}
        self.processes: dict[str, subprocess.Popen[bytes] | None] = {}

    def __enter__(self) -> "LocalContainer":
        return self

    def __exit__(self, *_unused: object) -> None:
        for process in self.processes.values():
            if process is not None:
                process.kill()
                process.wait()

    def add_ephemeral_container(
        self, namespace: str, pod_name: str, container: Mapping[str, Any], *, dry_run: bool = False
    ) -> Object:
        try:
            process = subprocess.Popen(
                self._here(container["command"]),
                cwd=self._place,
                env=self._environ,
                stdin=subprocess.DEVNULL,
            )
        except FileNotFoundError:
            process = None
        self.processes[container["name"]] = process
        return super().add_ephemeral_container(namespace, pod_name, container, dry_run=dry_run)

    def _added_statuses(self) -> list[Object]:
        return [
            {"spec": dict(spec), "status": {"name": spec["name"], "state": self._state(spec)}}
            for spec in self.added
        ]

    def _state(self, spec: Mapping[str, Any]) -> Object:
        process = self.processes[spec["name"]]
        if process is None:
            message = NO_PROGRAM.format(spec["command"][0])
            return {"terminated": {"reason": "StartError", "exitCode": 128, "message": message}}
        if process.poll() is None:
            return {"running": {}}
        log = self.folder / "termination-log"
        message = log.read_text() if log.exists() else ""
        ended = {"reason": "Error", "exitCode": process.returncode, "message": message}
        return {"terminated": ended}

    def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool = True,
    ) -> ExecStream:
        self.execs.append((container, list(command)))
        process = self.processes[container]
        assert process is not None
        return ProcessStream(
            self._here(command),
            cwd=Path(self._place),
            environ=self._environ,
            is_container_over=lambda: process.poll() is not None,
        )

    def _here(self, command: Sequence[str]) -> list[str]:
        log = str(self.folder / "termination-log")
        return [self._place if word == _FOLDERS else word.replace(_LOG, log) for word in command]
