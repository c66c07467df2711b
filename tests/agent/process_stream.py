"""An exec as the client has one, whose process is a real one on this machine."""

from __future__ import annotations

import os
import select
import subprocess
from contextlib import suppress

from kubectl_stress.kube.exec.channels import Channel, ExecStatus
from kubectl_stress.kube.exec.stream import ExecStream


class ProcessStream(ExecStream):
    """Speaks with a process over its pipes, and ends with it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        # Without a socket there is nothing for the real constructor to do.
        self.ended = False
        self.status = None
        self.lost = None
        assert process.stdout is not None
        self._process, self._stdout = process, process.stdout

    def send(self, data: bytes) -> bool:
        stdin = self._process.stdin
        try:
            assert stdin is not None
            stdin.write(data)
            stdin.flush()
        except (OSError, ValueError):
            return False
        return not self.ended

    def receive(self, timeout: float) -> list[tuple[Channel, bytes]]:
        if self.ended or not select.select([self._stdout], [], [], timeout)[0]:
            return []
        data = os.read(self._stdout.fileno(), 65_536)
        if data:
            return [(Channel.STDOUT, data)]
        code = self._process.wait()
        self.close()
        self._stdout.close()
        # As a shell and the runtimes do: the signal, above 128.
        self.status, self.ended = ExecStatus(code if code >= 0 else 128 - code), True
        return []

    def close(self) -> None:
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(OSError):
                self._process.stdin.close()
