"""A credential plugin as a program of its own."""

import json
from pathlib import Path
from typing import Any

from kubectl_stress.kube.connection import ExecPlugin

V1 = "client.authentication.k8s.io/v1"


class Plugin:
    """A plugin that prints what a file says and writes down what it was told."""

    def __init__(self, folder: Path) -> None:
        self._answer, self._log, self._stdin = (folder / n for n in ("answer", "log", "stdin"))
        path = folder / "login"
        path.write_text(
            f"#!/bin/sh\ncat {self._answer}\nreadlink /proc/self/fd/0 > {self._stdin}\n"
            f'echo "$KUBERNETES_EXEC_INFO" >> {self._log}\n'
        )
        path.chmod(0o755)
        self.exec = ExecPlugin(str(path), (), (), V1, "IfAvailable", "", False)

    def answer(self, *, api_version: str = V1, **fields: object) -> None:
        self.print({"kind": "ExecCredential", "apiVersion": api_version, "status": fields})

    def print(self, document: object) -> None:
        self._answer.write_text(document if isinstance(document, str) else json.dumps(document))

    @property
    def progress(self) -> list[Any]:
        """The KUBERNETES_EXEC_INFO of each run."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [json.loads(line) for line in lines if line]

    def forget(self) -> None:
        """Forget the runs so far."""
        self._log.unlink(missing_ok=True)

    @property
    def stdin(self) -> str:
        return self._stdin.read_text().strip()
